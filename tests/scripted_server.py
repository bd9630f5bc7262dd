"""A server that gives canned answers in turn, or fails to, and keeps what it was asked."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import parse_headers
from itertools import chain, repeat
from socketserver import BaseServer, StreamRequestHandler, ThreadingTCPServer
from typing import cast

from support import DEADLINE

HANGING = "take the headers, answer nothing"

RESET = "reset the connection"

#: Seconds between two bytes of an answer that drips.
DRIP = 0.01


class Cut(bytes):
    """An answer after which the connection is closed, whatever it promised."""


class Pieces(tuple[bytes, ...]):
    """An answer that is sent piece by piece; at an empty piece, the peer falls silent."""

    __slots__ = ()

    def __new__(cls, *pieces: bytes) -> "Pieces":
        return super().__new__(cls, pieces)


class Dripping(bytes):
    """An answer that comes byte by byte, the last one again and again, until the peer has had enough."""


@dataclass
class Seen:
    """One request as the server got it."""

    method: str
    path: str
    headers: Message
    body: bytes


def answer(status: int, body: object = None, headers: dict[str, str] | None = None) -> bytes:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = {"Content-Length": str(len(content)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Text\r\n{head}\r\n".encode() + content


class Server(ThreadingTCPServer):
    """Gives its canned answers in turn: bytes as they stand, or a way to give none."""

    daemon_threads = False

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Connection)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.answers: list[bytes | str | Pieces] = []
        self.seen: list[Seen] = []
        self.connections: list[int] = []
        """The client's port of each, in the order in which they were made."""
        self.arrived, self.let_go, self.closed = threading.Event(), threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Connection(StreamRequestHandler):
    """One connection, kept open from answer to answer."""

    server: Server

    def handle(self) -> None:
        self.server.connections.append(self.client_address[1])
        with suppress(ConnectionError):  # the client may hang up on an answer that it finds too long
            self.converse()

    def converse(self) -> None:
        while line := self.rfile.readline():
            method, path, _ = line.decode().split()
            headers = parse_headers(self.rfile)
            reply = self.server.answers.pop(0)
            self.server.arrived.set()
            if reply == HANGING:
                self.server.seen.append(Seen(method, path, headers, b""))
                self.server.let_go.wait(DEADLINE)
                return
            body = self.rfile.read(int(headers.get("Content-Length", 0)))
            self.server.seen.append(Seen(method, path, headers, body))
            if reply == RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if isinstance(reply, Pieces):
                self.send_pieces(reply)
                return
            if isinstance(reply, Dripping):
                self.drip(reply)
                return
            self.wfile.write(cast("bytes", reply))
            if isinstance(reply, Cut):
                return

    def send_pieces(self, pieces: Pieces) -> None:
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            self.wfile.write(piece)
            if not piece:
                self.server.let_go.wait(DEADLINE)

    def drip(self, reply: bytes) -> None:
        for byte in chain(reply, repeat(reply[-1])):
            self.wfile.write(bytes([byte]))
            if self.server.let_go.wait(DRIP):
                return

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.server.closed.set()


@contextmanager
def serving(
    *answers: bytes | str | Pieces,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Server]:
    """Run a server on this machine that gives these answers in turn, over TLS if a context is given."""
    with Server(tls, host, port) as server:
        server.answers = list(answers)
        with in_thread(server, server.let_go):
            yield server


@contextmanager
def in_thread(server: BaseServer, let_go: threading.Event) -> Iterator[None]:
    """Serve in a thread for the length of the block, then set the event on which its connections wait."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        let_go.set()
        server.shutdown()
        thread.join(10)
