"""Reads the PiktID accounts that this installation may use: names, tokens, limits."""

import os
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, SecretStr, ValidationError, create_model

from config.errors import IdentityWorkerError
from config.limits import CAPS, DEFAULTS, NAMES, NONE, Limits, too_much_express
from config.settings import Settings
from config.text import nearest

DEFAULT = "default"
_ACCOUNTS = "accounts"
_TOKENS = ("token_env", "token_file")
#: What is said of a token that can't be read; never its value.
_NO_VARIABLE = "names no environment variable that holds anything"
_NO_FILE = "names no file that can be read"
#: What an account may be called, in the accounts file and in briefs; `ACCOUNT_NAME_RULE` says it in words.
ACCOUNT_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
ACCOUNT_NAME_RULE = "1 to 64 of A-Z a-z 0-9 . _ -"


#: Of ten thousand accounts most say nothing of their limits.
_DEFAULTS = Limits()
_WHOLE: dict[str, Any] = {name: (int, Field(default, ge=0)) for name, default in DEFAULTS.items()}
#: Checks limits that people have written.
_Written = create_model(
    "_Written",
    **_WHOLE,
    budget=(float | None, Field(None, gt=0, strict=True, allow_inf_nan=False)),
    weights=(dict[str, PositiveFloat], Field(default_factory=dict)),
)


class AccountsError(IdentityWorkerError):
    """Raised when the accounts can't be read; says which file, account and field."""


class Account(BaseModel):
    """One account: its name in briefs and keys, its token, its limits."""

    model_config = ConfigDict(frozen=True)

    name: str
    token: SecretStr
    limits: Limits = _DEFAULTS


@lru_cache(maxsize=1)
def accounts_at_start(settings: Settings) -> dict[str, Account]:
    """Return the accounts as this process has read them first, or the one that it is a fork of.

    Raises AccountsError.
    """
    return load_accounts(settings)


def load_accounts(settings: Settings) -> dict[str, Account]:
    """Return the accounts by name: those of `ACCOUNTS_FILE`, else `default` with `PIKTID_API_TOKEN`.

    Raises AccountsError when neither is set or the file breaks a rule.
    """
    if settings.accounts_file is not None:
        return _from_file(settings.accounts_file)
    token = settings.api_token.get_secret_value().strip() if settings.api_token else ""
    if not token:
        raise AccountsError("no account: set PIKTID_API_TOKEN, or ACCOUNTS_FILE to a TOML file of accounts")
    return {DEFAULT: Account(name=DEFAULT, token=_legible("PIKTID_API_TOKEN", token))}


def _from_file(path: Path) -> dict[str, Account]:
    try:
        # Editors on Windows put a byte order mark first.
        tables = _tables(tomllib.loads(path.read_bytes().decode("utf-8-sig")))
        accounts = {name: _account(name, table) for name, table in tables.items()}
        _refuse_equal_tokens(accounts)
    except OSError as error:
        told = f"{path}: {error.strerror}; set ACCOUNTS_FILE to a TOML file with a table [accounts.NAME]"
        raise AccountsError(told) from error
    except AccountsError as error:
        raise AccountsError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise AccountsError(f"{path}: is no TOML: a byte of line {line} is not UTF-8") from None
    except ValueError as error:
        raise AccountsError(f"{path}: is no TOML: {error}") from error
    return accounts


def _tables(content: dict[str, Any]) -> dict[str, Any]:
    for name in content:
        if name != _ACCOUNTS:
            raise AccountsError(f"{name}: is not known here; the table of an account is [{_ACCOUNTS}.NAME]")
    tables = content.get(_ACCOUNTS)
    if not isinstance(tables, dict) or not tables:
        raise AccountsError(f"has no table [{_ACCOUNTS}.NAME]")
    return tables


def _account(name: str, table: Any) -> Account:
    where = f"{_ACCOUNTS}.{name}"
    if not ACCOUNT_NAME.fullmatch(name):
        raise AccountsError(f"{where}: a name is {ACCOUNT_NAME_RULE}")
    if not isinstance(table, dict):
        raise AccountsError(f"{where}: must be a table")
    limits = _limits(where, table)  # first: an unknown name may be that of the token
    return Account(name=name, token=_token(where, table), limits=limits)


def _limits(where: str, table: dict[str, Any]) -> Limits:
    given = {
        key: 0 if value == NONE and key in CAPS else value
        for key, value in table.items()
        if key not in _TOKENS and not (key == "budget" and value == NONE)
    }
    for key in given:
        if key not in NAMES:
            raise AccountsError(f"{where}.{key}: {_unknown(key)}")
    try:
        limits = Limits(**vars(_Written(**given))) if given else _DEFAULTS
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise AccountsError(f"{where}.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if broken := too_much_express(limits.jobs, limits.express):
        raise AccountsError(f"{where}.express: {broken}")
    return limits


def _unknown(key: str) -> str:
    if key == "token":
        return "a token must not stand in this file; name what holds it, as token_env or token_file"
    known = (*_TOKENS, *NAMES)
    if near := nearest(key, known):
        return f"is not known here; the nearest known name is {near}"
    return f"is not known here; the known names are {', '.join(known)}"


def _refuse_equal_tokens(accounts: dict[str, Account]) -> None:
    """The API's caps are those of a token: two accounts here would use them up twice."""
    first: dict[str, str] = {}
    for name, account in accounts.items():
        other = first.setdefault(account.token.get_secret_value(), name)
        if other != name:
            told = f"{_ACCOUNTS}.{other} and {_ACCOUNTS}.{name} have the same token"
            raise AccountsError(f"{told}: they are one account of the API; leave one of them out")


def _token(where: str, table: dict[str, Any]) -> SecretStr:
    """Tokens stand in the environment or in a file of their own, so the accounts file holds no secret."""
    # No error quotes the value: somebody may have written the token itself there.
    if "token_env" in table:
        token = os.environ.get(str(table["token_env"]), "").strip()
        if not token:
            raise AccountsError(f"{where}.token_env: {_NO_VARIABLE}")
    elif "token_file" in table:
        token = _read(f"{where}.token_file", str(table["token_file"]))
    else:
        raise AccountsError(f"{where}: needs token_env or token_file")
    return _legible(where, token)


def _legible(where: str, token: str) -> SecretStr:
    """Return a token that a header can carry: the HTTP clients quote others whole in their complaints."""
    if not (token.isascii() and token.isprintable()):
        raise AccountsError(f"{where}: the token has characters that are not printable ASCII")
    return SecretStr(token)


def _read(where: str, name: str) -> str:
    try:
        with open(name, encoding="utf-8-sig") as file:  # noqa: PTH123  # to make a Path takes as long again
            token = file.read().strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds more than text, or its name does"
        raise AccountsError(f"{where}: {_NO_FILE}: {why}") from None
    if not token:
        raise AccountsError(f"{where}: the file that it names is empty")
    return token
