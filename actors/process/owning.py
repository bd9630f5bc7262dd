"""Records again which installation owns a process's accounts, when their tokens change while it runs."""

from collections.abc import Mapping

import redis

from config import logs
from config.accounts.account import Account
from config.accounts.live import Change
from config.logs import Trouble
from worker.operations.owners import TakenError, claim
from worker.store.functions import Functions

log = logs.get("accounts")


class Owning:
    """The owners of a process's accounts: of one with a new token it has known the old one."""

    def __init__(self, functions: Functions, accounts: Mapping[str, Account]) -> None:
        self._functions = functions
        self._accounts = accounts
        self._new: set[str] = set()
        """Those whose owner is not on record yet."""
        self._before: dict[str, Account] = {}
        """Accounts with the tokens that they had, while no new one is on record."""
        self._trouble = Trouble(log, "accounts.not_recorded")

    def change(self, change: Change) -> None:
        """Take what has changed; nothing is on record yet."""
        had = {name: self._accounts[name] for name in change.renewed | change.removed}
        self._before = had | self._before
        self._accounts = change.accounts
        self._new = (self._new | change.added | change.renewed) - change.removed

    def lost(self) -> None:
        """Take it that Redis has lost all owners; nothing is on record yet."""
        self._new = set(self._accounts)

    def record(self) -> None:
        """Put on record what is new. Raises redis.RedisError; called again, it does the same."""
        if not self._new:
            return
        try:
            claim(self._functions, {name: self._accounts[name] for name in sorted(self._new)}, self._before)
        except TakenError as error:
            log.warning("accounts.taken", error=str(error))
        self._new = set()
        self._before = {name: had for name, had in self._before.items() if name not in self._accounts}

    def settle(self) -> None:
        """Do the same, or leave it to the next time where Redis refuses."""
        try:
            self.record()
        except redis.RedisError as error:
            self._trouble.met(error=str(error))
