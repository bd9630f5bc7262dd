"""The contenders of `benchmarks.caps.makespan`: each drives the same briefs against a sandbox of its own."""

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from benchmarks.caps import planner
from benchmarks.caps.planner import Others
from benchmarks.harness import ACCOUNT, Setup, call, processes, sandbox_process
from benchmarks.rivals import limited as stock
from benchmarks.rivals.polling import poll
from worker.store import embedded

LIMITS = {"jobs": planner.JOBS, "slots": 0, "create_per_minute": 5, "promote_per_minute": 5}


class Run(NamedTuple):
    """What a contender did: seconds of the API that it took, and the sandbox's ledger of its account."""

    seconds: float
    ledger: Any

    @property
    def ready(self) -> int:
        """How many identities can be used."""
        return sum(each["preprocessing_status"] == "completed" for each in self.ledger["identities"])

    @property
    def violations(self) -> int:
        """How often a cap was passed, or a request sent that could only be refused."""
        peaks = [
            peak["accepted"] > planner.PER_WINDOW for peak in self.ledger["most_requests_in_60_s"].values()
        ]
        over = self.ledger["max_jobs_in_flight"] > planner.JOBS
        return int(sum(self.ledger["violations"].values()) + sum(peaks) + over)

    @property
    def refused(self) -> int:
        """How many responses of 429 there were."""
        return sum(answers.get("429", 0) for answers in self.ledger["requests"].values())


def body(number: int) -> dict[str, Any]:
    """Return the request of a brief.

    Every option is given: our worker would add those that are not, and its jobs would be other draws.
    """
    instruction = {
        "appearance": {"age": 20 + number % 40},
        "num_variations": 1,
        "options": {"size": "2K", "ar": "3:4", "format": "jpg"},
    }
    options = {"model": "auto", "add_ai_watermark": False}
    return {"name": f"Face {number}", "instructions": [instruction], "options": options}


def ours(
    briefs: int, settings: dict[str, Any], speed: float, patience: float, others: Sequence[Others] = ()
) -> Run:
    """Drive the briefs by our worker and listener, for `patience` seconds at the most."""
    bodies = [{"brief_id": f"makespan-{uuid4().hex}", **body(number)} for number in range(briefs)]
    with processes(speed, LIMITS, **settings) as setup:
        began = time.monotonic()
        threading.Thread(target=use, args=(setup, others, began, speed), daemon=True).start()
        setup.enqueue(bodies)
        with suppress(TimeoutError):  # what is not finished then is counted as lost
            setup.wait_finished(briefs, deadline=patience)
        return ended(setup.api_url, time.monotonic() - began, speed)


def use(setup: Setup, others: Sequence[Others], began: float, speed: float) -> None:
    """Let others use the account: as many of its jobs fewer may then be begun."""
    changes = [(each.begin, -each.jobs) for each in others] + [(each.end, each.jobs) for each in others]
    cap = planner.JOBS
    for at, more in sorted(changes):
        time.sleep(max(0.0, began + at / 1000 / speed - time.monotonic()))
        cap += more
        with suppress(OSError):  # the run is over
            setup.control("POST", "settings", {"jobs_cap": cap})


def polling(briefs: int, settings: dict[str, Any], speed: float) -> Run:
    """Drive the briefs by a plain client."""
    return _rival(briefs, settings, speed, lambda url, bodies: poll(url, speed, bodies))


def limited(briefs: int, settings: dict[str, Any], speed: float, patience: float) -> Run:
    """Drive the briefs by stock Dramatiq, for `patience` seconds at the most."""
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as redis_url:
        return _rival(
            briefs,
            settings,
            speed,
            lambda url, bodies: stock.limited(url, speed, bodies, redis_url, patience),
        )


def _rival(
    briefs: int, settings: dict[str, Any], speed: float, drive: Callable[[str, list[Any]], object]
) -> Run:
    with sandbox_process(speed, **settings) as url:
        began = time.monotonic()
        drive(url, [body(number) for number in range(briefs)])
        return ended(url, time.monotonic() - began, speed)


def ended(url: str, seconds: float, speed: float) -> Run:
    """Return what a contender did that has taken so many seconds of the wall."""
    ledger = call("GET", f"{url}/_sandbox/ledger?account={ACCOUNT}")
    return Run(seconds * speed, ledger["accounts"][ACCOUNT])
