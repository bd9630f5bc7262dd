"""What the permits cost when there are many accounts and many briefs, in virtual time over our functions.

    python -m benchmarks.caps.scale [--accounts 10000] [--briefs 1000000]

Every account is given its share of the briefs at once, in batches of ten, under 5 jobs,
5 requests a minute and more slots than briefs; all are driven until they are finished. Reported are the
calls of each script for a brief, each of which ends in a decision (the timers' `due` is left out: how often
it is called depends on who drives); microseconds in the server of each script (samples: the last thousand
accepted, and a while in the middle) and of all calls together; and bytes in Redis for a waiting and for a
finished brief, its events included. The server has no persistence here: what is measured is the functions.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import redis

from benchmarks.caps import server_times
from benchmarks.caps.virtual import Simulation
from benchmarks.frame.report import Figure, report
from benchmarks.harness import SEED
from config import keys
from sandbox.common.chance import draws, duration
from worker.ledger.records import parse_subject
from worker.store import embedded

ACCOUNTS, BRIEFS = 10_000, 1_000_000
#: Median seconds of the two jobs of a brief, the sandbox's.
SECONDS = {"brief": 40.0, "promotion": 60.0}
#: Virtual ms whose calls are sent together, and briefs accepted at once.
TICK = 250
TOGETHER = 1_000
#: Seconds that the server may take over one answer: to forget a million briefs is one, too.
PATIENCE = 120.0
#: Seconds between two lines that tell how far it is.
TELL_EVERY = 15.0


def main(accounts: int, briefs: int) -> dict[str, Any]:
    """Run all briefs and tell the figures."""
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as url:
        client = redis.Redis.from_url(url, decode_responses=True, socket_timeout=PATIENCE)
        client.config_set("appendonly", "no")
        server_times.begin(client)
        figures = _life(client, accounts, briefs)
    return report("scale", figures, accounts=accounts, briefs=briefs)


def _life(client: "redis.Redis", accounts: int, briefs: int) -> dict[str, Figure]:
    began = time.monotonic()
    _lift_slots(client, accounts, briefs)
    simulation = Simulation(client, takes=_takes, tick=TICK)
    empty = _memory(client)
    _accept(simulation, accounts, range(max(0, briefs - TOGETHER)))
    with server_times.by_function(client) as accepting:
        _accept(simulation, accounts, range(max(0, briefs - TOGETHER), briefs))
    waiting = (_memory(client) - empty) / briefs
    print(f"{briefs} accepted after {time.monotonic() - began:.0f} s", flush=True)
    simulation.settle()
    _drive(simulation, briefs // 2)
    with server_times.by_function(client) as driving:
        _drive(simulation, briefs // 2 + min(TOGETHER, briefs // 4))
    _drive(simulation, briefs)
    every = {"accept": accepting["accept"], **driving}
    return {
        "seconds": Figure(time.monotonic() - began, "s"),
        "virtual_minutes": Figure((max(simulation.finished.values()) - simulation.started) / 60_000, "min"),
        "most_jobs_in_flight": Figure(simulation.most_in_flight, "jobs"),
        **{f"{name}_calls": Figure(calls / briefs, "a brief") for name, calls in simulation.calls.items()},
        "decisions": Figure(simulation.calls.total() / briefs, "a brief"),
        **{f"{name}_median_us": Figure(each["median"], "µs") for name, each in every.items()},
        "all_median_us": Figure(server_times.of_all_functions(client)["median"], "µs"),
        "waiting_bytes": Figure(waiting, "bytes a brief"),
        "finished_bytes": Figure((_memory(client) - empty) / briefs, "bytes a brief"),
        "event_bytes": Figure(_bytes_of_events(client), "bytes an event"),
    }


def _accept(simulation: Simulation, accounts: int, numbers: range) -> None:
    for number in numbers:
        turn, account = divmod(number, accounts)
        simulation.accept(f"b{number}", f"a{account}", f"batch-{account}-{turn // 10}")
        if number % TOGETHER == TOGETHER - 1:
            simulation.flush()
    simulation.flush()


def _drive(simulation: Simulation, finished: int) -> None:
    """Go on until so many briefs are finished; say now and then how far it is."""
    told = began = time.monotonic()
    while len(simulation.finished) < finished:
        simulation.step()
        if time.monotonic() - told > TELL_EVERY:
            told = time.monotonic()
            print(f"{len(simulation.finished)} finished, {told - began:.0f} s", flush=True)


def _lift_slots(client: "redis.Redis", accounts: int, briefs: int) -> None:
    """Give every account more slots than it will fill: they are counted, but don't hold anybody up."""
    with client.pipeline(transaction=False) as pipe:
        for number in range(accounts):
            pipe.hset(keys.RECORD(f"account:a{number}"), "slots", str(2 * (briefs // accounts + 1)))
        pipe.execute()


def _takes(subject: str) -> int:
    median = SECONDS[parse_subject(subject).kind]
    return round(1000 * duration(draws(SEED, subject), median, spread=median / 4))


def _memory(client: "redis.Redis") -> int:
    return int(client.info("memory")["used_memory"])


def _bytes_of_events(client: "redis.Redis") -> float:
    return (client.memory_usage(keys.EVENTS()) or 0) / max(1, client.xlen(keys.EVENTS()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What the permits cost at scale.")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    main(**vars(parser.parse_args()))
