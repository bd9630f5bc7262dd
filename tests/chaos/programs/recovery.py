"""How long after a kill -9 the killed one's work goes on elsewhere, of a worker and of a listener.

    python -m tests.chaos.programs.recovery [TIMES]

Two of each run with the settings of production, the timers' among them. A worker is killed in the middle of
a step, a call of the API that is not answered; its work goes on when another worker has made the call. A
listener is killed that follows the account; its work goes on when the account has a stream again. Promised:
within 10 seconds. The last line is one JSON object; exits 1 when one took longer.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from benchmarks.harness import UNLIMITED
from config import keys
from tests.chaos.harness.fleet import Member
from tests.chaos.harness.world import LIMITS, World, world

T = TypeVar("T")

TIMES = 20
ACCOUNT = "account-0"
PROMISED = 10.0
#: Seconds after which something that must come is given up.
PATIENCE = 60.0
#: Jobs that are done soon, and no cap of requests: the clocks run as in production.
API: dict[str, Any] = {
    "drafts_median_seconds": 0.5,
    "preprocessing_median_seconds": 0.5,
    "not_found_seconds": 0,
    "create_per_minute": 1_000,
    "promote_per_minute": 1_000,
}
#: Seconds for which the step's call is not answered: longer than it takes to be taken over.
UNANSWERED = 25


def main(times: int) -> int:
    """Measure and print both; return the exit code."""
    with world(
        accounts=1, speed=1, timeout=30, workers=2, listeners=2, limits=UNLIMITED | LIMITS, **API
    ) as made:
        seconds = {
            "worker": [_kill_worker(made, number) for number in range(times)],
            "listener": [_kill_listener(made) for _ in range(times)],
        }
    result = {
        role: {
            "median_s": round(statistics.median(taken), 2),
            "worst_s": round(max(taken), 2),
            "times": times,
        }
        for role, taken in seconds.items()
    }
    print(json.dumps({**result, "promised_s": PROMISED}))
    return 0 if all(max(taken) <= PROMISED for taken in seconds.values()) else 1


def _kill_worker(made: World, number: int) -> float:
    """Kill the one worker that can have taken the step; the other is frozen until it has."""
    client = made.store.client
    victim, other = made.fleet.of("worker")[:: 1 if number % 2 else -1]
    brief = f"recovery-{number}"
    made.control("POST", "faults", {"kind": "delay", "path": "/jobs/*/results", "seconds": UNANSWERED})
    other.freeze()
    made.send({"brief_id": brief, "name": brief, "account": ACCOUNT, "instructions": [{"prompt": "A face."}]})
    _wait(lambda: _fault_has_struck(made))
    other.thaw()
    victim.kill()
    began = time.monotonic()
    _wait(lambda: any(view.brief_id == brief and view.drafts for view in made.briefs()))
    taken = time.monotonic() - began
    _wait(lambda: client.zscore(keys.FINISHED(), brief) and client.zcard(keys.WORKERS()) == 2)
    return taken


def _fault_has_struck(made: World) -> bool:
    return not made.control("GET", "faults")


def _kill_listener(made: World) -> float:
    """Kill the listener whose stream it is, once the other one is up."""
    victim = _wait(lambda: next(filter(lambda each: _follows(made, each), made.fleet.of("listener")), None))
    _wait(lambda: _redis_connections(made) >= 2)
    assert victim is not None
    victim.kill()
    began = time.monotonic()
    _wait(lambda: _streams(made) == 0)
    _wait(lambda: _streams(made) == 1)
    return time.monotonic() - began


def _streams(made: World) -> int:
    account = made.ledger()["accounts"][made.accounts[ACCOUNT]]
    return int(account["open_streams"])


def _follows(made: World, listener: Member) -> bool:
    """Whether a listener has a connection to the API: one without a lease has none."""
    return _is_connected(listener.pid, urlsplit(made.api_url).port or 0)


def _redis_connections(made: World) -> int:
    """How many of the listeners have reached Redis."""
    port = urlsplit(made.store.url).port or 0
    return sum(_is_connected(listener.pid, port) for listener in made.fleet.of("listener"))


def _is_connected(pid: int, port: int) -> bool:
    """Whether a process has a connection to a port of this machine (proc(5), /proc/net/tcp)."""
    try:
        links = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:  # it has just ended, or closed one
        return False
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = "01"
    return any(
        row[3] == established and int(row[2].rpartition(":")[2], 16) == port and f"socket:[{row[9]}]" in links
        for row in rows
    )


def _wait(condition: Callable[[], T]) -> T:
    until = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > until:
            raise TimeoutError(f"not within {PATIENCE} s: {condition}")
        time.sleep(0.02)
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else TIMES))
