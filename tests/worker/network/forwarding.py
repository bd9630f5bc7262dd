"""A forward proxy that connects to one place, whatever it is asked for, or answers as a test has it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import parse_headers
from socketserver import StreamRequestHandler, ThreadingTCPServer

from scripted_server import HANGING, in_thread
from support import DEADLINE


@dataclass
class Asked:
    """What the proxy was asked for."""

    method: str
    place: str
    headers: Message


class ForwardProxy(ThreadingTCPServer):
    """A proxy; `answer`: what it answers in place of connecting, if anything."""

    daemon_threads = False

    def __init__(self, port: int, answer: bytes | str, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.to, self.answer = port, answer
        self.asked: list[Asked] = []
        self.let_go = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Connection(StreamRequestHandler):
    server: ForwardProxy

    def handle(self) -> None:
        with suppress(OSError):
            self.converse()

    def converse(self) -> None:
        method, place, _ = self.rfile.readline().decode().split()
        self.server.asked.append(Asked(method, place, parse_headers(self.rfile)))
        if self.server.answer == HANGING:
            self.server.let_go.wait(DEADLINE)
        elif isinstance(self.server.answer, bytes) and self.server.answer:
            self.wfile.write(self.server.answer)
        else:
            self.relay()

    def relay(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.to)) as there:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(there, self.connection))
            back.start()
            _pass_on(self.connection, there)
            back.join(10)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while piece := one.recv(65_536):
            other.sendall(piece)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def forwarding(
    port: int, answer: bytes | str = b"", tls: ssl.SSLContext | None = None
) -> Iterator[ForwardProxy]:
    """Run a proxy that connects to a port of this machine for the length of the block."""
    with ForwardProxy(port, answer, tls) as proxy, in_thread(proxy, proxy.let_go):
        yield proxy
