"""The listener process: follows the event streams of its share of the accounts, and runs the timers.

One asyncio process. Any number may run: an account is followed by the one that holds its lease, timers are
taken by whoever comes first.
"""

import asyncio
import gc
from collections.abc import Iterable, Mapping
from contextlib import suppress

from actors.listener.attendance import Attendance
from actors.listener.cleaner import Cleaner
from actors.listener.following import Following, Openings, Surroundings
from actors.listener.leasing import Leasing
from actors.listener.tasks import end, stopping
from actors.listener.timers import Timers
from actors.process.beside import beside
from actors.process.orders_watch import OrdersWatch
from actors.process.owning import Owning
from actors.process.reloading import AccountsWatch
from actors.process.schema_watch import SchemaWatch
from config import durations, logs, processes
from config.accounts.account import Account
from config.accounts.live import Change
from config.accounts.reading import live_accounts
from config.processes import cancel_at_signals, reload_at_sighup
from config.settings import Settings
from worker.ledger.library import ledger_library
from worker.network.descriptors import allow_many
from worker.network.streaming import Connections, Streams
from worker.operations.owners import claim
from worker.shards.shards import shards_of
from worker.store.connection import connect, connect_async
from worker.store.functions import AsyncFunctions, Functions
from worker.tally.bringing import Bringing

log = logs.get("listener")

#: Connections of the timers and the leases, beside those that the streams share, which may all be busy: a
#: timer must not be late for that, nor a lease lost. One of the timers' waits for alarms.
_OWN_CONNECTIONS = 4
#: Streams that are opened at once.
_OPENINGS = 32


class Listener:
    """Follows the accounts and the timers until it is cancelled."""

    def __init__(self, settings: Settings, accounts: Mapping[str, Account], url: str) -> None:
        self._settings = settings
        self._id = processes.sign()
        library = ledger_library(settings)
        self._redis, self._own_redis = connect_async(url), connect_async(url, _OWN_CONNECTIONS)
        own = AsyncFunctions(self._own_redis, library)
        self._timers = Timers(self._own_redis, own)
        connections = Connections()
        self._streams = Streams(connections)
        leasing = Leasing(own, self._id)
        self._attendance = Attendance(leasing, self._id, accounts, self._following, self._handled)
        self._cleaner = Cleaner(connections, self._redis, settings, self._attendance.account)
        self._around = Surroundings(
            streams=self._streams,
            functions=AsyncFunctions(self._redis, library),
            settings=settings,
            listener=self._id,
            openings=Openings(_OPENINGS),
            tried=self._attendance.tried,
            handled=self._cleaner.delete,
        )

    def change(self, change: Change) -> None:
        """Follow these accounts from now on; those that are not removed are followed without a break."""
        self._attendance.change(change)

    async def run(self) -> None:
        """Run until cancelled; give the leases back at the end."""
        parts = (self._timers.wake(), self._timers.hear(), self._cleaner.run(), self._attendance.run())
        tasks = [asyncio.create_task(each) for each in parts]
        try:
            while not stopping():
                ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()  # none ends by itself, so this raises what one ended with
        finally:
            await asyncio.gather(*map(end, tasks))
            for client in (self._redis, self._own_redis, self._streams):
                await client.aclose()

    def _following(self, account: Account) -> Following | None:
        """Return what follows an account; its events may come by `identity-worker web` instead."""
        return None if self._settings.events == "webhook" else Following(self._around, account)

    def _handled(self, accounts: Iterable[str]) -> None:
        self._cleaner.read(accounts)


async def listen(settings: Settings, url: str) -> None:
    """Run a listener until SIGTERM or SIGINT; at SIGHUP, and as they change, the accounts are read again."""
    live, loop = live_accounts(settings), asyncio.get_running_loop()
    live.serve(shards_of(url, settings).serves)
    client = connect(url)
    functions = Functions(client, ledger_library(settings))
    claim(functions, live.accounts)
    owning = Owning(functions, live.accounts)
    listener = Listener(settings, live.accounts, url)

    def change(change: Change) -> None:
        owning.change(change)
        with suppress(RuntimeError):  # the loop has closed: all of it is over
            loop.call_soon_threadsafe(listener.change, change)

    watch = AccountsWatch(live, change, owning.settle)
    allow_many()
    running = asyncio.create_task(listener.run())
    collecting = asyncio.create_task(_collect_rarely())
    cancel_at_signals(running)
    reload_at_sighup(watch.tell)
    try:
        with beside(watch, SchemaWatch(settings, url), OrdersWatch(settings, url), Bringing(connect(url))):
            await running
    except asyncio.CancelledError:
        log.info("listener.stopped")
    finally:
        collecting.cancel()
        client.close()


async def _collect_rarely() -> None:
    """Look through all objects for garbage every few minutes, and not whenever there are many new ones.

    Of a thousand streams that takes 150 ms, in which no event is heard.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 1_000_000)
    while True:
        await asyncio.sleep(durations.COLLECT_AGAIN_SECONDS)
        gc.collect()
