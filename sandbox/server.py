"""Running the sandbox: blocking as a process, or in a thread beside a test."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn

from identity_worker.handle import Sandbox
from sandbox import statefile
from sandbox.account.dialects import DialectName
from sandbox.account.world import World
from sandbox.app import build_app
from sandbox.serving.protocol import protocol_class

HOST = "127.0.0.1"
BACKLOG = 1024
#: A pooled connection is not closed under a client's hands during a run.
KEEP_ALIVE_SECONDS = 75
#: Requests still running at a stop get this long; streams end at once.
STOP_SECONDS = 1


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
    thread = threading.Thread(target=server.run_beside, args=(listener,), name="sandbox", daemon=True)
    thread.start()
    server.ready.wait()
    if server.failure is not None:
        raise server.failure
    try:
        yield Sandbox(_url(listener))
    finally:
        server.stop_from_outside()
        thread.join()


def serve(
    port: int = 8900,
    speed: float = 1.0,
    dialect: DialectName = "guide",
    seed: int | None = None,
    state: Path | None = None,
    announce: Callable[[str], None] | None = None,
    until_closed: bool = False,
    **settings: Any,
) -> None:
    """Run a sandbox until SIGTERM or SIGINT; must be called in the main thread.

    `announce` is called with its address once it listens; port 0 takes a free one. With `until_closed` the
    end of standard input ends it too: of the pipe of who started it, which the kernel closes for the dead.
    Raises OSError when the port can't be had, ValueError for a file that is no state and for wrong settings.
    """
    world = World(speed=speed, dialect=dialect, seed=seed, settings=settings)
    listener = _listen(port)

    def listens() -> None:
        if until_closed:
            threading.Thread(target=_wait_until_closed, args=(server,), daemon=True).start()
        if announce is not None:
            announce(_url(listener))

    server = _Server(world, state, listens)
    server.run([listener])


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


def _wait_until_closed(server: "_Server") -> None:
    # Not by sys.stdin: Python would wait at its end for the lock that a thread which reads it has.
    while os.read(0, 1024):
        pass
    server.stop_from_outside()


def _listen(port: int) -> socket.socket:
    """A listening socket; not `socket.create_server`, whose sockets don't say that they are TCP.

    Asyncio sets TCP_NODELAY only on those that do, and without it each answer waits 40 ms for an ACK.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"port {port} can't be had: {error.strerror}") from None
    return listener


class _Server(uvicorn.Server):
    """Uvicorn, stopped so that open streams end first: it would wait for them for ever."""

    def __init__(self, world: World, state: Path | None, announce: Callable[[], None] | None = None) -> None:
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
        self.announce = announce
        #: Set once it listens, or has failed.
        self.ready = threading.Event()
        self.failure: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keeper: asyncio.Task[None] | None = None

    def run_beside(self, listener: socket.socket) -> None:
        """Run in a thread; what goes wrong is kept for the thread that waits for it to be ready."""
        try:
            self.run([listener])
        except Exception as error:
            self.failure = error
            listener.close()
        finally:
            self.ready.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        if self.state is not None:
            if self.state.exists():
                statefile.load(self.world, self.state)
            statefile.require_writable(self.state)
            self._keeper = asyncio.create_task(statefile.keep(self.world, self.state))
        await super().startup(sockets)
        self.ready.set()
        if self.announce is not None:
            self.announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        await self.world.deliveries.close()
        if self.state is not None and self._keeper is not None:
            self._keeper.cancel()
            statefile.write(statefile.dump(self.world), self.state)

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
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in signals:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
