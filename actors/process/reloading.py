"""What a running process reads again when it is told to (SIGHUP)."""

from collections.abc import Callable

from config import logs
from config.accounts import Account, AccountsError, load_accounts
from config.settings import Settings

log = logs.get("accounts")


def can_reload(settings: Settings) -> bool:
    """Return whether the accounts can be read again; where they are wrong, that is logged."""
    try:
        load_accounts(settings)
    except AccountsError as error:
        log.warning("accounts.kept", error=str(error))
        return False
    return True


def reload_accounts(settings: Settings, change: Callable[[dict[str, Account]], None]) -> None:
    """Read the accounts and their tokens again and hand them on; where they are wrong, the old ones stay."""
    try:
        accounts = load_accounts(settings)
    except AccountsError as error:
        log.warning("accounts.kept", error=str(error))
    else:
        change(accounts)
        log.info("accounts.reloaded", accounts=len(accounts))
