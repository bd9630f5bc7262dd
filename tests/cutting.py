"""A TCP proxy that breaks a connection once, at a request that the test names, or at its answer."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

#: Bytes that are passed on at once: every request of the tests is one such piece.
PIECE = 65_536


@dataclass
class Cutting:
    """A proxy in front of a Redis; each cut ends one connection, and others go on."""

    upstream: tuple[str, int]
    port: int
    done: threading.Event = field(default_factory=threading.Event)
    """Set when the cut was made."""
    _markers: tuple[bytes, ...] = ()
    _with_answer: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Return the URL of the Redis behind it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def cut_request(self, *markers: str) -> None:
        """Let the next request that has all these texts in it never arrive."""
        self._cut(markers, with_answer=False)

    def cut_answer(self, *markers: str) -> None:
        """Let the next request that has all these texts in it arrive, but not its answer."""
        self._cut(markers, with_answer=True)

    def _cut(self, markers: Sequence[str], *, with_answer: bool) -> None:
        with self._lock:
            self.done.clear()
            self._markers, self._with_answer = tuple(each.encode() for each in markers), with_answer

    def relay(self, client: socket.socket) -> None:
        """Pass on what one client and the server say, until either has ended or the cut is made."""
        unheard = threading.Event()
        with client, socket.create_connection(self.upstream) as server:
            answers = threading.Thread(target=_pass_on, args=(server, client, unheard))
            answers.start()
            cut = False
            with suppress(OSError):
                while not cut and (piece := client.recv(PIECE)):
                    cut = self._is_meant(piece)
                    if cut:
                        unheard.set()
                    if not cut or self._with_answer:
                        server.sendall(piece)
            # Also when the client was killed, which recv raises. Not both ways: the server reads what it was
            # sent, and then ends its side.
            with suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            answers.join()
        if cut:
            self.done.set()

    def _is_meant(self, piece: bytes) -> bool:
        with self._lock:
            if not self._markers or not all(marker in piece for marker in self._markers):
                return False
            self._markers = ()
            return True


def _pass_on(server: socket.socket, client: socket.socket, unheard: threading.Event) -> None:
    with suppress(OSError):
        while piece := server.recv(PIECE):
            if not unheard.is_set():
                client.sendall(piece)
    _end(client)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting(url: str) -> Iterator[Cutting]:
    """Run a proxy in front of the Redis of `url` for the length of the block; then all is closed."""
    parts = urlsplit(url)
    clients: list[tuple[socket.socket, threading.Thread]] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        proxy = Cutting((parts.hostname or "127.0.0.1", parts.port or 6379), listener.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    thread = threading.Thread(target=proxy.relay, args=(client,))
                    clients.append((client, thread))
                    thread.start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield proxy
        finally:
            # Closing alone would leave the thread in its accept.
            _end(listener)
            accepting.join()
            for client, thread in clients:
                _end(client)
                thread.join()
