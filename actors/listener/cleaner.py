"""Deletes events at the API once their effect is in Redis, so that none is replayed.

Guide, *Tracking preprocessing*: DELETE after processing. Only events of our own jobs get here; `wake` and
the recording of a job put them on the list, in the same call as the message that they set off.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import httpx
import redis.asyncio

from actors.listener.tasks import stopping
from config import durations, keys, logs
from config.accounts.account import Account
from config.errors import IdentityWorkerError
from config.logs import Trouble
from config.settings import Settings
from config.times import backoff
from worker.network.streaming import Connections
from worker.piktid.error_status import is_web_page
from worker.piktid.transport import segment

log = logs.get("cleaner")

#: How many deletions run at once: few, since reading the streams goes first.
AT_ONCE = 2
#: Events of an account that wait here; more are found again in Redis.
_MOST = 1_000
#: Bytes that are read of the answer to one.
_LARGEST_ANSWER = 4096


class _RefusedError(IdentityWorkerError):
    """Raised when an event is not deleted, by the API or as it is too early."""


_FAILURES = (_RefusedError, httpx.TransportError, TimeoutError, redis.RedisError)


@dataclass(slots=True)
class _List:
    """The events of an account that are to be deleted, in order, and whether they wait for their turn."""

    events: dict[str, None] = field(default_factory=dict)
    is_queued: bool = False
    pauses: Iterator[float] = field(default_factory=lambda: backoff(durations.CLEAN_PAUSE_MOST_SECONDS))


class Cleaner:
    """Deletes the handled events of all accounts of a listener; `account` returns one that it still has."""

    def __init__(
        self,
        connections: Connections,
        connection: "redis.asyncio.Redis",
        settings: Settings,
        account: Callable[[str], Account | None],
    ) -> None:
        self._connections = connections
        self._redis = connection
        self._url = f"{settings.api_url}/notifications"
        self._replicas = settings.replicas
        self._account = account
        self._lists: dict[str, _List] = {}
        self._turns: asyncio.Queue[str] = asyncio.Queue()
        self._to_read: set[str] = set()
        self._deleted: dict[str, set[str]] = {}
        self._noted = asyncio.Event()
        self._trouble = Trouble(log, "cleaner.redis")

    def delete(self, account: str, event: str) -> None:
        """Have an event deleted that is on the account's list in Redis."""
        events = self._lists.setdefault(account, _List())
        if len(events.events) < _MOST:
            events.events.setdefault(event)
            self._queue(account)

    def read(self, accounts: Iterable[str]) -> None:
        """Have all events deleted that are on these accounts' lists."""
        self._to_read.update(accounts)
        self._noted.set()

    async def run(self) -> None:
        """Delete until cancelled, and try again what failed: an event that stays is only replayed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_books())
            for _ in range(AT_ONCE):
                tasks.create_task(self._take_turns())

    async def _keep_books(self) -> None:
        """Take what is deleted off the lists in Redis, and read those that are to be read, many at once."""
        while not stopping():
            await self._noted.wait()
            self._noted.clear()
            try:
                await self._cross_off()
                await self._read_lists()
            except redis.RedisError as error:
                self._trouble.met(error=str(error))
                self._noted.set()
                await asyncio.sleep(durations.BACKOFF_MOST_SECONDS)
            await asyncio.sleep(durations.CLEAN_GATHER_SECONDS)

    async def _cross_off(self) -> None:
        deleted = {account: list(events) for account, events in self._deleted.items()}
        if not deleted:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for account, events in deleted.items():
                pipe.zrem(keys.HANDLED(account), *events)
            await pipe.execute()
        for account, gone in deleted.items():
            self._deleted[account].difference_update(gone)
            if not self._deleted[account]:
                del self._deleted[account]

    async def _read_lists(self) -> None:
        accounts = list(self._to_read)
        if not accounts:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for account in accounts:
                pipe.zrange(keys.HANDLED(account), 0, _MOST - 1)
            lists = await pipe.execute()
        self._to_read.difference_update(accounts)
        for account, events in zip(accounts, lists, strict=True):
            for event in set(events) - self._deleted.get(account, set()):
                self.delete(account, event)

    def _queue(self, account: str) -> None:
        events = self._lists.get(account)
        if events and not events.is_queued:
            events.is_queued = True
            self._turns.put_nowait(account)

    async def _take_turns(self) -> None:
        while not stopping():
            name = await self._turns.get()
            account, events = self._account(name), self._lists[name]
            if account is None:
                del self._lists[name]  # whoever has its lease now reads the list
                continue
            try:
                await self._confirm(name, events)
                await self._delete_all(account, events)
            except _FAILURES as error:
                pause = next(events.pauses)
                log.warning("events.not_deleted", account=name, error=str(error), again_in=round(pause, 2))
                asyncio.get_running_loop().call_later(pause, self._turns.put_nowait, name)
            else:
                del self._lists[name]

    async def _confirm(self, account: str, events: _List) -> None:
        """Forget what is not on the list in Redis, and wait until replicas have the rest.

        A failover may forget whose an event was. Only the API can tell then, unless it was deleted there.
        """
        if not (self._replicas and events.events):
            return
        key, known = keys.HANDLED(account), list(events.events)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.pexpire(key, durations.REPLAY_KEPT_MS)  # WAIT counts what its own connection has written
            pipe.execute_command("WAIT", self._replicas, durations.REPLICAS_WAIT_MS)
            pipe.zmscore(key, known)
            _, reached, scores = await pipe.execute()
        for event, score in zip(known, scores, strict=True):
            if score is None:
                del events.events[event]
        if reached < self._replicas:
            raise _RefusedError("too few replicas of Redis know what it has set off")

    async def _delete_all(self, account: Account, events: _List) -> None:
        """Delete an account's events, up to the first refusal: most speak of all, as of a token.

        What was refused comes last from then on, so that one event that can't be deleted keeps no other.
        """
        while events.events:
            event = next(iter(events.events))
            try:
                await self._delete(account, event)
            except _FAILURES:
                del events.events[event]
                events.events[event] = None
                raise
            self._deleted.setdefault(account.name, set()).add(event)
            self._noted.set()
            del events.events[event]

    async def _delete(self, account: Account, event: str) -> None:
        headers = {"Authorization": f"Bearer {account.token.get_secret_value()}"}
        url = f"{self._url}/{segment(event)}"
        async with asyncio.timeout(durations.DELETION_SECONDS):
            status, content_type = await self._connections.ask("DELETE", url, headers, _LARGEST_ANSWER)
        # One that is gone already answers 404 (piktid-v2.md 3.4); of a web page's nobody knows.
        is_gone = status == httpx.codes.NOT_FOUND and not is_web_page(content_type)
        if not is_gone and not httpx.codes.is_success(status):
            raise _RefusedError(f"the API answered {status}")
