"""The price of syncing at every write: one brief put on record, in milliseconds, under both choices.

    python -m benchmarks.fsync [--briefs 2000]

Both servers run at once on the same disk and take turns, so that a slow moment counts for both.
Alone: one client, one call after the other. Together: eight at once, as many as a worker has threads.
"""

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

from benchmarks.frame.report import Figure, report
from benchmarks.harness import ACCOUNT
from config.settings import Fsync, Settings
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefAccepted
from worker.ledger.ledger import Ledger
from worker.ledger.records import inside
from worker.store import embedded
from worker.store.connection import connect

BRIEFS = 2_000
TURNS = 10
TOGETHER = 8


def main(briefs: int) -> dict[str, Any]:
    """Measure both in turns and tell the medians of the turns."""
    taken: dict[str, list[float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd())))
        ledgers = {}
        for fsync in get_args(Fsync):
            url = stack.enter_context(embedded.running(folder / fsync, fsync))
            ledgers[fsync] = Ledger(stack.enter_context(connect(url)), Settings())
        pool = stack.enter_context(ThreadPoolExecutor(TOGETHER))
        for turn in range(TURNS):
            for fsync, ledger in ledgers.items():
                names = [f"{turn}-{number}" for number in range(briefs // TURNS)]
                taken.setdefault(f"{fsync}_alone_ms", []).append(_alone(ledger, names))
                taken.setdefault(f"{fsync}_together_ms", []).append(_together(ledger, names, pool))
    medians = {name: statistics.median(each) for name, each in taken.items()}
    figures = {
        f"{way}_ms": Figure(
            medians[f"always_{way}_ms"], "ms a brief", {"everysec": medians[f"everysec_{way}_ms"]}
        )
        for way in ("alone", "together")
    }
    return report("fsync", figures, briefs=briefs)


def _alone(ledger: Ledger, names: list[str]) -> float:
    """Return the milliseconds of one brief, one after the other."""
    began = time.perf_counter()
    for name in names:
        _accept(ledger, f"alone-{name}")
    return (time.perf_counter() - began) / len(names) * 1000


def _together(ledger: Ledger, names: list[str], pool: ThreadPoolExecutor) -> float:
    """Return the milliseconds for each brief, several at once."""
    began = time.perf_counter()
    for _ in pool.map(lambda name: _accept(ledger, f"together-{name}"), names):
        pass
    return (time.perf_counter() - began) / len(names) * 1000


def _accept(ledger: Ledger, brief_id: str) -> None:
    fields = {"need": "1", "envelope": inside({"brief_id": brief_id})}
    event = BriefAccepted(instructions=1, variations=1, notes=[])
    ledger.accept(Arrival(brief_id, ACCOUNT, None, 0, fields, event))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The price of syncing at every write.")
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    main(**vars(parser.parse_args()))
