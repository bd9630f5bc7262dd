"""How long it takes to look back at what many accounts have bought, once a server has forgotten it.

    python -m benchmarks.looking_back --accounts 1000 10000

Each account's list at the API (benchmarks/raw_api.py) names one creation that is on no record, so a look
back is a page, a job and a decision. The quarter of an hour that it waits for before is skipped. Meanwhile
ten accounts whose past is known send the briefs that their limits allow: how long these take is told beside
how long they took before.
"""

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import redis

from actors.broker.broker import Broker
from benchmarks.frame.proc import cpu_seconds
from benchmarks.frame.report import Figure, report
from benchmarks.many.working import at_work, name_of
from benchmarks.worker import EACH, send_brief
from config import keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.ledger.records import account_subject
from worker.store.functions import Functions
from worker.unresolved import past

#: Accounts whose past stays known, and seconds for which their briefs are watched before.
BUSY, BEFORE = 10, 20.0
#: Seconds of a call and of a job at the API.
LATENCY, JOB = 0.1, 1.0
#: Seconds after which nothing comes any more.
DEADLINE = 3_600.0


@dataclass
class Scene:
    """A worker of many accounts beside a raw API."""

    client: "redis.Redis"
    functions: Functions
    url: str
    accounts: int
    worker: int
    sent: int = 0
    own: int = 0
    """Commands of the benchmark itself while it waits, which are not told."""

    def names(self) -> list[str]:
        """Return the accounts whose past becomes unknown."""
        return [name_of(number) for number in range(BUSY, self.accounts)]

    def forget(self) -> None:
        """Let the past of all but the busy accounts be unknown, and the time be over that it waits for."""
        self.functions.run(past.forget(None, "benchmark", "it is to be looked for"))
        while self.client.exists(keys.FORGETTING()):
            self.functions.run(commands.due(1_000))
        for number in range(BUSY):
            unknown = past.past_of(self.client, name_of(number))
            if unknown is not None:
                self.functions.run(past.remember(name_of(number), unknown))
        waited = self._first()
        while waited - self._now() < 60_000:  # those whose timers were due at once are not put off yet
            self.functions.run(commands.due(1_000))
            waited = self._first()
        ahead = round(waited - self._now())
        with self.client.pipeline(transaction=False) as pipe:
            for name in self.names():
                pipe.hincrby(keys.RECORD(account_subject(name)), "past_until", -ahead)
                pipe.zincrby(keys.TIMERS(), -ahead, f"past:{name}")
            pipe.execute()

    def unknown(self) -> int:
        """Return of how many accounts the past is unknown."""
        self.own += len(self.names())
        with self.client.pipeline(transaction=False) as pipe:
            for name in self.names():
                pipe.hexists(keys.RECORD(account_subject(name)), "past_since")
            return sum(pipe.execute())

    def reading(self) -> dict[str, float]:
        """Return what was used so far."""
        cpu: Any = self.client.info("cpu")
        inside: Any = self.client.info("commandstats")
        return {
            "commands": sum(int(each["calls"]) for each in inside.values()) - self.own,
            "redis": float(cpu["used_cpu_sys"]) + float(cpu["used_cpu_user"]),
            "worker": cpu_seconds(self.worker),
        }

    @contextmanager
    def busy(self) -> Iterator[dict[int, float]]:
        """Send briefs of the busy accounts at their limits; yield when each was sent (ms of Redis)."""
        over, sent_at, broker = Event(), dict[int, float](), Broker(self.url)

        def send() -> None:
            while not over.wait(1 / (BUSY * EACH)):
                number = self.sent
                self.sent += 1
                sent_at[number] = self._now()
                send_brief(broker, number, name_of(number % BUSY))

        thread = Thread(target=send)
        thread.start()
        try:
            yield sent_at
        finally:
            over.set()
            thread.join()

    def seconds_of(self, sent_at: dict[int, float]) -> list[float]:
        """Wait until briefs are finished; return how long each took."""
        took, until = [], time.monotonic() + DEADLINE
        for number, began in sent_at.items():
            while (ended := self.client.zscore(keys.FINISHED(), f"b{number}")) is None:
                if time.monotonic() > until:
                    raise TimeoutError(f"b{number} is not finished")
                time.sleep(0.1)
            took.append((ended - began) / 1000)
        return took

    def _first(self) -> float:
        timers: Any = self.client.zrange(keys.TIMERS(), 0, -1, withscores=True)
        return float(min(when for subject, when in timers if subject.startswith("past:")))

    def _now(self) -> float:
        seconds, microseconds = self.client.time()
        return int(seconds) * 1000 + int(microseconds) / 1000


def main(counts: Sequence[int]) -> dict[str, Any]:
    """Look back at each number of accounts, and report what it took."""
    figures: dict[str, Figure] = {}
    for count in counts:
        with scene(count) as made:
            figures |= {f"{name}_{count}": figure for name, figure in measure(made).items()}
    return report("looking_back", figures, accounts=list(counts))


def measure(made: Scene) -> dict[str, Figure]:
    """Look back at all accounts but the busy ones."""
    with made.busy() as sent_at:
        time.sleep(BEFORE)
    alone = made.seconds_of(sent_at)
    made.forget()
    before, began, looked = made.reading(), time.monotonic(), len(made.names())
    with made.busy() as sent_at:
        while made.unknown() or not sent_at:  # of few accounts, it is over before a brief is sent
            if time.monotonic() > began + DEADLINE:
                raise TimeoutError(f"the past of {made.unknown()} accounts is still unknown")
            time.sleep(2.0)
        seconds, after = time.monotonic() - began, made.reading()
    beside = made.seconds_of(sent_at)
    used = {name: after[name] - before[name] for name in after}
    return {
        "seconds": Figure(seconds, "s"),
        "accounts_per_second": Figure(looked / seconds, "1/s"),
        "commands": Figure(used["commands"] / looked, "an account, those of the briefs too"),
        "worker_ms": Figure(1000 * used["worker"] / looked, "ms an account, that of the briefs too"),
        "redis_ms": Figure(1000 * used["redis"] / looked, "ms an account, that of the briefs too"),
        "brief_seconds_p50": Figure(statistics.median(beside), "s", {"before": statistics.median(alone)}),
        "brief_seconds_worst": Figure(max(beside), "s", {"before": max(alone)}),
    }


@contextmanager
def scene(accounts: int) -> Iterator[Scene]:
    """Run a worker of so many accounts for the length of the block."""
    with at_work(accounts, LATENCY, JOB) as worker:
        functions = Functions(worker.client, ledger_library(Settings()))
        yield Scene(worker.client, functions, worker.url, accounts, worker.pid)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.looking_back")
    parser.add_argument("--accounts", type=int, nargs="+", default=[1_000, 10_000])
    main(parser.parse_args().accounts)
