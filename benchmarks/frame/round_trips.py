"""Counts the round trips of a client to Redis: whenever it sends after it was answered, one begins."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.frame.proxy import passing


class RoundTrips:
    """The count so far, and the URL under which the server is reached by whom it is for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.count = 0
        self._answered: dict[int, bool] = {}

    def asked(self, connection: int, _data: bytes) -> None:
        """Note that a client sends: what comes in several pieces, or is pipelined, is one round trip."""
        if self._answered.get(connection, True):
            self.count += 1
        self._answered[connection] = False

    def answered(self, connection: int, _data: bytes) -> None:
        """Note that the server answers."""
        self._answered[connection] = True


@contextmanager
def counting(redis_url: str, socket_path: Path) -> Iterator[RoundTrips]:
    """Run a proxy before a Redis that listens on a unix socket, on a unix socket of its own."""
    target = urlsplit(redis_url).path
    trips = RoundTrips(f"unix://{socket_path}")

    def connect() -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.connect(target)
        return client

    server = socket.socket(socket.AF_UNIX)
    server.bind(str(socket_path))
    server.listen()
    with passing(server, connect, trips.asked, trips.answered):
        yield trips
