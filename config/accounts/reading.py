"""Reads the PiktID accounts that this installation may use, once or to be read again as they change."""

from functools import lru_cache

from config.accounts.account import Account
from config.accounts.live import LiveAccounts
from config.settings import Settings


def live_accounts(settings: Settings) -> LiveAccounts:
    """Read the accounts, to be read again as they change.

    Raises AccountsError when there is none or anything is wrong with one.
    """
    found = LiveAccounts(settings)
    if found.faults:
        raise found.faults[0]
    return found


@lru_cache(maxsize=1)
def accounts_at_start(settings: Settings) -> LiveAccounts:
    """Return the accounts as this process has read them first, or the one that it is a fork of.

    Raises AccountsError.
    """
    return live_accounts(settings)


def load_accounts(settings: Settings) -> dict[str, Account]:
    """Return the accounts by name: those of `ACCOUNTS_FILE`, else `default` with `PIKTID_API_TOKEN`.

    Raises AccountsError when neither is set or the file breaks a rule.
    """
    return dict(live_accounts(settings).accounts)
