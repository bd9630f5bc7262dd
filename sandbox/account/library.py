"""The identities of an account: their names and slots."""

from sandbox.account.account import Account, Identity
from sandbox.common.dates import today
from sandbox.common.errors import ApiError


def named(account: Account, name: str) -> Identity | None:
    """The account's identity of this name, or None."""
    return next((identity for identity in account.visible_identities() if identity.name == name), None)


def free_name(account: Account, name: str) -> str:
    """The name itself, or with the first free number behind it (guide: Name uniqueness)."""
    names = {identity.name for identity in account.visible_identities()}
    candidate, number = name, 1
    while candidate in names:
        number += 1
        candidate = f"{name} {number}"
    return candidate


def require_slot(account: Account) -> None:
    """Refuse one identity more than the account may have (guide: 429)."""
    settings = account.settings
    if not settings.enterprise and len(account.visible_identities()) >= settings.slots_cap:
        account.violations.requests_over_cap += 1
        raise ApiError(429, settings.slots_cap_text)


def fill_library(account: Account, now: float) -> None:
    """Make as many identities from before as the settings say, or take away the surplus."""
    wanted = {f"existing{number}" for number in range(1, account.settings.existing_identities + 1)}
    present = {code for code in account.identities if code.startswith("existing")}
    for code in present - wanted:
        del account.identities[code]
    for code in sorted(wanted - present):
        account.identities[code] = Identity(
            identity_code=code,
            name=code.replace("existing", "Existing identity "),
            created=now,
            created_on=today(),
            updated_on=today(),
            preprocessing_status="completed",
        )
