"""The checks of `doctor` on the queues: whether every message is where a worker will find it."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from actors.broker import commands
from actors.broker.library import broker_library
from config import durations, keys
from config.text import counted
from worker.operations.doctor import Check, Health
from worker.store.functions import Functions
from worker.store.namespaces import namespace_of, put_before

if TYPE_CHECKING:
    import redis

_DELAYED = f"{keys.INLET}.DQ"


def queues(client: "redis.Redis") -> Iterator[Check]:
    """Check that each message is in its list, in a worker's hands or delayed, and none where nobody reads."""
    for queue in (keys.INLET, _DELAYED, keys.STEPS):
        yield _entries(client, queue)
    yield _put_aside(client)
    yield _delayed(client)


def _entries(client: "redis.Redis", queue: str) -> Check:
    number, ids = _lost(client, queue)
    if number > 0:
        time.sleep(durations.MISSING_AGAIN_SECONDS)
        again, still = _lost(client, queue)
        number, ids = min(number, again), [each for each in ids if each in still]
    name = f"queue {queue}"
    if number < 0:
        told = "list, messages and hands were not compared: there are too many"
        return Check(name, Health.OK, told)
    if not ids:
        return Check(name, Health.OK, "each message is in its list, in a worker's hands or put off")
    told = f"{counted(number, 'message')} in no list and in nobody's hands: {', '.join(ids)}"
    full, each = put_before(namespace_of(client), keys.QUEUE(queue)), "ID"
    remedy = f"`RPUSH {full} {each}` has one run, `HDEL {full}.msgs {each}` forgets it"
    # A missing step is sent again by its timer.
    return Check(name, Health.WARN if queue == keys.STEPS else Health.FAIL, told, remedy)


def _lost(client: "redis.Redis", queue: str) -> tuple[int, list[str]]:
    functions = Functions(client, broker_library())
    number, ids = functions.run(commands.survey(queue, _workers(client, queue)))
    return number, [each[:60] for each in ids]


def _workers(client: "redis.Redis", queue: str) -> list[str]:
    """Return those workers with messages in hand whose death is noticed; those of others are lost."""
    pattern = keys.IN_HAND("*", queue)
    before, after = pattern.split("*")
    found = []
    for key in map(str, client.scan_iter(pattern, count=1_000)):
        worker = key.removeprefix(before).removesuffix(after)
        scores = [client.zscore(each, worker) for each in (keys.WORKERS(), keys.HEARTBEATS())]
        if scores != [None, None]:
            found.append(worker)
    return found


def _put_aside(client: "redis.Redis") -> Check:
    number = client.llen(keys.DEAD_LETTERS_BEYOND())
    if not number:
        return Check("put aside", Health.OK, "nothing")
    told = f"{counted(number, 'entry', 'entries')} of the inlet found no room among the dead letters"
    remedy = "retry or cancel dead letters: they come back once half of them are gone"
    return Check("put aside", Health.FAIL, told, remedy)


def _delayed(client: "redis.Redis") -> Check:
    number = client.zcard(keys.DELAYED()) + client.llen(keys.QUEUE(_DELAYED))
    unread = client.llen(keys.QUEUE(f"{keys.STEPS}.DQ"))
    if unread:
        told = f"{counted(unread, 'step')} in {keys.STEPS}.DQ, which nobody reads"
        return Check("delayed", Health.WARN, told, "steps can't be delayed: find out who sends them")
    told = f"{counted(number, 'brief waits', 'briefs wait')} until it is due" if number else "no brief"
    return Check("delayed", Health.OK, told)
