"""How a signal tells a process that waits in its main thread to end."""

import select
import signal
import socket


class Ending:
    """Whether this process is to end. A handler of signals may tell it: it takes no lock."""

    def __init__(self) -> None:
        self._is_told = False
        self._heard, self._said = socket.socketpair()

    def __enter__(self) -> "Ending":
        return self

    def __exit__(self, *_: object) -> None:
        self._heard.close()
        self._said.close()

    def tell(self, *_: object) -> None:
        """Tell it to end."""
        if not self._is_told:
            self._is_told = True
            self._said.send(b"!")

    def hear(self) -> None:
        """Let SIGTERM and SIGINT tell it; must be called in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.tell)

    def is_told(self) -> bool:
        """Return whether it was told."""
        return self._is_told

    def wait(self, seconds: float) -> None:
        """Wait so long, or until it is told."""
        select.select([self._heard], [], [], seconds)
