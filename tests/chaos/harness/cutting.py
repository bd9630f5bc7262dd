"""A TCP proxy that loses what a test names: a request to Redis, its answer, a share of these, or all."""

import random
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

#: Bytes that are passed on at once: every request of the tests is one such piece.
PIECE = 65_536
#: Of a socket: that what is not sent is dropped when it is closed (socket(7), SO_LINGER).
_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass
class Cutting:
    """A proxy in front of a Redis; each cut ends one connection, and others go on."""

    upstream: tuple[str, int]
    port: int
    done: threading.Event = field(default_factory=threading.Event)
    """Set when the cut was made."""
    requests: int = 0
    """Requests that came while answers were being lost, and how many of these answers were."""
    lost: int = 0
    _chance: float = 0.0
    _rng: random.Random = field(default_factory=random.Random)
    _markers: tuple[bytes, ...] = ()
    _with_answer: bool = False
    _open: set[tuple[socket.socket, socket.socket, threading.Event]] = field(default_factory=set)
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

    def lose_answers(self, chance: float, seed: int = 0) -> None:
        """From here on let this share of all requests arrive, but not their answers; 0 ends it."""
        with self._lock:
            self._chance, self._rng, self._with_answer = chance, random.Random(seed), True

    def reset(self) -> None:
        """End all connections at once, with what is on its way either way; new ones are let through."""
        with self._lock:
            for client, server, unheard in self._open:
                unheard.set()
                # Once its thread has closed it, it is a reset to the client.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                _end(server)
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RD)

    def _cut(self, markers: Sequence[str], *, with_answer: bool) -> None:
        with self._lock:
            self.done.clear()
            self._markers, self._with_answer = tuple(each.encode() for each in markers), with_answer

    def relay(self, client: socket.socket) -> None:
        """Pass on what one client and the server say, until either has ended or the cut is made."""
        cut = False
        # The server may be down, and does not answer then.
        with client, suppress(OSError), socket.create_connection(self.upstream) as server:
            cut = self._relay(client, server)
        if cut:
            self.done.set()

    def _relay(self, client: socket.socket, server: socket.socket) -> bool:
        """Return whether the cut was made."""
        unheard = threading.Event()
        pair = (client, server, unheard)
        with self._lock:
            self._open.add(pair)
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
        with self._lock:
            self._open.discard(pair)
        return cut

    def _is_meant(self, piece: bytes) -> bool:
        with self._lock:
            if self._chance:
                lost = self._rng.random() < self._chance
                self.requests, self.lost = self.requests + 1, self.lost + lost
                return lost
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
