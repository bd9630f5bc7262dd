"""The accounts that a worker process can work for, as their files change, and the API client of each."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import redis
from pydantic import SecretStr

from actors.process.owning import Owning
from actors.process.reloading import AccountsWatch
from actors.process.shares import AccountShares
from config import logs
from config.accounts.account import Account
from config.accounts.live import Change, LiveAccounts
from config.limits import Limits
from config.logs import Trouble
from worker.ledger.ledger import Ledger
from worker.lifecycle.acceptance import HasLimits
from worker.piktid.client import PiktID
from worker.views import account_reading

log = logs.get("accounts")

#: Makes the client of an account's token; the function tells the token of now, where that one is refused.
MakeClient = Callable[[SecretStr, Callable[[], SecretStr | None]], PiktID]


class AccountsHere:
    """The accounts of one process; whoever works for one can do so to the end, even if it is removed."""

    def __init__(self, live: LiveAccounts, ledger: Ledger, shares: AccountShares, client: MakeClient) -> None:
        """Put the limits of all accounts on record. Raises redis.RedisError."""
        self._ledger = ledger
        self._shares = shares
        self._client = client
        self._threads: int | None = None
        self.accounts: Mapping[str, Account] = live.accounts
        self.apis = {name: self._open(account) for name, account in live.accounts.items()}
        """The clients, also of accounts that were removed while somebody works for them."""
        self.live = live
        self._removed: set[str] = set()
        self._unrecorded: set[str] = set()
        """What is new of them is not in Redis yet."""
        self._renewed: set[str] = set()
        self._looks = 0
        self._owning = Owning(ledger.functions, live.accounts)
        self._trouble = Trouble(log, "accounts.not_recorded")
        self.watch = AccountsWatch(live, self._take, self._settle)
        ledger.configure(live.accounts.values())

    def divide(self, threads: int) -> None:
        """Share so many threads among the accounts; one that is alone may have them all."""
        self._threads = threads
        self._share()

    def _open(self, account: Account) -> PiktID:
        return self._client(account.token, lambda: self._token_now(account.name))

    def _token_now(self, name: str) -> SecretStr | None:
        """Return the token of an account whose last one is refused: it may have been changed just now."""
        self.watch.look_now()
        account = self.accounts.get(name)
        return None if account is None else account.token

    def _take(self, change: Change) -> None:
        self._owning.change(change)
        for name in change.added | change.renewed:
            self.apis[name] = self._open(change.accounts[name])
        self.accounts = change.accounts
        self._removed = (self._removed | change.removed) - change.added
        self._unrecorded = (
            self._unrecorded | change.added | change.renewed | change.limited
        ) - change.removed
        self._renewed = (self._renewed | change.added | change.renewed) - change.removed
        self._share()

    def _settle(self) -> None:
        """Put on record what is not, and forget the clients of whom nobody works for any more."""
        for name in [name for name in self._removed if not self._shares.has_work(name)]:
            self._removed.discard(name)
            self.apis.pop(name, None)
        try:
            self._look_for_loss()
            if not self._unrecorded:
                return
            new = {name: self.accounts[name] for name in sorted(self._unrecorded)}
            self._owning.record()
            self._ledger.configure(new.values(), renewed=self._renewed)
        except redis.RedisError as error:
            if self._unrecorded:
                self._trouble.met(error=str(error))  # with the next look
        else:
            self._unrecorded, self._renewed = set(), set()

    def _look_for_loss(self) -> None:
        """Have all put on record again if Redis has lost an account: each look asks about one, in turn.

        Without its record the default limits hold, and nobody counts its identities.
        """
        names = [] if self._unrecorded else list(self.accounts)
        if not names:
            return
        self._looks += 1
        name = names[self._looks % len(names)]
        if self._ledger.is_lost(name):
            log.warning("accounts.lost", account=name, remedy="their limits are put on record again")
            self._owning.lost()
            self._unrecorded = set(names)

    @property
    def is_recorded(self) -> bool:
        """Whether all that has changed is in Redis."""
        return not self._unrecorded

    def _share(self) -> None:
        self._shares.threads = self._threads if len(self.accounts) > 1 else None


class KnownAccounts(Mapping[str, HasLimits]):
    """The accounts that a brief may name: those of this process, and those of other processes that know more.

    Among them are those whose own file is wrong: their briefs wait.
    """

    def __init__(self, here: AccountsHere, client: "redis.Redis") -> None:
        self._here = here
        self._client = client

    def __getitem__(self, name: str) -> HasLimits:
        if name not in self._here.accounts:
            self._here.watch.look_now()
        if name in self._here.accounts:
            return self._here.accounts[name]
        elsewhere = account_reading.summary(self._client, name)
        if elsewhere.followed:
            return _Elsewhere(Limits(slots=elsewhere.slots_cap))
        return self._here.live.unusable[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._here.live.named)

    def __len__(self) -> int:
        return len(self._here.live.named)


class _Elsewhere(NamedTuple):
    """An account that a listener follows, and of which this process has no token yet."""

    limits: Limits
