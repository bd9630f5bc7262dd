"""What the permits cost when there are many accounts and many briefs, in virtual time over our functions.

    python -m benchmarks.caps.scale [--accounts 10000] [--briefs 1000000]

First a whole life: every account is given its share of the briefs at once, in batches of ten, under 5 jobs,
5 requests a minute and more slots than briefs; all are driven until they are finished. Reported are the
calls of each script for a brief, each of which ends in a decision (the timers' `due` is left out: how often
it is called depends on who drives); microseconds in the server of each script (samples: the last thousand
accepted, and a while in the middle) and of all calls together; and bytes in Redis for a waiting and for a
finished brief, its events included.

Then growth: the same two calls at 1, 100 and 10,000 accounts, and at one account where 10, 1,000 and 100,000
briefs wait (smaller arguments leave out the largest sizes). `handover` is the call by which a finished job's
permit goes to the next waiter; `admit` is a decision that finds nobody who may start. Microseconds in the
server, and at the client with the round trip; the ratios are those of the medians in the server, of the
largest size to the smallest.
The server has no persistence here: what is measured is the functions.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import redis

from benchmarks.caps import growth, server_times
from benchmarks.caps.virtual import Simulation
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


def main(accounts: int, briefs: int) -> None:
    """Run everything and print the figures."""
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as url:
        client = redis.Redis.from_url(url, decode_responses=True, socket_timeout=PATIENCE)
        client.config_set("appendonly", "no")
        server_times.begin(client)
        life = _tell(accounts=accounts, briefs=briefs, **_life(client, accounts, briefs))
        by_accounts = {n: growth.measure(client, accounts=n, waiting=10) for n in _sizes(1, 10 * accounts)}
        accounts_told = _tell(by_accounts=by_accounts, growth_by_accounts=_growth(by_accounts))
        by_waiting = {n: growth.measure(client, accounts=1, waiting=n) for n in _sizes(10, 2 * briefs)}
        waiting_told = _tell(by_waiting=by_waiting, growth_by_waiting=_growth(by_waiting))
    print(json.dumps(life | accounts_told | waiting_told))


def _tell(**figures: Any) -> dict[str, Any]:
    """Print figures as soon as they are there: what follows takes long, and may fail."""
    for name, value in figures.items():
        print(f"{name:26} {json.dumps(value)}", flush=True)
    return figures


def _sizes(least: int, most: int) -> list[int]:
    """Return three sizes, each a hundred times the one before; fewer if they would pass the most."""
    return [least * 100**step for step in range(3) if step == 0 or least * 100**step <= most]


def _growth(sizes: dict[int, Any]) -> dict[str, float]:
    first, last = sizes[min(sizes)], sizes[max(sizes)]
    return {
        call: round(last[call]["server_us"]["median"] / first[call]["server_us"]["median"], 2)
        for call in ("handover", "admit")
    }


def _life(client: "redis.Redis", accounts: int, briefs: int) -> dict[str, Any]:
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
    return {
        "seconds": round(time.monotonic() - began),
        "virtual_minutes": round((max(simulation.finished.values()) - simulation.started) / 60_000, 1),
        "most_jobs_in_flight": simulation.most_in_flight,
        "calls_per_brief": {name: round(calls / briefs, 2) for name, calls in simulation.calls.items()},
        "decisions_per_brief": round(simulation.calls.total() / briefs, 2),
        "server_us_by_function": {"accept": accepting["accept"], **driving},
        "server_us": server_times.of_all_functions(client),
        "bytes_per_waiting_brief": round(waiting),
        "bytes_per_finished_brief": round((_memory(client) - empty) / briefs),
        "bytes_per_event": round(_bytes_of_events(client)),
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
