"""The process that our commands are forks of (tests/forking.py): it imports what they need, once.

It gets an order for each, a byte with five files: those that will be its standard ones, the order itself, and
a socket for the process id of the fork, and for its exit code later.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
#: The programs that can be forks, each with the module whose `main` its script calls.
COMMANDS = {
    str(BIN / "identity-worker"): "identity_worker.launcher",
    str(BIN / "dramatiq"): "dramatiq.cli",
}
#: A module that can be one: run by `python -m`, it calls its own `main`.
QUICK = "tests.chaos.programs.quick"
#: Where what they import stands, and what they import at last.
ROOMS = ("config", "worker", "actors", "cli", "web")
LATER = (
    "encodings.idna",
    "rich._emoji_codes",
    "structlog",
    "typer._click._textwrap",
    "typer._click.decorators",
    "anyio._backends._asyncio",
    "anyio.streams.tls",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
)


def main_of(words: Sequence[str]) -> str | None:
    """Return the module whose `main` a command calls, if it can be a fork."""
    if list(words[:3]) == [sys.executable, "-m", QUICK]:
        return QUICK
    return COMMANDS.get(words[0])


def _import_all() -> None:
    sys.path.insert(0, str(ROOT))
    ours = (each for room in ROOMS for each in pkgutil.walk_packages([str(ROOT / room)], f"{room}."))
    for name in (*COMMANDS.values(), QUICK, *LATER, *(module.name for module in ours)):
        importlib.import_module(name)
    sys.path.remove(str(ROOT))
    # What is never looked at again is never written to, and so shared by all forks.
    gc.collect()
    gc.freeze()


def _serve(control: socket.socket) -> list[str]:
    """Fork at each order; return in the fork what it is to run, and nothing when there are no more orders."""
    running: dict[int, int] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 1024)
            for pid, code in _ended():
                _tell(running[pid], code)
                os.close(running.pop(pid))
        if control in ready:
            _, files, _, _ = socket.recv_fds(control, 1, 5)
            if not files:
                return []
            if (pid := os.fork()) == 0:
                control.close()
                return _become(files)
            *others, running[pid] = files
            for each in others:
                os.close(each)


def _ended() -> Iterator[tuple[int, int]]:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended[0], os.waitstatus_to_exitcode(ended[1])


def _tell(status: int, number: int) -> None:
    with suppress(OSError):  # the test that started it is over
        os.write(status, str(number).encode())


def _become(files: Sequence[int]) -> list[str]:
    """Make this fork what the command would be when its script begins; return its words."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    with open(files[3], "rb") as file:  # noqa: PTH123  # a descriptor, not a path
        file.seek(0)
        order = json.load(file)
    if order["session"]:
        os.setsid()
    os.chdir(order["folder"])
    # Not before: whoever knows it may signal the whole session.
    _tell(files[4], os.getpid())
    os.closerange(3, 65_536)
    os.environ.clear()
    os.environ.update(order["environment"])
    if "MONOTONIC_FROM" in os.environ:
        # As those of a script would: they start with each process (tests/chaos/clock).
        sys.modules["sitecustomize"].start_monotonic(float(os.environ["MONOTONIC_FROM"]))
    words: list[str] = order["words"]
    sys.argv = words[2:] if words[0] == sys.executable else words
    # The old ones, made for the files of then, are for the interpreter's end only.
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        setattr(sys, name, open(number, mode, errors=getattr(sys, name).errors, closefd=False))  # noqa: SIM115
    return words


def _run(main: Callable[[], Any]) -> None:
    """Run a command and end as Python does, but for freeing what it holds: 3 ms instead of 50."""
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for the threads, as in multiprocessing's forks
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code or 0)


def _main() -> None:
    # The folder of the script comes first: that of the tests here, of the commands in their forks.
    sys.path[0] = str(BIN)
    _import_all()
    if words := _serve(socket.socket(fileno=int(sys.argv[1]))):
        _run(importlib.import_module(main_of(words)).main)


if __name__ == "__main__":
    _main()
