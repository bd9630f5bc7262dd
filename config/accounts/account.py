"""One account of the API: its name here, its token, its limits."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, SecretStr

from config.errors import IdentityWorkerError
from config.limits import Limits

#: Of ten thousand accounts most say nothing of their limits.
NO_LIMITS_GIVEN = Limits()
_UNREAD = Limits(slots=0)


class AccountsError(IdentityWorkerError):
    """Raised when accounts can't be read; says which file, account and field, and never a token."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """An account whose own file is wrong: briefs that name it are taken, and wait until it is right."""

    fault: AccountsError
    limits: Limits = _UNREAD
    """None of slots, as nobody can read them: no brief is to fail for a file that is mended later."""


class Account(BaseModel):
    """One account: its name in briefs and keys, its token, its limits."""

    model_config = ConfigDict(frozen=True)

    name: str
    token: SecretStr
    limits: Limits = NO_LIMITS_GIVEN
