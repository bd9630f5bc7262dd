"""A server of event streams and nothing else: it must cost less than who reads them.

    python -m benchmarks.sse PORT

Any token is an account. A stream has no kept events, and a comment every 15 seconds, as the API's. Control:
`GET /_streams` answers how many are open, and of how many accounts; `POST /_events` with `tokens` and
`per_second` writes event number n to the n-th token, about a job of the same number; `GET /_sent` answers
when each was written, seconds since 1970.
"""

import asyncio
import json
import random
import re
import sys
import time
from typing import Any, cast

#: Seconds between two comments (piktid-v2.md 3.2).
KEEPALIVE = 15.0
_OPENED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TOKEN = re.compile(rb"authorization: *bearer +(\S+)", re.IGNORECASE)


class _Server:
    """The open streams by token, and what was written to them."""

    def __init__(self) -> None:
        self.streams: dict[str, list[asyncio.Transport]] = {}
        self.sent: list[float] = []
        self._writing: asyncio.Task[None] | None = None

    def connection(self) -> "_Connection":
        """Return what reads one connection."""
        return _Connection(self)

    def control(self, path: str, body: bytes) -> Any:
        """Answer a request that is no client's."""
        if path == "/_streams":
            return {"streams": sum(map(len, self.streams.values())), "accounts": len(self.streams)}
        if path == "/_events":
            given = json.loads(body)
            self._writing = asyncio.create_task(self._write(given["tokens"], given["per_second"]))
            return {}
        return self.sent

    async def _write(self, tokens: list[str], per_second: float) -> None:
        self.sent = []
        pauses, due = random.Random(len(tokens)), time.monotonic()
        for number, token in enumerate(tokens):
            due += pauses.expovariate(per_second)
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            event = {"id": number, "name": "completed", "data": {"id_task": f"job-{number}"}}
            self.sent.append(time.time())
            for stream in self.streams.get(token, ()):
                stream.write(_chunk(f"data: {json.dumps(event)}\n\n".encode()))


class _Connection(asyncio.Protocol):
    """One connection: requests one after the other, the last of them may be a stream."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._received = b""
        self._token: str | None = None
        self._keepalive: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, rest = self._received[:end], self._received[end + 4 :]
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self._received = rest[size:]
            self._answer(head, rest[:size])

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the stream."""
        if self._keepalive is not None:
            self._keepalive.cancel()
        if self._token is not None:
            open_ones = self._server.streams[self._token]
            open_ones.remove(self._transport)
            if not open_ones:
                del self._server.streams[self._token]

    def _answer(self, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        if path.startswith("/_"):
            answer = json.dumps(self._server.control(path, body)).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
        elif method == "DELETE":
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        else:
            token = _TOKEN.search(head)
            self._token = token[1].decode() if token else ""
            self._server.streams.setdefault(self._token, []).append(self._transport)
            self._transport.write(_OPENED + _chunk(b"event: backfill_complete\ndata: {}\n\n"))
            self._keepalive = asyncio.get_running_loop().call_later(KEEPALIVE, self._keep_alive)

    def _keep_alive(self) -> None:
        self._transport.write(_chunk(b": keepalive\n\n"))
        self._keepalive = asyncio.get_running_loop().call_later(KEEPALIVE, self._keep_alive)


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


async def serve(port: int) -> None:
    """Serve on this machine until cancelled."""
    made = _Server()
    server = await asyncio.get_running_loop().create_server(made.connection, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    from worker.network.descriptors import allow_many

    allow_many()
    asyncio.run(serve(int(sys.argv[1])))
