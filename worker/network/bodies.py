"""The answers of the pool's connections, and what becomes of a connection once its answer is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import httpcore
import httpx

from worker.network.destinations import CONNECTION_ERRORS
from worker.network.tls import told


class Used(NamedTuple):
    """A connection that may be used again, what it reads from, and of how many calls it was."""

    connection: httpcore.ConnectionInterface
    stream: httpcore.NetworkStream
    calls: int

    def is_open(self) -> bool:
        """Whether the server has left it open: readable means closed, as nobody has asked it anything."""
        return self.connection.is_available() and not self.stream.get_extra_info("is_readable")


class Over(Protocol):
    """Is told that an answer is over, and whether it was read to its end."""

    def __call__(self, *, whole: bool) -> None:
        """Give its connection back."""


class Body(httpx.SyncByteStream):
    """The body of an answer; to close it gives its connection back."""

    def __init__(self, answer: httpcore.Response, over: Over) -> None:
        self._answer, self._over, self._whole = answer, over, False

    def __iter__(self) -> Iterator[bytes]:
        with errors_of_httpx():
            yield from self._answer.iter_stream()
            self._whole = True

    def close(self) -> None:
        """Be done with it, however much was read."""
        self._answer.close()
        self._over(whole=self._whole)


@contextmanager
def errors_of_httpx() -> Iterator[None]:
    """Raise httpcore's errors as httpx's."""
    try:
        yield
    except CONNECTION_ERRORS as error:  # httpx has errors of the same names
        raise getattr(httpx, type(error).__name__)(told(error)) from error
