"""What the sandbox takes: requests a second on one core, and its memory after many jobs.

python -m benchmarks.sandbox [--jobs 10000] [--requests 4000]
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.frame.proc import cpu_seconds, resident_kb
from benchmarks.frame.report import Figure, report

HOST = "127.0.0.1"
CONNECTIONS = 16
#: Everything that would refuse or slow down a request is lifted.
LIFTED = {
    "jobs_cap": 1_000_000,
    "slots_cap": 1_000_000,
    "create_per_minute": 1_000_000,
    "promote_per_minute": 1_000_000,
    "credits": 1e12,
    "drafts_median_seconds": 1,
    "preprocessing_median_seconds": 1,
    "drafts_spread_seconds": 0,
    "preprocessing_spread_seconds": 0,
    "not_found_seconds": 0,
}
BRIEF = {
    "instructions": [
        {
            "appearance": {"gender": "female", "age": 28, "skin": "light"},
            "hair": {"color": "ash blonde", "length": "long", "style": "wavy"},
            "num_variations": 3,
            "options": {"ar": "3:4", "size": "2K", "format": "jpg"},
        }
    ]
}


class Connection:
    """One kept-alive connection, with no more of HTTP than the sandbox's answers need: clients must not be
    what is measured.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def call(self, method: str, path: str, body: object = None) -> bytes:
        """The body of the answer."""
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer sandbox-bench\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        self.writer.write(head.encode() + content)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length")]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        return await self.reader.readexactly(length)


class Server:
    """The sandbox as a process of its own, held to one core."""

    def __init__(self) -> None:
        with socket.create_server((HOST, 0)) as free:
            self.port = free.getsockname()[1]
        program = f"import sandbox; sandbox.serve({self.port}, speed=100)"
        self.process = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[1])
        os.sched_setaffinity(self.process.pid, {0})

    async def connect(self) -> Connection:
        """A connection, as soon as the process listens."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return Connection(*await asyncio.open_connection(HOST, self.port))
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)

    def stop(self) -> None:
        """End the process."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


async def rate(
    server: Server, connections: list[Connection], method: str, path: str, count: int
) -> dict[str, float]:
    """Requests a second, and the processor's time for each."""
    body = BRIEF if method == "POST" else None

    async def share(connection: Connection, number: int) -> None:
        for index in range(count // len(connections)):
            named = None if body is None else {**body, "name": f"{number}/{index}"}
            await connection.call(method, path, named)

    cpu, started = cpu_seconds(server.process.pid), time.perf_counter()
    await asyncio.gather(*(share(connection, number) for number, connection in enumerate(connections)))
    seconds = time.perf_counter() - started
    return {
        "per_second": round(count / seconds),
        "cpu_ms": round(1000 * (cpu_seconds(server.process.pid) - cpu) / count, 3),
    }


async def whole_path(connection: Connection, name: str) -> None:
    """One job and one identity of it: create, results once they are complete, promote, delete."""
    job_id = json.loads(await connection.call("POST", "/identity/create", {**BRIEF, "name": name}))["job_id"]
    while True:
        results = json.loads(await connection.call("GET", f"/jobs/{job_id}/results"))
        if results["status"] == "completed":
            break
        await asyncio.sleep(0.01)
    number = results["results"][0]["image_result_id"]
    await connection.call("POST", "/identity/promote-generated", {"image_result_id": number})


async def measure(jobs: int, requests: int) -> dict[str, Figure]:
    """All figures."""
    server, connections = Server(), []
    try:
        connections += [await server.connect() for _ in range(CONNECTIONS)]
        first = connections[0]
        await first.call("POST", "/_sandbox/settings", LIFTED)
        job_id = json.loads(await first.call("POST", "/identity/create", BRIEF))["job_id"]
        await asyncio.sleep(0.1)
        rates = {
            "status": await rate(server, connections, "GET", f"/jobs/{job_id}/status", requests),
            "results": await rate(server, connections, "GET", f"/jobs/{job_id}/results", requests // 2),
            "create": await rate(server, connections, "POST", "/identity/create", requests // 2),
        }
        await first.call("POST", "/_sandbox/reset")
        await first.call("POST", "/_sandbox/settings", LIFTED)
        memory: dict[int, float] = {0: resident_kb(server.process.pid) / 1024}
        for done in range(jobs // 4, jobs + 1, jobs // 4):
            await path_by_path(connections, done - jobs // 4, done)
            memory[done] = resident_kb(server.process.pid) / 1024
            print(f"{done} paths of one creation and one preprocessing job each: {memory[done]:.0f} MB")
        told = {
            f"{name}_{key}": Figure(value, "1/s" if key == "per_second" else "ms a request")
            for name, each in rates.items()
            for key, value in each.items()
        }
        return told | {f"memory_mb_after_{count}_jobs": Figure(mb, "MB") for count, mb in memory.items()}
    finally:
        for connection in connections:
            connection.writer.close()
            await connection.writer.wait_closed()
        server.stop()


async def path_by_path(connections: list[Connection], start: int, end: int) -> None:
    """Go the whole path so many times, shared by all connections."""
    numbers = iter(range(start, end))

    async def share(connection: Connection) -> None:
        for number in numbers:
            await whole_path(connection, str(number))

    await asyncio.gather(*(share(connection) for connection in connections))


def main(jobs: int, requests: int) -> dict[str, Any]:
    """Measure on one core, from the other."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {1 % (os.cpu_count() or 1)})
    try:
        figures = asyncio.run(measure(jobs, requests))
    finally:
        os.sched_setaffinity(0, allowed)
    return report("sandbox", figures, jobs=jobs, requests=requests)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What the sandbox takes.")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=4_000)
    main(**vars(parser.parse_args()))
