"""The accounts of a running process, read again as their files change: what is wrong changes nothing.

An account whose own files are wrong stays as it is, or is left out until they are right, and keeps no other
from its change. Only what has changed is read.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from config.accounts import places
from config.accounts.account import Account, AccountsError, Unusable
from config.accounts.names import ACCOUNT_NAME
from config.accounts.places import Entry, Read
from config.accounts.watched import Watched, signature
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Change:
    """The accounts as they are now, and the names of those that are not what they were."""

    accounts: Mapping[str, Account]
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    renewed: frozenset[str] = frozenset()
    """Those that have another token."""
    limited: frozenset[str] = frozenset()
    """Those that have other limits."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.renewed or self.limited)


def all_new(accounts: Mapping[str, Account]) -> Change:
    """Return accounts as a change of none."""
    return Change(accounts, added=frozenset(accounts))


class LiveAccounts:
    """The accounts by name, of `ACCOUNTS_FILE` or the environment."""

    def __init__(self, settings: Settings) -> None:
        """Read all; what is wrong is in `faults`. Raises AccountsError where nothing can be read."""
        self._settings = settings
        self._lives_here: Callable[[str], bool] = lambda _: True
        self._place = None if settings.accounts_file is None else str(settings.accounts_file)
        self._watched = Watched()
        self._entries: dict[str, Entry] = {}
        self._read: dict[str, Read] = {}
        """What was read last of each entry."""
        self._good: dict[str, Account] = {}
        """Of each entry the last that was right."""
        self._users: dict[str, set[str]] = {}
        """Of each file the entries that depend on it."""
        self._place_fault: AccountsError | None = None
        self._equal: dict[str, AccountsError] = {}
        self.everywhere: Mapping[str, Account] = {}
        """Those of all shards."""
        self.accounts: Mapping[str, Account] = {}
        """Those of the shards that this process serves."""
        self.unusable: Mapping[str, Unusable] = {}
        """What the place names beside those of all shards, and why each is left out."""
        self.named: Mapping[str, Account | Unusable] = {}
        """Those that a brief may name: what is left out was not removed, and may come at any time."""
        self._list()
        if self._place_fault is not None:
            raise self._place_fault
        self._take(self._entries)

    @property
    def faults(self) -> list[AccountsError]:
        """What is wrong now: of the place, or of single accounts."""
        of_entries = [each.fault for each in self._read.values() if each.fault is not None]
        return [*([self._place_fault] if self._place_fault else []), *of_entries, *self._equal.values()]

    @property
    def strange(self) -> list[AccountsError]:
        """The faults of entries whose names can't be those of accounts, such as a disk's `lost+found`."""
        return [each.fault for name, each in self.unusable.items() if name not in self.named]

    @property
    def is_settled(self) -> bool:
        """Whether no change waits for a second look at its file."""
        return self._watched.is_settled

    @property
    def has_files(self) -> bool:
        """Whether anything can change: the environment of a process can't."""
        return self._place is not None or self._settings.shard is not None

    def look(self, *, at_once: bool = False, everything: bool = False) -> Change:
        """Read again what has changed, and return what came of that.

        A change counts once two looks have found the same; `at_once`: now. `everything` is read whether it
        has changed or not.
        """
        changed = self._watched.changed(at_once=at_once or everything)
        again: set[str] = set(self._entries) if everything else set()
        if self._place is not None and (everything or self._place in changed):
            again |= self._list()
        for path in changed:
            again |= self._users.get(path, set())
        if not (again or changed or self._settings.shard is not None):
            return Change(self.accounts)
        return self._take(again & self._entries.keys())

    def _list(self) -> set[str]:
        """Read what the place says; return the entries that are new or others than before."""
        if self._place is not None:
            self._watched.note({self._place: signature(self._place)})
        try:
            entries = places.entries(self._settings)
        except AccountsError as error:
            self._place_fault = error
            return set()
        before, self._entries, self._place_fault = self._entries, entries, None
        return {name for name, entry in entries.items() if before.get(name) != entry}

    def _take(self, again: Iterable[str]) -> Change:
        """Read entries, and take all for the accounts that are right."""
        for name in again:
            self._read_again(name)
        for name in self._read.keys() - self._entries.keys():
            self._forget_files(name, self._read.pop(name).files)
            self._good.pop(name, None)
        self.everywhere = self._without_equal_tokens()
        self._note_unusable()
        before, self.accounts = self.accounts, self._served(self.everywhere)
        return _compared(before, self.accounts)

    def _note_unusable(self) -> None:
        faults = {name: each.fault for name, each in self._read.items() if each.fault} | self._equal
        self.unusable = {
            name: Unusable(fault) for name, fault in faults.items() if name not in self.everywhere
        }
        left_out = {name: each for name, each in self.unusable.items() if ACCOUNT_NAME.fullmatch(name)}
        self.named = {**left_out, **self.everywhere}

    def serve(self, lives_here: Callable[[str], bool]) -> None:
        """Leave out from now on what does not live here; it is asked again with each look."""
        self._lives_here = lives_here
        self.accounts = self._served(self.everywhere)

    def _served(self, accounts: Mapping[str, Account]) -> Mapping[str, Account]:
        if self._settings.shard is None:
            return accounts
        return {name: each for name, each in accounts.items() if self._lives_here(name)}

    def _read_again(self, name: str) -> None:
        before, read = self._read.get(name), places.read(self._entries[name])
        self._read[name] = read
        self._watched.note(read.files)
        for path in read.files:
            self._users.setdefault(path, set()).add(name)
        if before is not None:
            self._forget_files(name, before.files.keys() - read.files.keys())
        if read.account is not None:
            self._good[name] = read.account

    def _forget_files(self, name: str, paths: Iterable[str]) -> None:
        for path in paths:
            self._users[path].discard(name)
            if not self._users[path]:
                del self._users[path]
                self._watched.forget(path)

    def _without_equal_tokens(self) -> dict[str, Account]:
        """Return the accounts; where several have the same token, only the one that had it first.

        The API's limits are those of a token: two accounts here would use them up twice.
        """
        self._equal = {}
        found = dict(self._good)
        while equal := [names for names in _by_token(found).values() if len(names) > 1]:
            for names in equal:
                one, other = (self._entries[name].where for name in names[:2])
                told = f"{one} and {other.rpartition(': ')[2]} have the same token"
                for name in names:
                    before = self.everywhere.get(name)
                    if before is found[name]:
                        continue
                    self._equal[name] = AccountsError(
                        f"{told}: they are one account of the API; leave one of them out"
                    )
                    if before is None:
                        del found[name]
                    else:
                        found[name] = before
        return found


def _by_token(accounts: Mapping[str, Account]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, account in accounts.items():
        found[account.token.get_secret_value()].append(name)
    return found


def _compared(before: Mapping[str, Account], now: Mapping[str, Account]) -> Change:
    both = [(name, before[name], account) for name, account in now.items() if name in before]
    others = [(name, was, account) for name, was, account in both if was is not account]
    return Change(
        now,
        added=frozenset(now.keys() - before.keys()),
        removed=frozenset(before.keys() - now.keys()),
        renewed=frozenset(name for name, was, account in others if was.token != account.token),
        limited=frozenset(name for name, was, account in others if was.limits != account.limits),
    )
