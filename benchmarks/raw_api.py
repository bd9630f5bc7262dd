"""An API that answers after a set time and does nothing else, and the events of its jobs, put into Redis.

    python -m benchmarks.raw_api PORT LATENCY JOB

So a worker is measured beside as little else as can be: no picture is drawn, no rule checked, and of a
listener its timers run alone. `LATENCY` and `JOB` are seconds: to each answer, and from it to the end of the
job that it began.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from actors.listener.timers import Timers
from config.settings import settings
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.store.connection import connect_async
from worker.store.embedded import process_redis_url
from worker.store.functions import AsyncFunctions

_HEAD_END = b"\r\n\r\n"

#: Called with an account's name and the id of a job of its that has ended.
Ended = Callable[[str, str], Awaitable[object]]


class Api:
    """What the API answers, and the jobs that it has begun."""

    def __init__(self, latency: float, job: float, ended: Ended) -> None:
        self.latency = latency
        self._job = job
        self._ended = ended
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, method: str, path: str, account: str) -> dict[str, Any]:
        """Return the body of an answer."""
        *_, name, last = path.split("/")
        if last == "create":
            return {"job_id": self._begin(account), "status": "pending"}
        if last == "results":
            number = int(name) if name.isdigit() else 1
            draft = {"image_result_id": number, "image_index": 0, "group_index": 0, "status": "completed"}
            return {
                "job_id": name,
                "job_type": "identity_creation",
                "status": "completed",
                "results": [draft],
            }
        if last == "promote-generated":
            job = self._begin(account)
            return {"identity_code": f"c{job}", "preprocessing_job_id": job, "status": "pending"}
        if last == "by-job":
            lost = {"job_id": f"lost-{account}", "job_type": "identity_creation"}
            return {"jobs": [lost], "pagination": {"has_next": False}}
        if last == "status":
            return {"preprocessing_status": "completed", "status": "completed"}
        return {"identities": [], "pagination": {"has_next": False}, "method": method}

    def _begin(self, account: str) -> str:
        job = str(next(self._numbers))
        task = asyncio.create_task(self._run(account, job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _run(self, account: str, job: str) -> None:
        await asyncio.sleep(self.latency + self._job)
        await self._ended(account, job)


class Connection(asyncio.Protocol):
    """One connection: a request, its answer after a while, the next request."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request when it is whole."""
        self._received += data
        head, end, body = self._received.partition(_HEAD_END)
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines)
        if len(body) < int(fields.get("content-length", 0)):
            return
        self._received = b""
        method, target, _ = first.split(" ")
        account = fields["authorization"].removeprefix("bearer ")
        answer = json.dumps(self._api.answer(method, target.partition("?")[0], account)).encode()
        opening = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
        )
        asyncio.get_running_loop().call_later(
            self._api.latency, self._transport.write, opening.encode() + answer
        )


async def serve(port: int, latency: float, job: float) -> None:
    """Serve until the process is ended."""
    connection = connect_async(process_redis_url())
    functions = AsyncFunctions(connection, ledger_library(settings()))
    timers = Timers(connection, functions)
    events = itertools.count(1)

    async def ended(account: str, job: str) -> None:
        await functions.run(commands.wake(account, f"event-{next(events)}", job=job, live=True))

    api = Api(latency, job, ended)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(api), "127.0.0.1", port, backlog=4096
    )
    async with server:
        await asyncio.gather(timers.wake(), timers.hear())


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
