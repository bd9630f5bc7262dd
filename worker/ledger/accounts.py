"""What the ledger holds of accounts and batches: limits, pauses, budgets, identities counted."""

import json
from collections.abc import Mapping, Sequence

import redis

from config.accounts import Account
from config.settings import Settings
from worker.ledger.scripts import Scripts


class AccountLedger:
    """The accounts' part of the ledger; every method is one round trip."""

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self.client = client
        self._scripts = Scripts(client, settings)

    def configure(self, account: Account) -> bool:
        """Put an account's configured limits on record; return False when they are what they were."""
        limits = account.limits.fields()
        text = json.dumps(limits, sort_keys=True)
        return bool(
            self._scripts.run("limits", account=account.name, limits=limits, by="configuration", file=text)
        )

    def set_limits(self, account: str, limits: Mapping[str, str], by: str) -> None:
        """Change limits while running, with who did it on record; start whoever may start under them."""
        self._scripts.run("limits", account=account, limits=limits, by=by)

    def resume(self, account: str, by: str) -> dict[str, str]:
        """Lift every pause of an account; return the reasons of those that were on, by what they paused.

        Lifted as well: `working`, the number of jobs that it was kept to while others used the account.
        """
        lifted = self._scripts.run("resume", account=account, by=by)
        return dict(zip(lifted[::2], lifted[1::2], strict=True))

    def set_budget(self, batch: str, account: str, credits_allowed: float, by: str) -> None:
        """Set what a batch may cost, with who did it on record; start whoever fits it now."""
        text = f"{credits_allowed:.15g}"
        self._scripts.run("budget", batch=batch, account=account, credits=text, by=by)

    def count_identities(self, account: str, codes: Sequence[str], since: int) -> int:
        """Put the account's own identities on record as listed at `since` (ms); return how many count."""
        return int(self._scripts.run("library", account=account, codes=list(codes), since=since))
