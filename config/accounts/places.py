"""Where the accounts stand: in the environment, a TOML file, or a folder; and what that tells of each.

A folder is meant for mounted secrets, one each. An entry NAME is a file that holds the token of the account
NAME, or a folder with a file `token`; NAME.toml holds the fields of its table. Hidden entries are skipped, as
those are by which Kubernetes replaces what it has mounted (`..data`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from config.accounts import tables, tokens
from config.accounts.account import Account, AccountsError
from config.accounts.names import ACCOUNT_NAME, ACCOUNT_NAME_RULE, DEFAULT
from config.accounts.tables import TOKEN_ENV, TOKEN_FILE
from config.accounts.watched import Signature, names_in, signature
from config.settings import Settings

_ACCOUNTS = "accounts"
_TOML = ".toml"


@dataclass(frozen=True, slots=True)
class Entry:
    """An account as its place tells of it: its table, or the files of a folder that are about it."""

    name: str
    where: str
    """How errors call it."""
    table: Mapping[str, Any] = field(default_factory=dict)
    settings_file: str | None = None
    secret: str | None = None
    """The entry of a folder that is its token, or holds it."""
    token: SecretStr | None = None
    """Its token where that stands in the environment alone."""
    fault: AccountsError | None = None
    """Why it can be no account, whatever stands in it."""


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading an entry's files: an account, or why there is none."""

    files: Mapping[str, Signature]
    """On which it depends, as they were right before."""
    account: Account | None = None
    fault: AccountsError | None = None


def entries(settings: Settings) -> dict[str, Entry]:
    """Return the accounts by name as their place tells of them; raises AccountsError."""
    path = settings.accounts_file
    if path is None:
        token = settings.api_token.get_secret_value().strip() if settings.api_token else ""
        if not token:
            raise AccountsError(
                "no account: set PIKTID_API_TOKEN, or ACCOUNTS_FILE to a TOML file of accounts, or to a "
                "folder of their tokens"
            )
        known = tokens.legible("PIKTID_API_TOKEN", token)
        return {DEFAULT: Entry(DEFAULT, "PIKTID_API_TOKEN", token=known)}
    try:
        return _of_folder(path) if path.is_dir() else _of_file(path)
    except OSError as error:
        told = f"{path}: {error.strerror}; set ACCOUNTS_FILE to a TOML file with a table [{_ACCOUNTS}.NAME]"
        raise AccountsError(told) from error


def _of_file(path: Path) -> dict[str, Entry]:
    """Raises OSError, and AccountsError: of a file that is wrong anywhere nothing is taken."""
    try:
        found = _tables(tables.parse(tokens.content(str(path))))
        for name, table in found.items():
            _check_table(f"{_ACCOUNTS}.{name}", name, table)
    except AccountsError as error:
        raise AccountsError(f"{path}: {error}") from None
    return {name: Entry(name, f"{path}: {_ACCOUNTS}.{name}", table) for name, table in found.items()}


def _tables(content: Mapping[str, Any]) -> dict[str, Any]:
    for name in content:
        if name != _ACCOUNTS:
            raise AccountsError(f"{name}: is not known here; the table of an account is [{_ACCOUNTS}.NAME]")
    found = content.get(_ACCOUNTS)
    if not isinstance(found, dict) or not found:
        raise AccountsError(f"has no table [{_ACCOUNTS}.NAME]")
    return found


def _check_table(where: str, name: str, table: object) -> None:
    if not ACCOUNT_NAME.fullmatch(name):
        raise AccountsError(f"{where}: a name is {ACCOUNT_NAME_RULE}")
    if not isinstance(table, dict):
        raise AccountsError(f"{where}: must be a table")
    tables.limits(where, table)
    if TOKEN_ENV in table:
        tokens.from_environment(f"{where}.{TOKEN_ENV}", str(table[TOKEN_ENV]))
    elif TOKEN_FILE not in table:
        raise AccountsError(f"{where}: needs {TOKEN_ENV} or {TOKEN_FILE}")


def _of_folder(path: Path) -> dict[str, Entry]:
    secrets: dict[str, str] = {}
    settings: dict[str, str] = {}
    strange: dict[str, Entry] = {}
    for entry in names_in(str(path)):
        name, where = entry.removesuffix(_TOML), os.path.join(path, entry)  # noqa: PTH118  # as above
        if not ACCOUNT_NAME.fullmatch(name):
            fault = AccountsError(f"{where}: a name is {ACCOUNT_NAME_RULE}")
            strange[entry] = Entry(entry, where, fault=fault)
            continue
        (secrets if name == entry else settings)[name] = where
    if not (secrets or settings or strange):
        raise AccountsError(f"{path}: holds no account: the token of each stands in a file of its name")
    return strange | {
        name: Entry(
            name,
            settings.get(name) or secrets[name],
            settings_file=settings.get(name),
            secret=secrets.get(name),
        )
        for name in sorted({*secrets, *settings})
    }


def read(entry: Entry) -> Read:
    """Read the files of an entry."""
    files: dict[str, Signature] = {}
    if entry.fault is not None:
        return Read(files, fault=entry.fault)
    try:
        account = _account(entry, files)
    except AccountsError as fault:
        return Read(files, fault=fault)
    return Read(files, account)


def _account(entry: Entry, files: dict[str, Signature]) -> Account:
    """Return the account, and note the files that it depends on; raises AccountsError."""
    if entry.token is not None:
        return Account(name=entry.name, token=entry.token)
    table, where = entry.table, entry.where
    if entry.secret is not None:
        _note(entry.secret, files)
    if entry.settings_file is not None:
        _note(entry.settings_file, files)
        table = _table(entry.settings_file)
    limits = tables.limits(where, table)  # first: an unknown name may be that of the token
    return Account(name=entry.name, token=_token(entry, table, files), limits=limits)


def _table(path: str) -> Mapping[str, Any]:
    try:
        return tables.parse(tokens.content(path))
    except OSError as error:
        raise AccountsError(f"{path}: {error.strerror}") from None
    except AccountsError as error:
        raise AccountsError(f"{path}: {error}") from None


def _note(path: str, files: dict[str, Signature]) -> None:
    files[path] = signature(path)


def _token(entry: Entry, table: Mapping[str, Any], files: dict[str, Signature]) -> SecretStr:
    named = TOKEN_ENV if TOKEN_ENV in table else TOKEN_FILE
    if entry.secret is not None:
        if named in table:
            raise AccountsError(f"{entry.where}.{named}: its token stands in {entry.secret} already")
        path = os.path.join(entry.secret, "token") if os.path.isdir(entry.secret) else entry.secret  # noqa: PTH112, PTH118  # as above
        _note(path, files)
        return tokens.from_file(path, path, is_named=False)
    if named not in table:
        raise AccountsError(f"{entry.where}: needs {TOKEN_ENV} or {TOKEN_FILE}")
    if named == TOKEN_FILE:
        path = tokens.place(str(table[named]))
        _note(path, files)
        return tokens.from_file(f"{entry.where}.{named}", path)
    return tokens.from_environment(f"{entry.where}.{named}", str(table[named]))
