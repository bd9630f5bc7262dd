"""Starts further Python processes with our modules, and handles signals in an asyncio loop."""

import asyncio
import ctypes
import errno
import signal
import socket
import sys
import termios
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

#: The folder that holds the rooms: the tree, or `identity_worker/_rooms` where the wheel is installed.
ROOMS = Path(__file__).resolve().parent.parent

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

# `-m` would look in the current folder first, and in an installation not here at all.
# SIGHUP must not end a worker that is just beginning anew for one: it is heard again when there is something
# to end.
_RUN = (
    "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules, with arguments, by this Python."""
    return [sys.executable, "-P", "-c", _RUN, str(ROOMS), module, *arguments]


def end_with_parent() -> None:
    """Have this process told to end when the thread that started it ends, however that does; Linux only."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def sign() -> str:
    """Return a new name under which a process signs in; it begins with this machine's or container's name."""
    return f"{socket.gethostname()}:{uuid.uuid4().hex}"


def is_from_here(name: str) -> bool:
    """Return whether a process with that name is one of this machine, or of this container."""
    return name.startswith(f"{socket.gethostname()}:")


def hear(number: signal.Signals, act: Callable[[], None]) -> None:
    """Run `act` in this loop whenever the signal comes; must be called in the main thread."""
    loop = asyncio.get_running_loop()

    def told(*_: object) -> None:
        with suppress(RuntimeError):  # the loop has closed: all of it is over
            loop.call_soon_threadsafe(act)

    signal.signal(number, told)


def terminal_is_closed() -> bool:
    """Whether the log of this process goes to a terminal that is gone."""
    try:
        termios.tcgetattr(2)
    except termios.error as error:
        return bool(error.args[0] == errno.EIO)  # of what is no terminal it is ENOTTY
    return False


def reload_at_sighup(reload: Callable[[], object] = lambda: None) -> None:
    """Run `reload` at SIGHUP; where that says that the terminal was closed, end as at SIGTERM.

    Must be called in the main thread.
    """

    def told(*_: object) -> None:
        if terminal_is_closed():
            signal.raise_signal(signal.SIGTERM)
        else:
            reload()

    signal.signal(signal.SIGHUP, told)


def cancel_at_signals(task: "asyncio.Task[None]") -> None:
    """Cancel a task of this loop at SIGTERM or SIGINT, once; must be called in the main thread."""

    def cancel() -> None:
        if not task.cancelling():  # the second time would break into the tidying up
            task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        hear(number, cancel)


def ignore() -> None:
    """Ignore all further signals to end or to reload, as this process ends."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
