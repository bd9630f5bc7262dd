"""What `web` takes of a processor: briefs by HTTP beside raw Redis, and the figures of many accounts.

    python -m benchmarks.web [--briefs 2000] [--accounts 10 1000]

`web` has one core, and the Redis and who sends the others. A brief of its own is sent in each request by some
connections at once, then a hundred in each. Beside it the same briefs are put on the queue by redis-py, in
one round trip each or for each hundred: what a program saves that goes past `web`, which checks each brief,
asks the ledger what becomes of it, and counts what it may cost. Both wait for a Valkey that syncs each write.
The page is measured by benchmarks/page.py, and webhooks by benchmarks/webhooks_out.py.
"""

import argparse
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import redis
from pydantic import SecretStr

from actors.broker.broker import brief_message
from benchmarks.frame import serving
from benchmarks.frame.proc import cpu_seconds
from benchmarks.frame.report import Figure, report
from config import durations, keys
from config.accounts.account import Account
from config.settings import Settings
from worker.callers import tokens
from worker.callers.tokens import Caller, Role
from worker.ledger.ledger import Ledger
from worker.store import embedded
from worker.store.connection import connect

BRIEFS, ACCOUNTS = 1_000, (10, 1_000)
#: Connections that send at once; briefs of a large request.
SENDERS, TOGETHER = 8, 100
ROUNDS = 5


class Web:
    """A running `web`, and a client of it with a token."""

    def __init__(self, pid: int, client: httpx.Client) -> None:
        self._pid, self.client = pid, client

    def processor(self) -> float:
        """Return the seconds of a processor that it has taken so far."""
        return cpu_seconds(self._pid)

    def send(self, briefs: Sequence[dict[str, Any]]) -> None:
        """Send briefs in one request."""
        answer = self.client.post("/v1/briefs", json=briefs[0] if len(briefs) == 1 else briefs)
        answer.raise_for_status()


def main(briefs: int, accounts: Sequence[int]) -> dict[str, Any]:
    """Send so many briefs in each way, and ask for the figures of so many accounts."""
    figures: dict[str, Figure] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(embedded.running(folder / "valkey"))
        client = stack.enter_context(connect(url))
        web = stack.enter_context(_web(url, tokens.make(client, Caller("bench", Role.OPERATOR))))
        figures |= _intake(web, client, briefs)
        client.delete(keys.QUEUE(keys.INLET), keys.MESSAGES(keys.INLET))
        for number in accounts:
            _configure(client, number)
            figures |= _scraped(web, number)
    return report("web", figures, briefs=briefs, accounts=list(accounts))


def _intake(web: Web, client: "redis.Redis", briefs: int) -> dict[str, Figure]:
    made = (_brief(number) for number in itertools.count())
    found: dict[str, Figure] = {}
    for name, together in (("one", 1), (f"{TOGETHER}", TOGETHER)):
        parts = [[next(made) for _ in range(together)] for _ in range(briefs // together)]
        raw = [[next(made) for _ in range(together)] for _ in range(briefs // together)]
        before = web.processor()
        seconds = _timed(web.send, parts)
        processor = web.processor() - before
        rival = _timed(lambda part: _push(client, part), raw)
        number = sum(map(len, parts))
        found[f"per_second_{name}"] = Figure(number / seconds, "briefs/s", {"redis": number / rival})
        found[f"processor_ms_{name}"] = Figure(processor * 1000 / number, "ms a brief")
    return found


def _timed(send: Callable[[Sequence[dict[str, Any]]], None], parts: Sequence[list[dict[str, Any]]]) -> float:
    """Send all parts, some at once; return the seconds."""
    began = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(send, parts))
    return time.perf_counter() - began


def _push(client: "redis.Redis", briefs: Sequence[dict[str, Any]]) -> None:
    with client.pipeline(transaction=True) as pipe:
        for each in briefs:
            message = brief_message(json.dumps(each))
            pipe.hset(keys.MESSAGES(keys.INLET), message.message_id, message.encode())
            pipe.rpush(keys.QUEUE(keys.INLET), message.message_id)
        pipe.execute()


def _brief(number: int) -> dict[str, Any]:
    body = {"instructions": [{"prompt": f"a face, the {number}.", "num_variations": 2}]}
    return {"brief_id": f"bench-{number}", "metadata": {"sku": number}, **body}


def _configure(client: "redis.Redis", number: int) -> None:
    settings = Settings(redis_url=None, api_token=None)
    names = (f"account-{each}" for each in range(number))
    Ledger(client, settings).configure(Account(name=each, token=SecretStr(each)) for each in names)


def _scraped(web: Web, accounts: int) -> dict[str, Figure]:
    """Ask for the figures, each time after those of the last time have become old."""
    took, used = [], []
    for _ in range(ROUNDS):
        time.sleep(durations.METRICS_FRESH_SECONDS)
        before, began = web.processor(), time.perf_counter()
        answer = web.client.get("/metrics").raise_for_status()
        took.append(time.perf_counter() - began)
        used.append(web.processor() - before)
    names = [line for line in answer.text.splitlines() if line.startswith("identity_worker_jobs{")]
    assert len(names) >= accounts, f"{len(names)} of {accounts} accounts are told of"
    return {
        f"metrics_ms_{accounts}": Figure(1000 * statistics.median(took), "ms"),
        f"metrics_processor_ms_{accounts}": Figure(1000 * statistics.median(used), "ms"),
    }


@contextmanager
def _web(url: str, token: str) -> Iterator[Web]:
    """Run `web` on one core for the length of the block."""
    environment = {"REDIS_URL": url, "PIKTID_API_TOKEN": "none is needed"}
    with serving.web(environment, token) as (process, client):
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        yield Web(process.pid, client)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What web takes of a processor.")
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    parser.add_argument("--accounts", type=int, nargs="+", default=list(ACCOUNTS))
    main(**vars(parser.parse_args()))
