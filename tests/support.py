"""What the tests share: a small brief, waiting for something, what is on record and on the stream."""

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import redis
from hypothesis import HealthCheck, settings

from config import keys
from sandbox.account.dialects import DialectName
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record
from worker.views.event_schemas import DATA

T = TypeVar("T")
#: The suite's modes (`make test-dialects`): the dialect that the sandbox speaks, and how its events come.
DIALECT = cast(DialectName, os.environ.get("IDENTITY_WORKER_TEST_DIALECT", "guide"))
EVENTS = os.environ.get("IDENTITY_WORKER_TEST_EVENTS", "sse")
#: Clocks of the sandbox, and those of the API in the worker, run so many times faster.
SPEED = 200.0
#: Seconds that anything may take before a test gives up: many, as it costs nothing where all is well.
DEADLINE = 60.0
#: The type of the event that tells of an event stream of which nothing comes.
STALLED = "identity.account.stream.stalled"
ROOT = Path(__file__).parent.parent
BODY: dict[str, Any] = {
    "instructions": [{"appearance": {"gender": "female", "age": 28}, "num_variations": 2}],
    "name": "Spring catalog model",
}


def pytest_sessionstart() -> None:
    """Have Hypothesis draw the same in every run, however slow the machine.

    `make test-long` and `make fuzz` draw anew.
    """
    settings.register_profile(
        "project",
        derandomize=not {"IDENTITY_WORKER_TEST_STEPS", "IDENTITY_WORKER_TEST_EXAMPLES"} & os.environ.keys(),
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("project")


def brief(**fields: Any) -> dict[str, Any]:
    """Return a small valid brief with these fields set."""
    return {**BODY, **fields}


def everything(client: "redis.Redis") -> dict[str, Any]:
    """Return all that a Redis holds, but when its libraries were used, and its processes' signs of life.

    Both are written beside all else, whenever it is their time.
    """
    passing = (keys.LIBRARIES(), keys.SIGNS())
    return {name: client.dump(name) for name in map(str, client.scan_iter()) if name not in passing}


def eventually(client: "redis.Redis", condition: Callable[[], T], deadline: float = DEADLINE) -> T:
    """Return the first truthy value of `condition`, asked again at each event and every few milliseconds.

    Raises AssertionError after `deadline` seconds.
    """
    end = time.monotonic() + deadline
    last = "0"
    while time.monotonic() < end:
        if value := condition():
            return value
        streams: Any = client.xread({keys.EVENTS(): last}, block=20)
        last = streams[0][1][-1][0] if streams else last
    raise AssertionError(f"not within {deadline} s: {condition}")


def stored(ledger: Ledger, subject: str = "brief:b") -> Record:
    """Return a record as its step would read it, which must be there."""
    found = ledger.read(subject)
    assert found is not None, f"{subject} is not on record"
    return found


def events(
    client: "redis.Redis", brief_id: str | None = None, *, stalls: bool = False
) -> list[dict[str, Any]]:
    """Return the events for downstream, of one brief or of all, oldest first; each is as its type says.

    Only with `stalls` those of an event stream of which nothing comes: at the speed of the tests one tells of
    it wherever this machine has no time for a listener for a second.
    """
    entries: Any = client.xrange(keys.EVENTS())
    decoded = [json.loads(fields["event"]) for _, fields in entries]
    for event in decoded:
        DATA[event["type"]].model_validate(event["data"])
    told = [event for event in decoded if stalls or event["type"] != STALLED]
    return [event for event in told if brief_id in (None, event["data"]["brief_id"])]


def event_types(client: "redis.Redis", brief_id: str | None = None, *, stalls: bool = False) -> list[str]:
    """Return the types of `events`."""
    return [event["type"] for event in events(client, brief_id, stalls=stalls)]


def outlasting(call: Callable[[], object]) -> list[redis.RedisError]:
    """Call until it succeeds, as whoever meets an outage does; return what it had raised."""
    errors = []
    end = time.monotonic() + DEADLINE
    while True:
        try:
            call()
        except redis.RedisError as error:
            errors.append(error)
            assert time.monotonic() < end, errors[-1]
            time.sleep(0.02)
        else:
            return errors


def has_ipv6() -> bool:
    """Return whether this machine has its own IPv6 address."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
