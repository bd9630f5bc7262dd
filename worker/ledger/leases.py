"""The commands of the listeners: their leases on accounts, and what the accounts' event streams have done.

The archivers' command, for their rights, stands here too. The commands are made as those of
`worker.ledger.commands`. A listener has a lease for as long as its name stands there and it signs in
(`worker/ledger/lua/lib/listeners.lua`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from config import durations, keys
from config.recorded.key import Key
from worker.store.functions import Command, flag, nothing, number, texts

#: Accounts of one call: none may keep the server for longer than a few milliseconds.
MOST = 500
#: What an event stream has done (`worker/ledger/lua/accounts/followed.lua`).
StreamStep = Literal["opened", "replayed", "unread", "stalled", "ended"]
#: What one archiver at a time may do: archive a brief, and look for what is not in the archive at a place.
RIGHTS = {keys.ARCHIVING: "ARCHIVING", keys.ARCHIVE_LOOK: "ARCHIVE_LOOK"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What has come of leases that were to be kept: how many listeners are alive, and accounts."""

    listeners: int
    lost: Sequence[str]
    """Another listener has them."""
    asked: Sequence[str]
    """Another listener asks for them."""
    again: Sequence[str]
    """Their streams are to be opened again, for the replay."""
    handled: Sequence[str]
    """They have events to delete."""


def keep(
    accounts: Sequence[str],
    listener: str,
    *,
    renew: bool = False,
    heard: Mapping[str, int] | None = None,
    look: bool = False,
) -> Command[Kept]:
    """Keep the leases of at most MOST accounts; this is also the listener's sign of life, even with none.

    `renew` puts their ends off; `heard`: how many ms ago the streams gave a sign of life that is to be put on
    record; `look`: also for events to delete.
    """
    given: dict[str, Any] = {"accounts": list(accounts), "listener": listener, "heard": heard or None}
    given |= {"renew": renew or None, "look": look or None}
    return Command("keep", keys.LISTENERS(), _kept, given)


def take(accounts: Sequence[str], listener: str, most: int) -> Command[list[str]]:
    """Take at most `most` leases that no living listener has, among 1 to MOST accounts.

    Answers who has each lease now; "" for nobody.
    """
    given = {"accounts": list(accounts), "listener": listener, "most": most}
    return Command("take", keys.LISTENERS(), texts, given)


def ask(accounts: Sequence[str], listener: str) -> Command[None]:
    """Ask the listeners that have the leases of 1 to MOST accounts to give them up."""
    return Command("ask", keys.ASKED(), nothing, {"accounts": list(accounts), "listener": listener})


def release(accounts: Sequence[str], listener: str, *, out: bool = False) -> Command[int]:
    """Give leases of at most MOST accounts back; answers how many the listener had. `out`: it ends."""
    given = {"accounts": list(accounts), "listener": listener, "out": out or None}
    return Command("release", keys.LISTENERS(), number, given)


def followed(account: str, listener: str, what: StreamStep, why: str | None = None) -> Command[bool]:
    """Put on record what an event stream has done; answers whether the listener has the lease."""
    given = {"account": account, "listener": listener, "what": what, "why": why}
    return Command("followed", keys.STREAM(account), flag, given)


def hold(
    right: Key, of: str, archiver: str, ms: int | None, *, take: bool = False, instead: str | None = None
) -> Command[bool]:
    """Take or keep an archiver's right for so long, None: give it back; answers whether it has or had it.

    `right` is one of RIGHTS; `instead` stands there for so long when the archiver is done.
    """
    given = {"right": RIGHTS[right], "of": of, "holder": archiver, "ms": ms}
    return Command("hold", right(of), flag, given | {"take": take or None, "instead": instead})


def holder(lease: str | None, listeners: Mapping[str, float], now: int) -> str | None:
    """Return the listener that has a lease, None for nobody; `listeners`: their last signs of life, ms.

    One that does not sign in is of an older version, whose leases end by themselves.
    """
    if lease is None or now - listeners.get(lease, now) > durations.LEASE_MS:
        return None
    return lease


def _kept(answer: Any) -> Kept:
    listeners, *accounts = answer
    return Kept(number(listeners), *map(texts, accounts))
