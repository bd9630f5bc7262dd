"""A proxy on this machine that tells what passes, in both directions, to whoever measures."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: What is told of bytes on their way: of which connection, and the bytes.
Note = Callable[[int, bytes], None]


@contextmanager
def passing(
    server: socket.socket, connect: Callable[[], socket.socket], asked: Note, answered: Note
) -> Iterator[None]:
    """Pass what comes to a server's socket on to a connection of its own, for the length of the block."""
    with server:
        threading.Thread(target=_accept, args=(server, connect, asked, answered), daemon=True).start()
        yield


def _accept(server: socket.socket, connect: Callable[[], socket.socket], asked: Note, answered: Note) -> None:
    with suppress(OSError):  # the block is over
        while True:
            ours, _ = server.accept()
            theirs = connect()
            for each in (ours, theirs):
                if each.family != socket.AF_UNIX:
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            arguments = (ours, theirs, asked, answered)
            threading.Thread(target=_both_ways, args=arguments, daemon=True).start()


def _both_ways(ours: socket.socket, theirs: socket.socket, asked: Note, answered: Note) -> None:
    with ours, theirs:
        number = ours.fileno()
        back = threading.Thread(target=_pass, args=(theirs, ours, answered, number), daemon=True)
        back.start()
        _pass(ours, theirs, asked, number)
        back.join()


def _pass(source: socket.socket, sink: socket.socket, note: Note, number: int) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            note(number, data)
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
