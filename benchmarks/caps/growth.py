"""Whether one account's decision grows dearer with the number of accounts, or of briefs that wait.

    python -m benchmarks.caps.growth [--accounts 1000] [--waiting 10000]     for its goals: 100000 of each

`handover` is the call by which a finished job's permit goes to the next waiter; `admit` is a decision that
finds nobody who may start. Medians of the microseconds in the server itself, which has no persistence here:
what is measured is the functions. `read` is an HGETALL of each of twenty records, which tells what the memory
of a larger Redis costs without any rule of ours. The ratios are those of the largest number to the smallest,
which is one account, and 10 briefs that wait. The smallest is measured before and
after; the better of the two counts.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import redis

from benchmarks.caps import server_times
from benchmarks.caps.virtual import Simulation, admission
from benchmarks.frame.report import Figure, report
from benchmarks.harness import SEED
from config import keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.ledger.transition import Transition
from worker.store import embedded
from worker.store.functions import Functions

ACCOUNTS, WAITING = 1_000, 10_000
#: The smallest numbers; with many accounts, few briefs wait on each.
FEW_WAITING, WAITING_EACH = 10, 2
#: Seconds that the server may take over one answer: to forget a million briefs is one, too.
PATIENCE = 120.0
JOBS = 5
#: Calls that are timed of each kind.
CALLS = 1_000
TOGETHER = 1_000
#: Records that are read together: one takes the server too few microseconds to be counted.
RECORDS = 20
HOUR = 3_600_000


class Clocks:
    """The times of one kind of call, microseconds."""

    def __init__(self) -> None:
        self.server: list[float] = []
        self.client: list[float] = []

    def time(self, client: "redis.Redis", call: Callable[[], object], command: str = "fcall") -> None:
        """Make one call, which must be the only one of a script, or all of a command, and time it."""
        before, began = server_times.spent(client, command), time.perf_counter()
        call()
        self.client.append((time.perf_counter() - began) * 1e6)
        self.server.append(server_times.spent(client, command) - before)

    def figures(self) -> dict[str, dict[str, float]]:
        """Return the percentiles."""
        return {
            "server_us": server_times.percentiles(self.server),
            "client_us": server_times.percentiles(self.client),
        }


def main(accounts: int, waiting: int) -> dict[str, Any]:
    """Measure at the smallest and the largest numbers, and tell the ratios."""
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as url:
        client = redis.Redis.from_url(url, decode_responses=True, socket_timeout=PATIENCE)
        client.config_set("appendonly", "no")
        figures = {
            **_grown(f"{accounts}_accounts", [measure(client, n, WAITING_EACH) for n in (1, accounts, 1)]),
            **_grown(
                f"{waiting}_waiting", [measure(client, 1, n) for n in (FEW_WAITING, waiting, FEW_WAITING)]
            ),
        }
    return report("growth", figures, accounts=accounts, waiting=waiting)


def _grown(most: str, sizes: list[dict[str, Any]]) -> dict[str, Figure]:
    figures = {}
    for call in ("handover", "admit", "read"):
        before, many, after = (each[call]["server_us"]["median"] for each in sizes)
        figures[f"{call}_growth_to_{most}"] = Figure(many / min(before, after), "to the smallest")
        figures[f"{call}_us_at_{most}"] = Figure(many, "µs")
    return figures


def measure(client: "redis.Redis", accounts: int, waiting: int) -> dict[str, Any]:
    """Return the times of `handover` and `admit`, of so many accounts with so many waiting briefs each."""
    client.flushall()
    simulation = _fill(client, accounts, waiting)
    functions = Functions(client, ledger_library(Settings(speed=1)))
    chance = random.Random(SEED)
    handover, admit, read = Clocks(), Clocks(), Clocks()
    for number in range(CALLS):
        account = f"a{chance.randrange(accounts)}"
        simulation.accept(f"more-{number}", account, f"more-{number // 10}")
        simulation.flush()
        done: Any = client.zrange(keys.PERMITS(account), 0, 0)
        free = partial(functions.run, commands.advance(done[0], Transition("choosing")), simulation.now)
        some = [f"brief:b{chance.randrange(accounts * (waiting + JOBS))}" for _ in range(RECORDS)]
        read.time(client, partial(_read, client, some), "hgetall")
        admit.time(client, partial(functions.run, admission(account), simulation.now))
        handover.time(client, free)
        # Drafts that nobody chooses from would hold more slots with each round.
        functions.run(commands.advance(done[0], Transition("cancelled")), simulation.now)
        simulation.settle()
    return {"handover": handover.figures(), "admit": admit.figures(), "read": read.figures()}


def _read(client: "redis.Redis", subjects: Sequence[str]) -> None:
    with client.pipeline(transaction=False) as pipe:
        for subject in subjects:
            pipe.hgetall(keys.RECORD(subject))
        pipe.execute()


def _fill(client: "redis.Redis", accounts: int, waiting: int) -> Simulation:
    """Let every account have all its jobs in flight and so many briefs that wait, in batches of ten."""
    with client.pipeline(transaction=False) as pipe:
        for number in range(accounts):
            # Only the jobs bind: a window would be full after five handovers in the same minute.
            pipe.hset(keys.RECORD(f"account:a{number}"), "create_per_minute", str(100 * CALLS))
        pipe.execute()
    simulation = Simulation(client, takes=lambda _: HOUR)
    for number in range(accounts * (waiting + JOBS)):
        account, turn = number % accounts, number // accounts
        simulation.accept(f"b{number}", f"a{account}", f"batch{turn // 10}-{account}")
        if number % TOGETHER == 0:
            simulation.flush()
    simulation.flush()
    simulation.settle()
    return simulation


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Whether a decision grows dearer.")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--waiting", type=int, default=WAITING)
    main(**vars(parser.parse_args()))
