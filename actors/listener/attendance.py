"""Decides which accounts this listener follows: takes its share of the leases, and follows what it has.

It looks every second or so: it keeps the leases that it has, stops what it lost, gives what others lack,
takes what nobody has. A listener that could not keep its leases until others take it for dead follows nothing
any more.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from time import monotonic

import redis

from actors.listener import shares
from actors.listener.attended import Attended
from actors.listener.following import Following
from actors.listener.leasing import Leasing
from actors.listener.tasks import stopping
from config import durations, logs
from config.accounts.account import Account
from config.accounts.live import Change
from config.logs import Trouble
from config.times import backoff

log = logs.get("listener")

#: How many of its streams may wait to be opened; accounts beyond that are left to other listeners.
_ROOM = 128
#: How many stalled streams are recorded at once.
_STALLS = 64
#: Seconds between two looks, however much there is to do.
_LOOK_AGAIN = 0.05


@dataclass(slots=True)
class _Left:
    """An account whose following ended with an error: not before `until` again."""

    until: float
    pauses: Iterator[float]


class Attendance:
    """The accounts of one listener."""

    def __init__(
        self,
        leasing: Leasing,
        listener: str,
        accounts: Mapping[str, Account],
        follow: Callable[[Account], Following | None],
        handled: Callable[[Iterable[str]], None],
    ) -> None:
        self._leasing = leasing
        self._listener = listener
        self._accounts = accounts
        self._follow = follow
        self._handled = handled
        self._attended: dict[str, Attended] = {}
        self._left: dict[str, _Left] = {}
        self._opening: set[str] = set()
        self._removed: set[str] = set()
        self._to_release: set[str] = set()
        self._listeners = 1
        self._kept_at = self._swept_at = float("-inf")
        self._free, self._free_since = 0, monotonic()
        self._has_new = False
        """Whether there are accounts that another listener may have left events of."""
        self._more = asyncio.Event()
        self._trouble = Trouble(log, "lease.redis")

    def account(self, name: str) -> Account | None:
        """Return an account that is attended."""
        attended = self._attended.get(name)
        return None if attended is None else attended.account

    def change(self, change: Change) -> None:
        """Follow these accounts from now on; those that are not removed are followed without a break."""
        self._accounts = change.accounts
        self._removed |= change.removed
        for name in change.renewed & self._attended.keys():
            self._attended[name].renew(change.accounts[name])
        self._more.set()

    def tried(self, name: str) -> None:
        """Note that an account's stream was opened, or could not be."""
        if name in self._opening:
            self._opening.discard(name)
            if len(self._opening) == _ROOM // 2:
                self._more.set()

    async def run(self) -> None:
        """Attend until cancelled; give the leases back at the end."""
        try:
            while not stopping():
                self._more.clear()
                try:
                    await self._look()
                except redis.RedisError as error:
                    self._trouble.met(error=str(error))
                    if monotonic() > self._kept_at + durations.LEASE_MS / 1000:
                        await self._leave(list(self._attended))
                await asyncio.sleep(_LOOK_AGAIN)
                with suppress(TimeoutError):
                    async with asyncio.timeout(durations.LEASE_RENEW_SECONDS - _LOOK_AGAIN):
                        await self._more.wait()
        finally:
            await asyncio.shield(self._end())

    async def _end(self) -> None:
        self._to_release.update(self._attended)
        await self._leave(list(self._attended))
        try:
            await self._leasing.release(list(self._to_release))
            await self._leasing.sign_out()
        except redis.RedisError as error:
            self._trouble.met(error=str(error))

    async def _look(self) -> None:
        await self._leave_ended()
        await self._leave_removed()
        await self._give_back(())  # what could not be given back before
        if monotonic() >= self._kept_at + durations.LEASE_RENEW_SECONDS:
            await self._keep()
        await self._take()

    async def _keep(self) -> None:
        began, heard = monotonic(), {}
        for name, attended in self._attended.items():
            if attended.following and (ago := attended.following.sign_of_life()) is not None:
                heard[name] = ago
        kept = await self._leasing.keep(list(self._attended), heard, look=self._has_new)
        self._kept_at, self._listeners, self._has_new = began, kept.listeners, False
        given = kept.asked[: shares.to_give(len(self._accounts), kept.listeners, len(self._attended))]
        await self._give_back(given)
        await self._leave(kept.lost)
        await self._follow_again(kept.again)
        self._handled(kept.handled)
        await self._tell_stalled()

    async def _tell_stalled(self) -> None:
        """Report streams that are held back; of many only some at once, so that leases are kept meanwhile."""
        of = (each.following for each in self._attended.values() if each.following)
        for following in list(islice((each for each in of if each.is_stalled), _STALLS)):
            await following.tell_stalled()

    async def _take(self) -> None:
        """Take a part of what nobody has, as much as can be opened soon, and ask for what is lacking."""
        now, room = monotonic(), _ROOM - len(self._opening)
        accounts = self._accounts  # others may be configured while Redis is asked
        others = [name for name in accounts if name not in self._attended and not self._is_left(name, now)]
        most = shares.to_take(len(accounts), self._listeners, len(self._attended))
        if self._free and now > self._free_since + durations.LEASE_MS / 1000:
            most = self._free  # those whose share they would be do not know of them
        is_due = most > 0 or now >= self._swept_at + durations.LEASE_SWEEP_SECONDS
        if not others or room <= 0 or not is_due:
            return
        random.shuffle(others)  # listeners that start together begin at different ones
        holders = await self._leasing.take(others, min(most, room))
        for name, holder in holders.items():
            if holder == self._listener:
                self._begin(self._accounts.get(name, accounts[name]))  # it may have been renewed meanwhile
        if len(holders) == len(others):
            self._swept_at = now
            await self._swept(holders, room)
        elif len(self._opening) <= _ROOM // 2:
            self._more.set()

    async def _swept(self, holders: Mapping[str, str], room: int) -> None:
        """Now that all holders are known, note which accounts nobody has, and ask for what is lacking."""
        of: dict[str, list[str]] = {}
        for name, holder in holders.items():
            of.setdefault(holder, []).append(name)
        of.pop(self._listener, None)
        free = len(of.pop("", ()))
        if not 0 < self._free <= free:  # as long as they become fewer, others are taking them
            self._free_since = monotonic()
        self._free = free
        asked = shares.to_ask(of, len(self._accounts), self._listeners, len(self._attended))[:room]
        if asked:
            await self._leasing.ask(asked)

    def _is_left(self, name: str, now: float) -> bool:
        return name in self._left and now < self._left[name].until

    def _begin(self, account: Account) -> None:
        log.info("account.leased", account=account.name)
        self._has_new = True
        attended = self._attended[account.name] = Attended(account, self._follow(account))
        if attended.following:
            self._opening.add(account.name)
            attended.start(self._more.set)

    async def _leave_ended(self) -> None:
        """Leave the accounts whose following ended, for a while: others may be able to follow them."""
        now = monotonic()
        ended = {name: each for name, each in self._attended.items() if each.task and each.task.done()}
        for name, attended in ended.items():
            # What a right that is missing ended ends at once again, and each time a stream was opened.
            if name not in self._left or now - attended.began > durations.LEFT_MOST_SECONDS:
                self._left[name] = _Left(now, backoff(durations.LEFT_MOST_SECONDS))
            self._left[name].until = now + next(self._left[name].pauses)
        await self._give_back(list(ended))

    async def _leave_removed(self) -> None:
        removed = self._removed - self._accounts.keys()  # one may have come back
        self._removed = set()
        for name in removed:
            self._left.pop(name, None)
        await self._give_back([name for name in removed if name in self._attended])

    async def _give_back(self, names: Sequence[str]) -> None:
        """Leave accounts and give their leases back, now or with the next look."""
        self._to_release.update(names)
        await self._leave(names)
        if self._to_release:
            await self._leasing.release(list(self._to_release))
            self._to_release.clear()

    async def _follow_again(self, names: Sequence[str]) -> None:
        """Open streams again for their replay."""
        again = [each for name in names if (each := self._attended.get(name)) and each.in_step]
        await asyncio.gather(*(each.end() for each in again))
        for each in again:
            each.start(self._more.set)

    async def _leave(self, names: Iterable[str]) -> None:
        """Stop following accounts."""
        left = [self._attended.pop(name) for name in names if name in self._attended]
        for each, why in zip(left, await asyncio.gather(*(each.end() for each in left)), strict=True):
            self._opening.discard(each.account.name)
            log.info("account.left", account=each.account.name, why=why)
