"""A worker of many accounts beside a raw API, which answers as late as it is told."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import redis

from benchmarks.harness import process_running
from cli.demo.ports import free_port
from config import keys
from worker.store import embedded
from worker.store.connection import connect

#: Seconds from the start of a worker to its first sign of life.
START = 60.0


class AtWork(NamedTuple):
    """The worker, and the Redis that it works on."""

    client: "redis.Redis"
    url: str
    pid: int


@contextmanager
def at_work(
    accounts: int, latency: float, job: float, *, processes: int = 1, threads: int | None = None
) -> Iterator[AtWork]:
    """Run a worker for the length of the block; the API's `latency` and a `job` of it are in seconds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(embedded.running(folder / "valkey"))
        port = free_port()
        environment = {
            **os.environ,
            "REDIS_URL": url,
            "PIKTID_API_URL": f"http://127.0.0.1:{port}",
            "ACCOUNTS_FILE": str(accounts_file(folder, accounts)),
        }
        api = [sys.executable, "-m", "benchmarks.raw_api", str(port), str(latency), str(job)]
        stack.enter_context(process_running(api, folder / "api.log", environment))
        work = [str(Path(sys.executable).parent / "identity-worker"), "work", "--processes", str(processes)]
        work += [] if threads is None else ["--threads", str(threads)]
        worker = stack.enter_context(process_running(work, folder / "worker.log", environment))
        client = stack.enter_context(connect(url))
        _wait_for_workers(client, processes)
        yield AtWork(client, url, worker.pid)


def name_of(number: int) -> str:
    """Return what an account is called."""
    return f"a{number}"


def accounts_file(folder: Path, count: int) -> Path:
    """Write a file of accounts with the API's own limits, but for slots, which a long run would use up."""
    path = folder / "accounts.toml"
    tables = []
    for name in map(name_of, range(count)):
        (folder / name).write_text(name)
        tables.append(f'[accounts.{name}]\ntoken_file = "{folder / name}"\nslots = "none"\n')
    path.write_text("".join(tables))
    return path


def _wait_for_workers(client: "redis.Redis", count: int) -> None:
    """Wait until so many have given a sign of life; raises TimeoutError."""
    until = time.monotonic() + START
    while client.zcard(keys.WORKERS()) < count:
        if time.monotonic() > until:
            raise TimeoutError("the worker did not start")
        time.sleep(0.05)
