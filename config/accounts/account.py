"""One account of the API: its name here, its token, its limits."""

from pydantic import BaseModel, ConfigDict, SecretStr

from config.errors import IdentityWorkerError
from config.limits import Limits

#: Of ten thousand accounts most say nothing of their limits.
NO_LIMITS_GIVEN = Limits()


class AccountsError(IdentityWorkerError):
    """Raised when accounts can't be read; says which file, account and field, and never a token."""


class Account(BaseModel):
    """One account: its name in briefs and keys, its token, its limits."""

    model_config = ConfigDict(frozen=True)

    name: str
    token: SecretStr
    limits: Limits = NO_LIMITS_GIVEN
