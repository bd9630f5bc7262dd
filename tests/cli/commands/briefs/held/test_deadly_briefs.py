"""A brief that kills its workers is started three times and held; what waited beside it is not."""

import json
from typing import Any

import pytest
import redis
from commandline import Command
from held_briefs import at, listed, state
from processes import ProcessFactory, RunningProcess, worker_command
from stepping import Flow, enqueue, listening
from support import DEADLINE, eventually

from actors.broker.broker import Broker
from actors.broker.library import MOST_DEATHS
from config import keys

pytestmark = pytest.mark.impatient

SUBJECT = "brief:b"


def restarted(start: ProcessFactory, workers: list[RunningProcess], **more: str) -> None:
    """Start another worker when the last has died, as a supervisor would."""
    if not workers or workers[-1].process.poll() is not None:
        workers.append(start(**more))


@pytest.mark.story
def test_a_brief_that_kills_its_worker_is_started_three_times_and_held(
    command: Command, flow: Flow, redis_url: str, broken_worker: ProcessFactory
) -> None:
    neighbours = [f"n{number}" for number in range(3)]
    briefs = [*neighbours[:2], "b", neighbours[2]]
    for brief_id in briefs:
        flow.accept(brief_id=brief_id)
        flow.steps.run()
    flow.api.rest()
    for brief_id in briefs:
        flow.wake_timer(f"brief:{brief_id}")
    workers: list[RunningProcess] = []

    def is_held() -> bool:
        if state(flow.ledger) == "held":
            return True
        restarted(broken_worker, workers, POISON=f"{SUBJECT} generating")
        return False

    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, is_held, deadline=2 * DEADLINE)
        # Until a death is noticed, an event or the timer may have sent the step to one worker more.
        assert MOST_DEATHS < len(workers) <= 2 * MOST_DEATHS
        # What a worker died with is remembered until it has run: so have the steps of the neighbours.
        assert eventually(flow.client, lambda: not flow.client.exists(keys.DEATHS()))
    (held,) = listed(command)["held"]
    assert held["brief_id"] == "b"
    deaths = held["evidence"]["deaths"]
    assert MOST_DEATHS <= len(deaths) <= len(workers)
    assert [set(death) for death in deaths] == [{"at", "worker"}] * len(deaths)
    assert len({death["worker"] for death in deaths}) == len(deaths)
    assert "workers died while it ran" in held["question"]
    assert flow.api.requests("POST /identity/create") == len(briefs)
    assert eventually(
        flow.client, lambda: not flow.client.exists(keys.DEAD_LETTER_REASONS(), keys.DEAD_LETTERS(keys.STEPS))
    )


def test_what_waits_for_a_thread_is_not_suspected_of_the_killing(
    flow: Flow, redis_url: str, start: ProcessFactory
) -> None:
    client = flow.client
    at(flow, "drafts")
    flow.api.hold("/jobs/*/results")
    only = {"IDENTITY_WORKER_THREADS": "1", "IDENTITY_WORKER_REQUEST_TIMEOUT": "60"}
    worker = start("worker", worker_command(threads=1), **only)
    assert eventually(client, lambda: list(client.scan_iter(keys.IN_HAND("*", keys.STEPS))))
    enqueue(redis_url, brief_id="waits")
    seen = signs_of_life(client)
    # By two of them, its consumers have looked for what there is.
    for _ in range(2):
        assert eventually(client, lambda seen=seen: signs_of_life(client) != seen)
        seen = signs_of_life(client)
    worker.kill()
    client.zadd(keys.WORKERS(), dict.fromkeys(seen, 1))
    other = Broker(redis_url, prefetch=1)
    other.tend()
    assert client.hkeys(keys.DEATHS()) == [f"collect_drafts {SUBJECT}"]
    other.client.close()


def signs_of_life(client: "redis.Redis") -> dict[str, float]:
    found: Any = client.zrange(keys.WORKERS(), 0, -1, withscores=True)
    return dict(found)


def test_of_what_a_worker_died_with_each_gets_one_at_a_time(client: "redis.Redis", redis_url: str) -> None:
    dead, alive = Broker(redis_url, prefetch=8), Broker(redis_url, prefetch=8)
    for number in range(3):
        client.hset(keys.MESSAGES(keys.STEPS), f"m{number}", step(f"brief:{number}"))
        client.rpush(keys.QUEUE(keys.STEPS), f"m{number}")
    dead.tend()
    assert len(dead.fetch(keys.STEPS, 8)) == 3
    client.zadd(keys.WORKERS(), {dead.broker_id: 1})
    alive.tend()
    client.hset(keys.MESSAGES(keys.STEPS), "new", step("brief:new"))
    client.rpush(keys.QUEUE(keys.STEPS), "new")
    taken = [redis_id for redis_id, *_ in alive.fetch(keys.STEPS, 8)]
    assert len(taken) == 2
    assert "new" in taken
    assert alive.fetch(keys.STEPS, 8) == []
    assert client.llen(keys.QUEUE(keys.STEPS)) == 2
    suspect = next(each for each in taken if each != "new")
    alive.clear(suspect)
    alive.do_ack(keys.STEPS, suspect)
    assert client.hlen(keys.DEATHS()) == 2
    assert len(alive.fetch(keys.STEPS, 8)) == 1
    for broker in (dead, alive):
        broker.client.close()


def step(subject: str) -> str:
    whole = {
        "queue_name": "steps", "actor_name": "submit_brief", "args": [subject], "kwargs": {}, "options": {},
        "message_id": subject, "message_timestamp": 0,
    }  # fmt: skip
    return json.dumps(whole)
