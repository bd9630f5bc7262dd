"""One account of the API: its name here, its token, its limits."""

import re

from pydantic import BaseModel, ConfigDict, SecretStr

from config.errors import IdentityWorkerError
from config.limits import Limits

#: The account of a brief that names none, and the one whose token is PIKTID_API_TOKEN.
DEFAULT = "default"
#: What an account may be called, in the accounts file and in briefs; `ACCOUNT_NAME_RULE` says it in words.
ACCOUNT_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
ACCOUNT_NAME_RULE = "1 to 64 of A-Z a-z 0-9 . _ -"
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
