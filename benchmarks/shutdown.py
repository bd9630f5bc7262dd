"""How long from SIGTERM to a process's end, in seconds: median and worst.

    python -m benchmarks.shutdown [--times 10] [--kinds idle_worker paying_worker listener web]

Each process is started anew each time, and told to end once it works. The paid call is one whose answer takes
`CALL` seconds from its request on: its worker has to wait for it, and is given that time beside its own.
"""

import argparse
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import redis

from actors.broker.broker import Broker, brief_message
from benchmarks.frame.report import Figure, report
from benchmarks.harness import ACCOUNT, call, sandbox_process
from cli.demo.ports import free_port
from config import keys
from worker.store import embedded
from worker.store.connection import connect

TIMES = 10
#: Methods of Bench.
KINDS = ["idle_worker", "paying_worker", "listener", "web"]
#: Seconds that the API takes for a paid call, and in which anything must have come about.
CALL = 3.0
DEADLINE = 60.0
SPEED = 50.0
BIN = Path(sys.executable).parent
WORKER = [str(BIN / "identity-worker"), "work", "--threads", "8"]


class Bench:
    """The processes under test, on one Valkey and one sandbox."""

    def __init__(self, client: "redis.Redis", redis_url: str, api_url: str, folder: Path) -> None:
        self._client = client
        self._broker = Broker(redis_url)
        self._api_url = api_url
        self._log = folder / "log"
        self._environment = {
            **os.environ,
            "REDIS_URL": redis_url,
            "PIKTID_API_URL": api_url,
            "PIKTID_API_TOKEN": ACCOUNT,
            "IDENTITY_WORKER_SPEED": str(SPEED),
        }

    def idle_worker(self) -> float:
        """Measure a worker with nothing to do."""
        return self._seconds(WORKER, lambda: self._client.zcard(keys.WORKERS()))

    def paying_worker(self) -> float:
        """Measure a worker that waits for the answer to a paid call."""
        fault = {"kind": "delay", "path": "/identity/create", "seconds": CALL, "count": 1}
        call("POST", f"{self._api_url}/_sandbox/faults", {"account": ACCOUNT, **fault})
        brief = {"brief_id": "b", "instructions": [{"hair": {"color": "red"}}]}
        self._broker.enqueue(brief_message(json.dumps(brief)))
        taken = self._seconds(WORKER, lambda: self._state() == "submitting")
        if self._state() != "generating":
            raise RuntimeError(f"the paid call was not recorded: the brief is {self._state()}")
        return taken

    def listener(self) -> float:
        """Measure a listener that follows its account."""
        return self._seconds(
            [str(BIN / "identity-worker"), "listen"], lambda: self._client.exists(keys.LEASE("default"))
        )

    def web(self) -> float:
        """Measure a web process that listens."""
        port = free_port()
        return self._seconds(
            [str(BIN / "identity-worker"), "web", "--port", str(port)], lambda: _answers(port)
        )

    def _state(self) -> Any:
        return self._client.hget(keys.RECORD("brief:b"), "state")

    def _seconds(self, command: list[str], works: Callable[[], Any]) -> float:
        with self._log.open("wb") as log:
            process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        try:
            until = time.monotonic() + DEADLINE
            while not works():
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{command[0]} does not work:\n{self._log.read_text()}")
                time.sleep(0.01)
            began = time.perf_counter()
            process.send_signal(signal.SIGTERM)
            if process.wait(DEADLINE) != 0:
                raise RuntimeError(f"{command[0]} ended badly:\n{self._log.read_text()}")
            return time.perf_counter() - began
        finally:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
            connection.request("GET", "/")
            return connection.getresponse().status > 0
    except OSError:
        return False


def main(times: int, kinds: Sequence[str]) -> dict[str, Any]:
    """Measure each kind and tell the distribution."""
    taken: dict[str, list[float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis_url = stack.enter_context(embedded.running(folder / "valkey"))
        client = stack.enter_context(connect(redis_url))
        bench = Bench(client, redis_url, stack.enter_context(sandbox_process(SPEED)), folder)
        for _ in range(times):
            for kind in kinds:
                client.flushall()
                taken.setdefault(kind, []).append(getattr(bench, kind)())
    figures = {
        f"{name}_{what}": Figure(of(each), "s")
        for name, each in taken.items()
        for what, of in (("median", statistics.median), ("worst", max))
    }
    return report("shutdown", figures, times=times, kinds=kinds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long processes take to end.")
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    main(**vars(parser.parse_args()))
