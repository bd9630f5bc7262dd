"""Signs messages by the specification Standard Webhooks 1.0, with symmetric secrets (`v1`).

Its own library for Python verifies in the tests; here it would bring nothing but these few lines.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets as randoms
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from config.errors import IdentityWorkerError

#: What a secret begins with, so that people and scanners see what it is.
PREFIX = "whsec_"
#: Bytes that a secret may have (specification, *Signature scheme*), and those of one that is made here.
_LEAST, _MOST, _MADE = 24, 64, 32


class HookSecretError(IdentityWorkerError):
    """Raised when a secret can't be read: says where it should stand and why, and quotes nothing."""


class Secret(NamedTuple):
    """A secret, and until when it signs, in seconds since 1970; None: without end."""

    text: SecretStr
    until: float | None = None


def new_secret() -> Secret:
    """Return a new secret."""
    return Secret(SecretStr(PREFIX + base64.b64encode(randoms.token_bytes(_MADE)).decode()))


def parse(where: str, text: str) -> list[Secret]:
    """Return the secrets of a text, the newest first: one a line, perhaps with the time at which it ends.

    Raises HookSecretError.
    """
    found = [_secret(where, line.split()) for line in text.splitlines() if line.strip()]
    if not found:
        raise HookSecretError(
            f"{where}: holds no secret; a secret is {PREFIX} and {_LEAST} to {_MOST} bytes as base64"
        )
    return found


def from_environment(name: str) -> list[Secret]:
    """Return the secrets that a variable holds; raises HookSecretError."""
    text = os.environ.get(name, "")
    if not text.strip():
        told = f"the environment variable {name} holds no secret: set it to one that begins with {PREFIX}"
        raise HookSecretError(told)
    return parse(f"the environment variable {name}", text)


def from_file(path: Path) -> list[Secret]:
    """Return the secrets that a file holds; raises HookSecretError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds more than text"
        raise HookSecretError(f"{path}: can't be read: {why}") from None
    return parse(str(path), text)


def headers(secrets: Iterable[Secret], message: str, now: float, body: bytes) -> dict[str, str]:
    """Return the headers that identify and sign a message; `now` in seconds since 1970."""
    seconds = int(now)
    signed = b".".join((message.encode(), str(seconds).encode(), body))
    taken = [each for each in secrets if each.until is None or now < each.until]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{_signature(each, signed)}" for each in taken),
    }


def _signature(secret: Secret, signed: bytes) -> str:
    key = _key(secret.text.get_secret_value())
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(text: str) -> bytes:
    return base64.b64decode(text.removeprefix(PREFIX), validate=True)


def _secret(where: str, words: list[str]) -> Secret:
    text, *end = words
    try:
        size = len(_key(text)) if text.startswith(PREFIX) else 0
        until = float(end[0]) if end else None
    except (binascii.Error, ValueError):
        size, until = 0, None
    if not _LEAST <= size <= _MOST or len(end) > 1:
        raise HookSecretError(
            f"{where}: holds no valid secret; one is {PREFIX} and {_LEAST} to {_MOST} bytes as base64"
        )
    return Secret(SecretStr(text), until)
