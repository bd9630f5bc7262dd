"""Running the sandbox: blocking as a process, or in a thread beside a test."""

import asyncio
import contextlib
import http.client
import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn

from sandbox import statefile
from sandbox.app import build_app
from sandbox.dialects import DialectName
from sandbox.protocol import protocol_class
from sandbox.world import World

HOST = "127.0.0.1"
BACKLOG = 1024
#: A pooled connection is not closed under a client's hands during a run.
KEEP_ALIVE_SECONDS = 75
#: Requests still running at a stop get this long; streams end at once.
STOP_SECONDS = 1
START_SECONDS = 10


class Sandbox:
    """A running sandbox as its user sees it: its address, and its controls."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._address = url.removeprefix("http://")

    @staticmethod
    def token(name: str = "demo") -> str:
        """The token of an account, which is also the account's name in the ledger."""
        return f"sandbox-{name}"

    def ledger(self, account: str | None = None) -> dict[str, Any]:
        """The whole ledger, or the part of one account."""
        if account is None:
            whole: dict[str, Any] = self._call("GET", "/_sandbox/ledger")
            return whole
        query = urlencode({"account": account})
        accounts: dict[str, dict[str, Any]] = self._call("GET", f"/_sandbox/ledger?{query}")["accounts"]
        return accounts[account]

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings, of one account with `account=`; gives back those in force."""
        settings: dict[str, Any] = self._call("POST", "/_sandbox/settings", changes)
        return settings

    def faults(self, *rules: dict[str, Any], **rule: Any) -> list[dict[str, Any]]:
        """Add fault rules, given as dicts or one as keywords; gives back all in force."""
        all_rules: list[dict[str, Any]] = self._call(
            "POST", "/_sandbox/faults", [*rules, *([rule] if rule else [])]
        )
        return all_rules

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self._call("DELETE", "/_sandbox/faults")

    def journal(self, account: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """The last requests with their answers, oldest first."""
        query = urlencode({"limit": limit, **({"account": account} if account else {})})
        entries: list[dict[str, Any]] = self._call("GET", f"/_sandbox/journal?{query}")
        return entries

    def reset(self) -> None:
        """Forget all accounts, faults and the journal."""
        self._call("POST", "/_sandbox/reset")

    def _call(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            content = answer.read()
        if answer.status >= 400:
            raise ValueError(f"{method} {path} answered {answer.status}: {content.decode()}")
        return json.loads(content) if content else None


@contextlib.contextmanager
def running(
    *,
    speed: float = 1.0,
    port: int = 0,
    dialect: DialectName = "guide",
    seed: int | None = None,
    state: Path | None = None,
    **settings: Any,
) -> Iterator[Sandbox]:
    """Run a sandbox in a thread of this process until the block ends; port 0 takes a free one."""
    server = _Server(World(speed=speed, dialect=dialect, seed=seed, settings=settings), state)
    listener = _listen(port)
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    if not server.ready.wait(START_SECONDS):
        raise RuntimeError("The sandbox did not start; the log of its thread says why")
    try:
        yield Sandbox(f"http://{HOST}:{listener.getsockname()[1]}")
    finally:
        server.stop_from_outside()
        thread.join()


def serve(
    port: int = 8900,
    speed: float = 1.0,
    dialect: DialectName = "guide",
    seed: int | None = None,
    state: Path | None = None,
) -> None:
    """Run a sandbox until SIGTERM or SIGINT; must be called in the main thread."""
    server = _Server(World(speed=speed, dialect=dialect, seed=seed), state)
    server.run([_listen(port)])


def _listen(port: int) -> socket.socket:
    """A listening socket; not `socket.create_server`, whose sockets don't say that they are TCP.

    Asyncio sets TCP_NODELAY only on those that do, and without it each answer waits 40 ms for an ACK.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """Uvicorn, stopped so that open streams end first: it would wait for them for ever."""

    def __init__(self, world: World, state: Path | None) -> None:
        config = uvicorn.Config(
            build_app(world),
            http=protocol_class(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        super().__init__(config)
        self.world = world
        self.state = state
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        if self.state is not None and self.state.exists():
            statefile.load(self.world, self.state)
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        await self.world.deliveries.close()
        if self.state is not None:
            statefile.save(self.world, self.state)

    def stop(self) -> None:
        """End the streams and let uvicorn finish; runs in the event loop."""
        self.world.hub.close()
        self.should_exit = True

    def stop_from_outside(self) -> None:
        """The same, from another thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.stop)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on signals without raising them again afterwards, so that the process exits with 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
