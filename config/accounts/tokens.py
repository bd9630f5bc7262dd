"""Tokens stand in the environment or in files of their own, so that no other file holds a secret.

No error quotes what names a token: somebody may have written the token itself there.
"""

import errno
import hashlib
import os
import stat

from pydantic import SecretStr

from config.accounts.account import AccountsError

_NO_VARIABLE = "names no environment variable that holds anything"
_NO_FILE, _EMPTY = "names no file that can be read", "the file that it names is empty"
_UNREAD = "can't be read"
_NO_TEXT = "it holds more than text, or its name does"
#: Bytes of the largest file that is read: of a token some hundred, of accounts in TOML 100 each.
_MOST_BYTES = 16 * 1024 * 1024
#: Bytes of a digest as it is on record.
_BYTES = 3


def from_environment(where: str, name: str) -> SecretStr:
    """Return the token that a variable holds; raises AccountsError."""
    token = os.environ.get(name, "").strip()
    if not token:
        raise AccountsError(f"{where}: {_NO_VARIABLE}")
    return legible(where, token)


def from_file(where: str, path: str, *, is_named: bool = True) -> SecretStr:
    """Return the token that a file holds, which the field `where` names or is; raises AccountsError."""
    try:
        token = content(path).decode("utf-8-sig").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else _NO_TEXT
        raise AccountsError(f"{where}: {_NO_FILE if is_named else _UNREAD}: {why}") from None
    if not token:
        raise AccountsError(f"{where}: {_EMPTY if is_named else 'is empty'}")
    return legible(where, token)


def place(named: str) -> str:
    """Return the path of a token's file that a table names.

    A relative one is looked for among the credentials that systemd has given, if there are any: where those
    lie differs by process, and no other folder is the same for all of them.
    """
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    if given and not named.startswith("/"):
        credential = f"{given}/{named}"
        if os.path.exists(credential):  # noqa: PTH110  # to make a Path takes as long again
            return credential
    return named


def content(path: str) -> bytes:
    """Return what a file holds.

    Raises OSError, also of what is no file, such as a pipe that has no end, and ValueError of a name that no
    file can have.
    """
    with open(path, "rb", opener=_without_waiting) as file:  # to make a Path takes as long again
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        held = file.read(_MOST_BYTES + 1)
    if len(held) > _MOST_BYTES:
        raise OSError(errno.EFBIG, "it is too large")
    return held


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; of a pipe, wait for nobody who writes into it."""
    return os.open(path, flags | os.O_NONBLOCK)


def legible(where: str, token: str) -> SecretStr:
    """Return a token if a header can carry it; raises AccountsError.

    HTTP clients quote a header that they refuse, and with it the token.
    """
    if not (token.isascii() and token.isprintable()):
        raise AccountsError(f"{where}: the token has characters that are not printable ASCII")
    return SecretStr(token)


def digest_of(*parts: str) -> str:
    """Return a digest by which texts, secrets among them, are told apart.

    It is too short to find even a short secret by: one of 16 million texts has the same digest.
    """
    whole = "\0".join(parts).encode()
    return hashlib.blake2b(whole, digest_size=_BYTES, person=b"identity-worker").hexdigest()


def fingerprint(account: str, token: SecretStr) -> str:
    """Return what tells an account's token from another one without giving it away."""
    return digest_of(account, token.get_secret_value())
