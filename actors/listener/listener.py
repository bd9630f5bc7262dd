"""The listener process: leases accounts, follows their event streams, runs the timers.

One asyncio process. Any number may run: an account is followed by the one that holds its lease, timers are
taken by whoever comes first.
"""

import asyncio
import signal
import uuid
from collections.abc import Mapping
from time import monotonic

import httpx
import redis
from pydantic import SecretStr

from actors.listener.cleaner import Cleaner
from actors.listener.following import Following
from actors.listener.tasks import end, stopping
from actors.listener.timers import Timers
from actors.reloading import reload_accounts
from config import durations, logs
from config.accounts import Account, load_accounts
from config.backoff import backoff
from config.logs import Trouble
from config.processes import hear
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.network.descriptors import allow_many
from worker.network.pool import tls
from worker.store.connection import connect_async
from worker.store.functions import AsyncFunctions

log = logs.get("listener")

#: Connections of the timers and of the leases, beside those that the accounts share, which may all be busy: a
#: timer must not be late for that, nor a lease lost. One of the timers' waits for alarms.
_TIMERS_CONNECTIONS = 2
_LEASES_CONNECTIONS = 64
#: Streams that are opened at once: of a thousand, the last one would wait past its time.
_OPENINGS = 32


class Listener:
    """Follows the accounts and the timers until it is cancelled."""

    def __init__(self, settings: Settings, accounts: Mapping[str, Account], url: str) -> None:
        self._settings = settings
        self._accounts = accounts
        self._redis = connect_async(url)
        self._timers_redis = connect_async(url, _TIMERS_CONNECTIONS)
        self._leases_redis = connect_async(url, _LEASES_CONNECTIONS)
        self._library = ledger_library(settings)
        self._functions = AsyncFunctions(self._redis, self._library)
        self._leases = AsyncFunctions(self._leases_redis, self._library)
        self._id = uuid.uuid4().hex
        self._attending: dict[tuple[str, SecretStr], asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._trouble = Trouble(log, "lease.redis")
        self._openings = asyncio.Semaphore(_OPENINGS)
        # Each client would make one of its own: 39 ms of processor and 700 KB for each account.
        self._tls = tls()

    def change(self, accounts: Mapping[str, Account]) -> None:
        """Follow these accounts from now on; unchanged ones are followed without a break."""
        self._accounts = accounts
        self._changed.set()

    async def run(self) -> None:
        """Run until cancelled; give the leases back at the end."""
        timers = Timers(self._timers_redis, AsyncFunctions(self._timers_redis, self._library))
        always = [asyncio.create_task(each) for each in (timers.wake(), timers.hear())]
        try:
            while not stopping():
                self._changed.clear()
                await self._attend_all()
                await self._until_changed(always)
        finally:
            await asyncio.gather(*map(end, (*always, *self._attending.values())))
            for client in (self._redis, self._timers_redis, self._leases_redis):
                await client.aclose()

    async def _attend_all(self) -> None:
        """Stop following accounts that are gone or changed, and begin to follow new ones."""
        wanted = {(account.name, account.token): account for account in self._accounts.values()}
        gone = [self._attending.pop(key) for key in self._attending.keys() - wanted.keys()]
        await asyncio.gather(*map(end, gone))
        for key in wanted.keys() - self._attending.keys():
            self._attending[key] = asyncio.create_task(self._attend(wanted[key]))

    async def _until_changed(self, always: list["asyncio.Task[None]"]) -> None:
        changed = asyncio.create_task(self._changed.wait())
        try:
            tasks = [changed, *always, *self._attending.values()]
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()  # the others do not end by themselves, so this raises what one ended with
        finally:
            await end(changed)

    async def _attend(self, account: Account) -> None:
        """Follow an account for as long as its lease is ours."""
        again = backoff(durations.LEFT_MOST_SECONDS)
        while not stopping():
            if not await self._lease(account):
                await asyncio.sleep(durations.LEASE_RENEW_SECONDS)
                continue
            log.info("account.leased", account=account.name)
            began = monotonic()
            following = asyncio.create_task(self._follow(account))
            try:
                while await self._lease(account) and not following.done() and not stopping():
                    await asyncio.wait([following], timeout=durations.LEASE_RENEW_SECONDS)
            finally:
                try:
                    await end(following)
                finally:
                    why = None if following.cancelled() else following.exception()
                    log.info("account.left", account=account.name, why=why and repr(why))
                    await self._give_back(account)
            # What a right that is missing ended ends at once again, and each time a stream was opened.
            if why is None or monotonic() - began > durations.LEFT_MOST_SECONDS:
                again = backoff(durations.LEFT_MOST_SECONDS)
            await asyncio.sleep(durations.LEASE_AGAIN_SECONDS if why is None else next(again))

    async def _lease(self, account: Account) -> bool:
        try:
            return await self._leases.run(commands.lease(account.name, self._id, durations.LEASE_MS))
        except redis.RedisError as error:
            self._trouble.met(account=account.name, error=str(error))
            return False

    async def _give_back(self, account: Account) -> None:
        try:
            await asyncio.shield(self._leases.run(commands.release(account.name, self._id)))
        except redis.RedisError as error:
            self._trouble.met(account=account.name, error=str(error))

    async def _follow(self, account: Account) -> None:
        """Read the account's events, and delete those that were ours."""
        # A client for each stream: one pool for thousands of streams is searched at every request.
        async with httpx.AsyncClient(verify=self._tls, follow_redirects=False, trust_env=False) as client:
            cleaner = Cleaner(client, self._redis, self._settings.api_url, account)
            cleaning = asyncio.create_task(cleaner.run())
            try:
                if self._settings.events == "webhook":
                    await cleaning  # which never ends; the events come by `identity-worker web`
                else:
                    await self._following(client, account, cleaner).run()
            finally:
                await end(cleaning)

    def _following(self, client: httpx.AsyncClient, account: Account, cleaner: Cleaner) -> Following:
        return Following(client, self._functions, self._settings, account, self._id, cleaner, self._openings)


async def listen(settings: Settings, url: str) -> None:
    """Run a listener until SIGTERM or SIGINT; at SIGHUP the accounts are read again."""
    listener = Listener(settings, load_accounts(settings), url)
    allow_many()
    running = asyncio.create_task(listener.run())

    def stop() -> None:
        if not running.cancelling():  # the second time would break into the tidying up
            running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        hear(number, stop)
    hear(signal.SIGHUP, lambda: reload_accounts(settings, listener.change))
    try:
        await running
    except asyncio.CancelledError:
        log.info("listener.stopped")
