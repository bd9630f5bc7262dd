"""A server of its own on a free port, which an experiment can kill, freeze and start again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from cli.demo.ports import free_port
from tests.servers.certificates import Certificates
from tests.servers.held_port import hold

#: What a server is started by, unless an experiment names another one; Debian's package `redis-server`.
PROGRAM = ("redis-server",)
#: As all servers must be on which money is recorded.
DURABLE = ("appendonly yes", "appendfsync always")
#: Seconds that a server may take to do anything: many, as they cost nothing where all is well.
PATIENCE = 60.0


def until(condition: Callable[[], object]) -> None:
    """Return once it is so; an error of Redis means not yet."""
    end = time.monotonic() + PATIENCE
    while True:
        with suppress(redis.RedisError):
            if condition():
                return
        assert time.monotonic() < end, f"not within {PATIENCE:.0f} s: {condition}"
        time.sleep(0.02)


class Server:
    """A process with its folder, port and configuration; all ways to hurt it are safe in any order."""

    def __init__(
        self,
        folder: Path,
        lines: Iterable[str] = DURABLE,
        *,
        program: Sequence[str] = PROGRAM,
        sentinel: bool = False,
        password: str = "",
        tls: Certificates | None = None,
        host: str = "127.0.0.1",
        port: int | None = None,
    ) -> None:
        """`lines` are those of its configuration; with `tls`, its port speaks nothing else."""
        folder.mkdir(parents=True)
        self.folder, self.password, self.tls = folder, password, tls
        self.host, self.port = host, port or free_port()
        config = folder / "server.conf"
        given = [*self._place(), *lines]
        if password:
            given += [f'requirepass "{password}"', *([] if sentinel else [f'masterauth "{password}"'])]
        config.write_text("\n".join([*given, ""]))
        self._command = [*program, str(config), *(["--sentinel"] if sentinel else [])]
        self._process: subprocess.Popen[bytes] | None = None
        self._is_frozen = False
        self._held: socket.socket | None = None
        self.client = self.connect()

    def _place(self) -> list[str]:
        lines = [f"bind {self.host}", f'dir "{self.folder}"', "loglevel notice"]
        if self.tls is None:
            return [*lines, f"port {self.port}"]
        return [*lines, "port 0", f"tls-port {self.port}", *self.tls.lines()]

    @property
    def address(self) -> str:
        """Host and port, as they stand in a URL."""
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """The process; raises RuntimeError where it is down."""
        if self._process is None:
            raise RuntimeError("the server is down")
        return self._process.pid

    def connect(self, **more: Any) -> "redis.Redis":
        """Return a client of this very server, whose answers are text; `more` are redis-py's options."""
        given: dict[str, Any] = {"socket_timeout": 10, "decode_responses": True, "password": self.password}
        given["retry"] = Retry(NoBackoff(), 0)  # by itself it tries for seconds whether a dead server lives
        given |= {} if self.tls is None else self.tls.options()
        return redis.Redis(self.host, self.port, **(given | more))

    def start(self) -> None:
        """Start it, on what it had synced; return once it answers."""
        self.begin()
        until(self.answers)

    def begin(self) -> None:
        """Start it without waiting."""
        self._let_go()
        if self._process is None:
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def answers(self) -> bool:
        """Return whether it is up and answers; raises AssertionError with its log where it has ended."""
        if self._process is None or self._is_frozen:
            return False
        if self._process.poll() is not None:
            raise AssertionError(f"the server has ended: {(self.folder / 'log').read_text()[-2000:]}")
        with suppress(redis.ConnectionError, redis.TimeoutError):
            return bool(self.client.ping())
        return False

    def kill(self) -> None:
        """End it as a crash would."""
        self.thaw()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._held = hold(self.host, self.port)

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def freeze(self) -> None:
        """Let every command go unanswered until `thaw`: to all others it looks cut off."""
        if self._process is not None:
            os.kill(self.pid, signal.SIGSTOP)
            self._is_frozen = True

    def thaw(self) -> None:
        """Let a frozen server go on."""
        if self._is_frozen:
            os.kill(self.pid, signal.SIGCONT)
            self._is_frozen = False

    def role(self) -> str:
        """Return `master` or `slave`, as it says itself."""
        return str(self.client.role()[0])

    def has_caught_up(self) -> bool:
        """Return whether it is a replica with all that its primary had when they connected."""
        return self.client.info("replication").get("master_link_status") == "up"

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self._let_go()
        self.client.close()


@contextmanager
def closing(servers: Sequence[Server]) -> Iterator[None]:
    """End all servers at the end of the block."""
    try:
        yield
    finally:
        for server in servers:
            server.close()


@contextmanager
def server(folder: Path, lines: Iterable[str] = DURABLE, **how: Any) -> Iterator[Server]:
    """Run one server for the length of the block."""
    one = Server(folder, lines, **how)
    with closing([one]):
        one.start()
        yield one
