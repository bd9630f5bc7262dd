"""A server that goes back to what it held before, as a replica that was behind or a copy does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from stepping import Flow, listening

from config import keys
from config.accounts.names import DEFAULT
from worker.ledger.records import account_subject

Copy = dict[str, tuple[int, Any]]


def copy_of(client: "redis.Redis") -> Copy:
    """Return all that a server holds: of each key, how long it lives and what is in it."""
    pool = client.connection_pool.connection_kwargs
    with redis.Redis(host=pool["host"], port=pool["port"], db=0) as raw:
        return {name: (max(raw.pttl(name), 0), raw.dump(name)) for name in raw.scan_iter()}


def put_back(client: "redis.Redis", copy: Copy) -> None:
    """Let a server hold that again, and nothing else."""
    pool = client.connection_pool.connection_kwargs
    with redis.Redis(host=pool["host"], port=pool["port"], db=0) as raw:
        raw.flushdb()
        for name, (lives, text) in copy.items():
            raw.restore(name, lives, text)


def past(flow: Flow) -> dict[str, str]:
    """Return what is on record of the account's unknown past."""
    fields: Any = flow.client.hgetall(keys.RECORD(account_subject(DEFAULT)))
    return {name: text for name, text in fields.items() if name.startswith("past")}


@contextmanager
def listened(flow: Flow) -> Iterator[None]:
    """Run a listener for the length of the block."""
    assert flow.settings.redis_url is not None
    with listening(flow.settings, flow.api, flow.settings.redis_url.get_secret_value()):
        yield


def finish(flow: Flow, *brief_ids: str) -> list[str]:
    """Run steps and timers until briefs are finished, and what is left of steps; return their states."""
    with listened(flow):
        states = [flow.finish(each).state for each in brief_ids]
    while flow.client.llen(keys.QUEUE(keys.STEPS)):  # one may have been sent twice
        flow.steps.run()
    return states


def look_back(flow: Flow) -> None:
    """Let the time be over in which what was forgotten may still make jobs, and look for them."""
    flow.client.hincrby(keys.RECORD(account_subject(DEFAULT)), "past_until", -100_000_000)
    flow.wake_timer(f"past:{DEFAULT}")
    flow.steps.until(lambda: "past_since" not in past(flow))
