"""Reads the PiktID accounts that this installation may use, once or to be read again as they change.

An account whose own file is wrong is left out, so that one bad secret of many stops no process. It is known
all the same (`LiveAccounts.named`), or its briefs would be taken for those of an account that was removed.
"""

from functools import lru_cache

from config.accounts.account import Account
from config.accounts.live import LiveAccounts
from config.settings import Settings


def live_accounts(settings: Settings) -> LiveAccounts:
    """Read the accounts, to be read again as they change; what is wrong with single ones is in `faults`.

    Raises AccountsError when there is none, where the file of all is wrong, or none can be used.
    """
    found = LiveAccounts(settings)
    if not found.everywhere:
        raise found.faults[0]
    return found


@lru_cache(maxsize=1)
def accounts_at_start(settings: Settings) -> LiveAccounts:
    """Return the accounts as this process has read them first, or the one that it is a fork of.

    Raises AccountsError.
    """
    return live_accounts(settings)


def load_account(settings: Settings, name: str) -> Account | None:
    """Return an account, None where there is none of that name; raises AccountsError, of its own file too."""
    found = live_accounts(settings)
    if name in found.unusable:
        raise found.unusable[name].fault
    return found.accounts.get(name)
