"""How many accounts one listener follows: how soon, at what cost, how late an event is, what a kill costs.

    python -m benchmarks.listener [--accounts N] [--takeover N] [--many N] [--spread N] [--seconds S]

The API is a process that serves nothing but event streams (benchmarks/sse.py). Each part has a Valkey that
syncs every write. Time runs from the start of the process. Commands of Redis are all that it counts, also
those inside of functions. An event's time is from the write to its stream to the entry of its step on the
queue, by the clock of Redis in whole ms, rounded up.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

from benchmarks.frame.proc import cpu_seconds, resident_kb
from benchmarks.frame.report import Figure, report
from benchmarks.harness import call, process_running, wait_for
from cli.demo.ports import free_port
from config import keys
from worker.ledger.records import brief_subject
from worker.store import embedded
from worker.store.connection import connect

#: Seconds after which what must come is given up.
PATIENCE = 120.0
#: Seconds for which what was just started is left alone, before it is called idle.
SETTLED = 5.0
#: Seconds for which an idle listener of many accounts is watched at least: two signs of life of each stream,
#: and one renewal of each lease, which come in bursts.
WATCHED = 95.0
EVENTS_PER_SECOND = 500


class Scene:
    """A Redis, a server of streams, and an installation of so many accounts."""

    def __init__(self, stack: ExitStack, accounts: int) -> None:
        self._stack = stack
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.redis_url = stack.enter_context(embedded.running(self._folder / "valkey"))
        port = free_port()
        self.api_url = f"http://127.0.0.1:{port}"
        serve = [sys.executable, "-m", "benchmarks.sse", str(port)]
        stack.enter_context(process_running(serve, self._folder / "sse.log", dict(os.environ)))
        wait_for(f"{self.api_url}/_streams")
        self.names = [f"account-{number}" for number in range(accounts)]
        self.client = stack.enter_context(connect(self.redis_url))

    def listener(self, number: int = 0) -> "Popen[bytes]":
        """Start a listener."""
        environment = {
            **os.environ,
            "REDIS_URL": self.redis_url,
            "PIKTID_API_URL": self.api_url,
            "ACCOUNTS_FILE": str(self._accounts()),
        }
        command = [str(Path(sys.executable).parent / "identity-worker"), "listen"]
        log = self._folder / f"listener-{number}.log"
        return self._stack.enter_context(process_running(command, log, environment))

    def followed(self) -> int:
        """Return how many accounts have a stream."""
        return int(call("GET", f"{self.api_url}/_streams")["accounts"])

    def seconds_until_followed(self, since: float) -> float:
        """Return how long after `since` (monotonic) all accounts have a stream."""
        _wait(lambda: self.followed() == len(self.names))
        return time.monotonic() - since

    def commands(self) -> int:
        """Return how many commands Redis has run."""
        told: Any = self.client.info("stats")
        return int(told["total_commands_processed"])

    def latencies(self, count: int, per_second: float) -> list[float]:
        """Have so many events written, each of a job of ours; return after how many ms each was queued."""
        chosen = random.Random(count).choices(self.names, k=count)
        self._put_on_record(chosen)
        tokens = [_token(name) for name in chosen]
        call("POST", f"{self.api_url}/_events", {"tokens": tokens, "per_second": per_second})
        _wait(lambda: self.client.llen(keys.QUEUE(keys.STEPS)) == count)
        sent = call("GET", f"{self.api_url}/_sent")
        texts: Any = self.client.hvals(keys.MESSAGES(keys.STEPS))
        messages = [json.loads(each) for each in texts]
        return [
            each["message_timestamp"] + 1 - 1000 * sent[int(each["args"][0].rpartition("-")[2])]
            for each in messages
        ]

    def _put_on_record(self, accounts: Sequence[str]) -> None:
        with self.client.pipeline(transaction=False) as pipe:
            for number, account in enumerate(accounts):
                subject = brief_subject(f"event-{number}")
                pipe.hset(keys.RECORD(subject), mapping={"state": "generating", "account": account})
                pipe.set(keys.JOB(account, f"job-{number}"), subject)
            pipe.execute()

    def _accounts(self) -> Path:
        path = self._folder / "accounts.toml"
        if not path.exists():
            for name in self.names:
                (self._folder / name).write_text(_token(name))
            tables = [f'[accounts.{name}]\ntoken_file = "{self._folder / name}"\n' for name in self.names]
            path.write_text("".join(tables))
        return path


def main(accounts: int, takeover: int, many: int, spread: int, seconds: float) -> dict[str, Any]:
    """Measure the parts that have a size, and report them."""
    figures = _one_listener(accounts, seconds)
    if takeover:
        figures[f"takeover_seconds_{takeover}"] = Figure(_takeover(takeover), "s")
    if many:
        figures[f"followed_seconds_{many}"] = _followed_by(1, many, 0)["spread_seconds"]
    if spread:
        each = _followed_by(4, spread, max(seconds, WATCHED))
        figures |= {f"{name}_{spread}": figure for name, figure in each.items()}
    sizes = {"accounts": accounts, "takeover": takeover, "many": many, "spread": spread, "seconds": seconds}
    return report("listener", figures, **sizes)


def _one_listener(accounts: int, seconds: float) -> dict[str, Figure]:
    with scene(1) as made:
        listener = made.listener()
        made.seconds_until_followed(time.monotonic())
        alone, cpu_alone, commands_alone = _idle(made, [listener], seconds)
    with scene(accounts) as made:
        began = time.monotonic()
        listener = made.listener()
        followed = made.seconds_until_followed(began)
        memory, cpu, commands = _idle(made, [listener], max(seconds, WATCHED))
        late = sorted(made.latencies(round(EVENTS_PER_SECOND * seconds), EVENTS_PER_SECOND))
    many = {
        "followed_seconds": Figure(followed, "s"),
        "idle_percent": Figure(cpu, "%"),
        "commands_per_second": Figure(commands, "1/s"),
        "memory_kb": Figure((memory - alone) / max(1, accounts - 1), "KB"),
        "delivery_p50_ms": Figure(late[len(late) // 2], "ms"),
        "delivery_p99_ms": Figure(late[len(late) * 99 // 100], "ms"),
    }
    return {
        **{f"{name}_{accounts}": figure for name, figure in many.items()},
        "idle_percent_1": Figure(cpu_alone, "%"),
        "commands_per_second_1": Figure(commands_alone, "1/s"),
        "memory_mb_1": Figure(alone / 1024, "MB"),
    }


def _takeover(accounts: int) -> float:
    """Return after how long another listener follows so many that were a killed one's."""
    with scene(2 * accounts) as made:
        listeners = [made.listener(number) for number in range(2)]
        made.seconds_until_followed(time.monotonic())
        _wait(lambda: max(_shares(made)) - min(_shares(made)) <= 1)
        time.sleep(SETTLED)
        listeners[0].kill()
        began = time.monotonic()
        _wait(lambda: made.followed() < 2 * accounts)
        return made.seconds_until_followed(began)


def _followed_by(listeners: int, accounts: int, seconds: float) -> dict[str, Figure]:
    """Return how soon so many listeners, started at once, follow so many accounts, and what they take."""
    with scene(accounts) as made:
        began = time.monotonic()
        running = [made.listener(number) for number in range(listeners)]
        after = made.seconds_until_followed(began)
        memory, cpu, commands = _idle(made, running, seconds)
        return {
            "spread_seconds": Figure(after, "s"),
            "followed": Figure(made.followed(), "accounts"),
            "spread_idle_percent": Figure(cpu, "%"),
            "spread_commands_per_second": Figure(commands, "1/s"),
            "spread_memory_mb": Figure(memory / 1024, "MB"),
        }


def _shares(scene: Scene) -> list[int]:
    """Return how many accounts each of two listeners has leased."""
    held: Any = scene.client.mget([keys.LEASE(name) for name in scene.names])
    listeners = set(held) - {None}
    return [held.count(each) for each in listeners] + [0] * (2 - len(listeners))


def _idle(scene: Scene, listeners: "Sequence[Popen[bytes]]", seconds: float) -> tuple[int, float, float]:
    """Return the memory (KB) of listeners without events, their share of a core, and commands a second."""
    time.sleep(SETTLED)
    cpu, commands, began = _cpu(listeners), scene.commands(), time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    cpu, commands = _cpu(listeners) - cpu, scene.commands() - commands - 1
    return sum(resident_kb(each.pid) for each in listeners), 100 * cpu / passed, commands / passed


def _cpu(listeners: "Sequence[Popen[bytes]]") -> float:
    return sum(cpu_seconds(each.pid) for each in listeners)


@contextmanager
def scene(accounts: int) -> Iterator[Scene]:
    """Set a scene for the length of the block."""
    with ExitStack() as stack:
        yield Scene(stack, accounts)


def _token(account: str) -> str:
    return f"sandbox-{account}"


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {PATIENCE:g} s: {condition}")
        time.sleep(0.02)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.listener")
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument(
        "--takeover", type=int, default=1_000, help="accounts of a killed listener; 0: not this part"
    )
    parser.add_argument("--many", type=int, default=0, help="accounts of one listener, as 5000")
    parser.add_argument("--spread", type=int, default=0, help="accounts of four listeners, as 10000")
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="that events come, and one account is watched"
    )
    given = parser.parse_args()
    main(given.accounts, given.takeover, given.many, given.spread, given.seconds)
