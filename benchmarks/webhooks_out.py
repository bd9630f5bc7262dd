"""How many messages a second `identity-worker deliver` gets rid of, also while an endpoint hangs.

    python -m benchmarks.webhooks_out [--events 1000] [--endpoints 100]

The events of many briefs go to all endpoints, which are one server with a path for each; first all answer,
then one of them hangs. Each message is signed, sent over HTTP, and noted in a Valkey that syncs each write.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import redis

from benchmarks.frame.report import Figure, report
from config import keys
from config.settings import Settings
from worker.hooks.endpoints import Endpoint
from worker.hooks.operating import Endpoints
from worker.store import embedded
from worker.store.connection import connect

EVENTS, ENDPOINTS = 100, 100
#: Events of each brief, which must come one after the other.
_OF_A_BRIEF = 5
#: Seconds after which the run is given up.
_PATIENCE = 600.0
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Server:
    """Answers each POST at once, but for those to a path that hangs; counts them by path."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.hanging: set[str] = set()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve in a thread of this process for the length of the block."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        self._ready.wait(_PATIENCE)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.run_until_complete(self._end())
            self._loop.close()

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._converse, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                path = head.split(" ", 2)[1]
                length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
                await reader.readexactly(length)
                if path in self.hanging:
                    await asyncio.sleep(_PATIENCE)
                self.counts[path] += 1
                writer.write(_TAKEN)
        writer.close()


def main(events: int, endpoints: int) -> dict[str, Any]:
    """Send the events to all endpoints, twice, and tell how fast that was."""
    server = Server()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(server.running())
        url = stack.enter_context(embedded.running(folder / "valkey"))
        client = stack.enter_context(connect(url))
        paths = _add(client, server, folder, endpoints)
        used = stack.enter_context(_deliverer(folder, url))
        while not client.hget(keys.HOOKS_AT(), "asked_at"):
            time.sleep(0.01)  # it is still starting
        all_well = _sent(client, server, paths, events)
        server.hanging = {paths[0]}
        one_hangs = _sent(client, server, paths[1:], events)
    figures = {
        "per_second": Figure(events * endpoints / all_well, "messages/s"),
        "per_second_one_hanging": Figure(events * (endpoints - 1) / one_hangs, "messages/s"),
        "slower_when_one_hangs": Figure(one_hangs / all_well * endpoints / (endpoints - 1), "times"),
        "processor_ms": Figure(used[0] * 1000 / (events * (2 * endpoints - 1)), "ms a message"),
    }
    return report("webhooks_out", figures, events=events, endpoints=endpoints)


def _add(client: "redis.Redis", server: Server, folder: Path, endpoints: int) -> list[str]:
    settings = Settings(redis_url=None, secrets_dir=folder / "secrets", hooks_private=True)
    change = Endpoints(client, settings, "benchmark")
    paths = [f"/e{number}" for number in range(endpoints)]
    for path in paths:
        change.add(Endpoint(path.strip("/"), f"http://127.0.0.1:{server.port}{path}"))
    return paths


def _sent(client: "redis.Redis", server: Server, paths: list[str], events: int) -> float:
    """Write events, and return the seconds until each of these endpoints has taken all."""
    server.counts.clear()
    began = time.monotonic()
    with client.pipeline(transaction=False) as pipe:
        for number in range(events):
            pipe.xadd(keys.EVENTS(), {"event": _event(f"b{began}-{number // _OF_A_BRIEF}", number)})
        pipe.execute()
    while any(server.counts[path] < events for path in paths):
        if time.monotonic() > began + _PATIENCE:
            raise RuntimeError(f"only {sum(server.counts.values())} messages were taken")
        time.sleep(0.01)
    return time.monotonic() - began


def _event(brief_id: str, number: int) -> str:
    data = {"brief_id": brief_id, "batch": "bench", "account": "default", "metadata": {"sku": number}}
    event = {
        "specversion": "1.0",
        "id": f"{brief_id}/{number}",
        "source": "identity-worker/default",
        "type": "identity.promoted",
        "subject": f"brief:{brief_id}",
        "time": "2026-11-29T10:00:00.000Z",
        "datacontenttype": "application/json",
        "data": data | {"url": "https://pictures.example/" + "x" * 200},
    }
    return json.dumps(event)


@contextmanager
def _deliverer(folder: Path, url: str) -> Iterator[list[float]]:
    """Run a deliverer; in the list is, at its end, the processor's time that it took, in seconds."""
    used: list[float] = []
    environment = {
        **os.environ,
        "REDIS_URL": url,
        "IDENTITY_WORKER_SECRETS_DIR": str(folder / "secrets"),
        "IDENTITY_WORKER_HOOKS_PRIVATE": "true",
    }
    with (folder / "deliverer.log").open("wb") as log:
        command = [sys.executable, "-m", "cli", "deliver"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield used
        finally:
            process.kill()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            process.wait(30)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How many webhooks a second leave.")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--endpoints", type=int, default=ENDPOINTS)
    main(**vars(parser.parse_args()))
