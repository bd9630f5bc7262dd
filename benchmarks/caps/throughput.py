"""How many permits are granted and given back a second, beside two well-known locks on the same server.

    python -m benchmarks.caps.throughput [--seconds 1] [--rounds 3] [--clients 1 4]

Of the permits, a pair is a granted brief's move to `submitting` and its way back, which frees the permit,
decides who is next, and grants it: record, timer, message and window are written as in production, and all
limits are in force. Of redis-py's Lock and of Dramatiq's ConcurrentRateLimiter a pair is acquire and release;
each client has a Lock of its own, so nobody ever waits, and the limiter admits 5. `admits` are decisions
alone, of accounts whose permits are all held while 100 briefs wait. From 1 and 4 client processes; with the
server as it is deployed, each write synced to disk, and without persistence. The rounds of all contenders
alternate; the medians are told.
"""

import argparse
import itertools
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends import RedisBackend

from benchmarks.caps.virtual import admission
from benchmarks.frame.report import Figure, report
from config.settings import Settings
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefAccepted
from worker.ledger.ledger import Ledger
from worker.ledger.library import ledger_library
from worker.ledger.records import brief_subject
from worker.ledger.transition import Answer, Completion, Transition
from worker.store import embedded
from worker.store.connection import connect, connect_bytes
from worker.store.functions import Functions

CLIENTS = [1, 4]
ROUNDS, SECONDS = 3, 1.0
WAITING = 100

Cycle = Callable[[], object]


def permits(url: str, number: int) -> Cycle:
    """Grant and give back a permit of one account that all clients share."""
    ledger = Ledger(connect(url), Settings(speed=1))
    brief_id = f"pair-{number}"
    _accept(ledger, brief_id, "pairs")
    record = ledger.read(brief_subject(brief_id))
    if record is None:
        raise RuntimeError(f"{brief_id} is not on record")

    attempts = itertools.count(record.attempt)

    def pair() -> None:
        granted = replace(record, fields={**record.fields, "grants": str(next(attempts))})
        begun = ledger.apply(granted, Transition("submitting", timer_ms=45_000))
        given_back = ledger.apply(granted, Transition("waiting", completion=Completion.NEVER_LEFT))
        if (begun, given_back) != (Answer.APPLIED, Answer.APPLIED):
            raise RuntimeError(f"a pair was answered {begun}, {given_back}")

    return pair


def lock(url: str, number: int) -> Cycle:
    """Acquire and release redis-py's Lock, under a name of the client's own."""
    mutex = connect_bytes(url).lock(f"lock-{number}", timeout=10)

    def pair() -> None:
        mutex.acquire()
        mutex.release()

    return pair


def limiter(url: str, _number: int) -> Cycle:
    """Acquire and release Dramatiq's limiter of 5."""
    backend = RedisBackend(client=connect_bytes(url))
    shared = ConcurrentRateLimiter(backend, "limiter", limit=5)

    def pair() -> None:
        with shared.acquire():
            pass

    return pair


def admits(url: str, number: int) -> Cycle:
    """Decide for an account of the client's own that nobody of those who wait may start."""
    client, account = connect(url), f"admits-{number}"
    ledger = Ledger(client, Settings(speed=1))
    for waiter in range(WAITING):
        _accept(ledger, f"{account}-{waiter}", account)
    functions = Functions(client, ledger_library(Settings(speed=1)))
    return lambda: functions.run(admission(account))


CONTENDERS = {
    "permits": permits,
    "lock": lock,
    "concurrent_rate_limiter": limiter,
    "admits": admits,
}


def main(seconds: float, rounds: int, clients: Sequence[int]) -> dict[str, Any]:
    """Measure everything and tell the medians."""
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as url:
        for server, persistence in (("durable", "yes"), ("in_memory", "no")):
            connect(url).config_set("appendonly", persistence)
            for together in clients:
                rates = _rates(url, together, seconds, rounds)
                others = {name: rates[name] for name in ("lock", "concurrent_rate_limiter")}
                figures[f"pairs_{server}_{together}"] = Figure(rates["permits"], "1/s", others)
                figures[f"admits_{server}_{together}"] = Figure(rates["admits"], "1/s")
    return report("throughput", figures, seconds=seconds, rounds=rounds, clients=clients)


def _rates(url: str, clients: int, seconds: float, rounds: int) -> dict[str, float]:
    """Return the cycles a second of each contender."""
    found: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, rates in found.items():
            rates.append(_round(name, url, clients, seconds))
    return {name: statistics.median(rates) for name, rates in found.items()}


def _round(name: str, url: str, clients: int, seconds: float) -> float:
    """Return the cycles a second of all clients together."""
    connect(url).flushall()
    # Not spawned: to import everything again would take longer than the round.
    context = multiprocessing.get_context("fork")
    counts: SimpleQueue[float] = context.SimpleQueue()
    start = context.Barrier(clients)
    processes = [
        context.Process(target=_client, args=(name, url, number, seconds, start, counts))
        for number in range(clients)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError(f"a client of {name} failed")
    return sum(counts.get() for _ in processes)


def _client(
    name: str, url: str, number: int, seconds: float, start: Barrier, counts: "SimpleQueue[float]"
) -> None:
    cycle = CONTENDERS[name](url, number)
    cycle()
    start.wait(timeout=30)
    count, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        cycle()
        count += 1
    counts.put(count / passed)


def _accept(ledger: Ledger, brief_id: str, account: str) -> None:
    fields = {"envelope": f'"brief_id":"{brief_id}"', "need": "1"}
    event = BriefAccepted(instructions=1, variations=1, notes=[])
    ledger.accept(Arrival(brief_id, account, None, 0, fields, event))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How many permits are granted a second.")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    main(**vars(parser.parse_args()))
