"""Accounts and batches in the ledger: limits, pauses, budgets, and the count of their identities."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict

import redis

from config import durations, keys
from config.settings import Settings
from config.times import redis_ms
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.ledger.records import account_subject
from worker.store.functions import Command, Functions, flag
from worker.store.replicas import Claims

if TYPE_CHECKING:
    from config.accounts.account import Account

#: Accounts whose limits are put on record in one call: it takes some 10 ms of the server, once.
CONFIGURED_AT_ONCE = 250


class Configured(TypedDict):
    """The limits that accounts have by the configuration; `file` is those limits as one text."""

    accounts: list[str]
    limits: Mapping[str, str]
    file: str
    tokens: dict[str, str]
    """Of each account the fingerprint of its token."""
    renewed: dict[str, bool]
    """Those whose token has just changed."""


class AccountLedger:
    """The accounts' part of the ledger; a method is one round trip, unless it says otherwise."""

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.claims = Claims(settings.replicas)
        self.functions = Functions(client, ledger_library(settings))

    def configure(self, accounts: "Iterable[Account]", renewed: Collection[str] = ()) -> list[str]:
        """Put accounts' configured limits on record; return those whose limits have changed.

        Accounts go on whose pause was for want of a token, or of another one than they have now: its
        fingerprint is on record. So do those that are `renewed`: in this process their token has changed.
        A round trip for each CONFIGURED_AT_ONCE.
        """
        changed: list[str] = []
        remaining = iter(accounts)
        while some := list(islice(remaining, CONFIGURED_AT_ONCE)):
            changed += self.functions.run(commands.configure(_grouped(some, renewed)))
        return changed

    def is_lost(self, account: str) -> bool:
        """Whether Redis has lost the limits of an account that lives here."""
        with self.client.pipeline(transaction=False) as pipe:
            pipe.hexists(keys.RECORD(account_subject(account)), "configured")
            pipe.exists(keys.LEFT(account))
            return not any(pipe.execute())

    def set_limits(self, account: str, limits: Mapping[str, str], by: str) -> None:
        """Change limits while running, with who did it on record; start whoever may start under them."""
        self.functions.run(commands.set_limits(account, limits, by))

    def resume(self, account: str, by: str) -> dict[str, str]:
        """Lift every pause of an account; return the reasons of those that were on, by what they paused.

        Lifted as well: `working`, the number of jobs that it was kept to while others used the account.
        """
        return self.functions.run(commands.resume(account, by))

    def pause_absent(self, account: str) -> bool:
        """Pause an account that is not known here, nor followed by a listener; return whether it is."""
        return self.functions.run(commands.absent(account))

    def set_budget(self, batch: str, account: str, credits_allowed: float, by: str) -> None:
        """Set what a batch may cost, and record who did it; briefs that the new budget allows start."""
        text = f"{credits_allowed:.15g}"
        self.functions.run(commands.budget(batch, account, text, by))

    def count_identities(
        self, account: str, codes: Sequence[str], since: int, balance: float | None = None
    ) -> int:
        """Put the account's own identities on record as listed at `since` (ms), and its credits then.

        Returns how many count.
        """
        return self.functions.run(commands.sync_identities(account, codes, since, balance))

    def saw_token(self, account: "Account", ends: float | None) -> bool:
        """Put on record when an account's token ends (seconds since 1970); return whether to warn of it now.

        Whoever asks first in a day is told so, and an event then tells downstream.
        """
        given = {
            "account": account.name,
            "token": _fingerprint_of(account),
            "ends": None if ends is None else round(ends * 1000),
        }
        key = keys.RECORD(account_subject(account.name))
        return self.functions.run(Command("token_seen", key, flag, given))

    def has_seen_token(self, account: "Account") -> bool:
        """Whether it was looked within a day when an account's token ends, the present one."""
        read: Any = self.client.hmget(
            keys.RECORD(account_subject(account.name)), "token_seen", "token_seen_at"
        )
        token, at = read
        is_of_it = token == _fingerprint_of(account)
        return is_of_it and redis_ms(self.client.time()) - int(at) < durations.TOLD_AGAIN_MS


def _grouped(accounts: "Iterable[Account]", renewed: Collection[str]) -> list[Configured]:
    """Return the limits of accounts with the names of those that have the same, and their fingerprints."""
    groups: dict[str, Configured] = {}
    for account in accounts:
        limits = account.limits.fields()
        text = json.dumps(limits, sort_keys=True)
        group = groups.setdefault(
            text, {"accounts": [], "limits": limits, "file": text, "tokens": {}, "renewed": {}}
        )
        group["accounts"].append(account.name)
        group["tokens"][account.name] = _fingerprint_of(account)
        if account.name in renewed:
            group["renewed"][account.name] = True
    return list(groups.values())


def _fingerprint_of(account: "Account") -> str:
    # Not at the top: only processes that have accounts need it, and most commands have none.
    from config.accounts.tokens import fingerprint

    return fingerprint(account.name, account.token)
