"""The same briefs under the same caps by our commands and by a pool of threads: what has become of them.

Both have a sandbox of their own with the same seed, so the same jobs. In one regime the jobs bind, in the
other the requests do (benchmarks/caps/makespan.py).
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.caps import contenders
from benchmarks.caps.contenders import LIMITS, Run
from benchmarks.caps.makespan import REGIMES, ROOM
from benchmarks.frame.report import Figure
from benchmarks.harness import processes, sandbox_process
from benchmarks.many.commands import command, run

SPEED = 60.0
#: How our `wait` and their pool may end.
ENDS = (0, 1, 3, 4)


def measure(folder: Path, briefs: int) -> dict[str, Figure]:
    """Drive so many briefs both ways in each regime."""
    bodies = [contenders.body(number) for number in range(briefs)]
    file = folder / "bodies.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in bodies), encoding="utf-8")
    figures: dict[str, Figure] = {}
    for regime in REGIMES:
        # They spend their time asleep, so they run side by side.
        with ThreadPoolExecutor() as threads:
            ours, pool = (threads.submit(drive, file, regime) for drive in (drive_ours, drive_pool))
        figures |= _figures(regime, briefs, ours.result(), pool.result())
    return figures


def drive_ours(file: Path, regime: str) -> tuple[int, Run]:
    """Drive the briefs of a file by our commands; return how `wait` has ended."""
    with processes(SPEED, LIMITS, **_sandbox(regime)) as setup:
        given = {"REDIS_URL": setup.ground.redis_url, "PIKTID_API_TOKEN": "none is needed"}
        sent = command(given, "enqueue", str(file), "--batch", "beside")
        waited = command(given, "wait", "--batch", "beside", ends=ENDS)
        return waited.code, contenders.ended(setup.api_url, sent.seconds + waited.seconds, SPEED)


def drive_pool(file: Path, regime: str) -> tuple[int, Run]:
    """Drive them by the pool of threads; return how it has ended."""
    with sandbox_process(SPEED, **_sandbox(regime)) as url:
        pool = run([sys.executable, "-m", "benchmarks.rivals.pool", url, str(SPEED), str(file)], {}, ENDS)
        return pool.code, contenders.ended(url, pool.seconds, SPEED)


def _sandbox(regime: str) -> dict[str, Any]:
    return {**ROOM, **REGIMES[regime]}


def _figures(regime: str, briefs: int, ours: tuple[int, Run], pool: tuple[int, Run]) -> dict[str, Figure]:
    (our_code, our), (their_code, their) = ours, pool

    def beside(mine: float, theirs: float, unit: str) -> Figure:
        return Figure(mine, unit, {"pool": theirs})

    return {
        f"{regime}_bind_finished": beside(our.ready, their.ready, "briefs"),
        f"{regime}_bind_failed": beside(briefs - our.ready, briefs - their.ready, "briefs"),
        f"{regime}_bind_429": beside(our.refused, their.refused, "answers"),
        f"{regime}_bind_exit_code": beside(our_code, their_code, "exit code"),
        f"{regime}_bind_seconds": beside(our.seconds, their.seconds, "s of the API"),
    }
