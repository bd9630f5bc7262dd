"""The PiktID accounts that this installation may use, with their limits."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, SecretStr, ValidationError

from config.settings import Settings

DEFAULT = "default"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class BadAccounts(Exception):
    """Raised when the accounts can't be read; says which file, account and field."""


class Limits(BaseModel):
    """What the API allows one account (guide, *Limits and validation*; piktid-v2.md section 5).

    0 means no limit, as enterprise accounts have none on jobs and slots.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    jobs: int = Field(5, ge=0)
    """Jobs in flight at once, shared with the account's other products."""
    slots: int = Field(50, ge=0)
    """Identities in the library."""
    create_per_minute: int = Field(5, ge=0)
    promote_per_minute: int = Field(5, ge=0)
    express: int = Field(0, ge=0)
    """Jobs that only briefs of a priority above 0 may take."""
    weights: dict[str, PositiveFloat] = Field(default_factory=dict)
    """Shares of batches, beside the 1 that a batch has by default."""

    def fields(self) -> dict[str, str]:
        """Return the limits as the account's record holds them."""
        plain = {name: str(value) for name, value in self.model_dump(exclude={"weights"}).items()}
        return plain | {f"weight:{batch}": f"{weight:g}" for batch, weight in self.weights.items()}


class Account(BaseModel):
    """One account: its name in briefs and keys, its token, its limits."""

    model_config = ConfigDict(frozen=True)

    name: str
    token: SecretStr
    limits: Limits = Limits()


def load_accounts(settings: Settings) -> dict[str, Account]:
    """Return the accounts by name: those of `ACCOUNTS_FILE`, else `default` with `PIKTID_API_TOKEN`.

    Raises BadAccounts when neither is set or the file breaks a rule.
    """
    if settings.accounts_file is not None:
        return _from_file(settings.accounts_file)
    if settings.api_token is None or not settings.api_token.get_secret_value():
        raise BadAccounts("no account: set PIKTID_API_TOKEN, or ACCOUNTS_FILE to a TOML file of accounts")
    return {DEFAULT: Account(name=DEFAULT, token=settings.api_token)}


def _from_file(path: Path) -> dict[str, Account]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("accounts", {})
    except OSError as error:
        told = f"{path}: {error.strerror}; set ACCOUNTS_FILE to a TOML file with a table [accounts.NAME]"
        raise BadAccounts(told) from error
    except ValueError as error:
        raise BadAccounts(f"{path}: is no TOML: {error}") from error
    if not isinstance(tables, dict) or not tables:
        raise BadAccounts(f"{path}: has no table [accounts.NAME]")
    accounts = {name: _account(path, name, table) for name, table in tables.items()}
    _refuse_equal_tokens(path, accounts)
    return accounts


def _account(path: Path, name: str, table: Any) -> Account:
    where = f"{path}: accounts.{name}"
    if not _NAME.fullmatch(name):
        raise BadAccounts(f"{where}: a name is 1 to 64 of A-Z a-z 0-9 . _ -")
    if not isinstance(table, dict):
        raise BadAccounts(f"{where}: must be a table")
    limits = {
        key: value for key, value in table.items() if key not in ("token_env", "token_file", "enterprise")
    }
    if table.get("enterprise"):
        limits = {"jobs": 0, "slots": 0} | limits
    try:
        return Account(name=name, token=_token(where, table), limits=Limits(**limits))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadAccounts(f"{where}.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _refuse_equal_tokens(path: Path, accounts: dict[str, Account]) -> None:
    """The API's caps are those of a token: two accounts here would use them up twice."""
    first: dict[str, str] = {}
    for name, account in accounts.items():
        other = first.setdefault(account.token.get_secret_value(), name)
        if other != name:
            told = (
                f"accounts.{other} and accounts.{name} have the same token: they are one account of the API"
            )
            raise BadAccounts(f"{path}: {told}; leave one of them out")


def _token(where: str, table: dict[str, Any]) -> SecretStr:
    """Tokens stand in the environment or in a file of their own, so the accounts file holds no secret."""
    if "token_env" in table:
        token = os.environ.get(str(table["token_env"]), "")
        source = f"environment variable {table['token_env']}"
    elif "token_file" in table:
        try:
            token = Path(str(table["token_file"])).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadAccounts(f"{where}.token_file: {error}") from error
        source = f"file {table['token_file']}"
    else:
        raise BadAccounts(f"{where}: needs token_env or token_file")
    if not token:
        raise BadAccounts(f"{where}: {source} is empty")
    return SecretStr(token)
