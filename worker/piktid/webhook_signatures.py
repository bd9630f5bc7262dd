"""Checks webhooks' signatures, and keeps the secrets of the accounts' webhooks (piktid-v2.md 4).

A secret is kept in a file of its account alone, of mode 0600, and nowhere else: whoever has it can make the
worker look at its jobs. Setting a webhook rotates it; the one before is taken for a while longer, since
notifications that were signed with it may be on their way.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from config import durations
from config.errors import IdentityWorkerError
from worker.store import folders

#: Read in place of an unknown account, so that the answer takes as long; no account can have this name.
NOBODY = "nobody at all"
#: What is signed with where there is nothing to compare with.
_NO_SECRET = SecretStr(secrets.token_hex())


class SecretsError(IdentityWorkerError):
    """Raised when an account's file of secrets can't be read; says which and why."""


@dataclass(frozen=True)
class StoredWebhook:
    """An account's webhook as it was set from here. Times are seconds since 1970."""

    url: str
    set_at: float
    secret: Annotated[SecretStr, Field(min_length=1)]
    previous: SecretStr | None = None
    previous_until: float = 0.0


_FILE = TypeAdapter(StoredWebhook)


def is_signed(webhook: StoredWebhook | None, body: bytes, signature: str, now: float) -> bool:
    """Whether `signature` is that of the raw `body` by a secret that is taken at `now`.

    It takes the same time whatever is wrong, and also where no webhook was set (None).
    """
    overlaps = webhook is not None and webhook.previous is not None and now < webhook.previous_until
    taken = (webhook and webhook.secret, webhook.previous if webhook and overlaps else None)
    given = signature.encode("latin-1", "replace")
    found = [hmac.compare_digest(sign(secret or _NO_SECRET, body), given) for secret in taken]
    return any(each and secret is not None for each, secret in zip(found, taken, strict=True))


def sign(secret: SecretStr, body: bytes) -> bytes:
    """Return the value of `X-Webhook-Signature` for a body."""
    key = secret.get_secret_value().encode()
    return b"sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest().encode()


class SecretStore:
    """The files of secrets in one folder; each is read again when it has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[tuple[int, int], StoredWebhook]] = {}

    def read(self, account: str) -> StoredWebhook | None:
        """Return an account's webhook, None when none was set; raises SecretsError."""
        path = self._path(account)
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SecretsError(f"{path}: {error.strerror}") from error
        # With the file's number: two writes may fall on the same tick of the file system's clock.
        version = (found.st_mtime_ns, found.st_ino)
        known = self._read.get(account)
        if known is None or known[0] != version:
            known = self._read[account] = (version, _parsed(path))
        return known[1]

    def require_writable(self) -> None:
        """Make the folder, and see that it keeps what is written; raises FolderError."""
        folders.private(self._folder, "set IDENTITY_WORKER_SECRETS_DIR to a folder that can be written")

    def replace(self, account: str, url: str, secret: SecretStr, now: float) -> StoredWebhook:
        """Record a webhook that was set at `now`; the secret before is kept for the overlap."""
        before = self.read(account)
        self.require_writable()
        webhook = StoredWebhook(
            url,
            now,
            secret,
            before.secret if before else None,
            now + durations.SECRET_OVERLAP_SECONDS if before else 0.0,
        )
        # Whole or not at all: half a secret would refuse everything.
        folders.write(self._path(account), json.dumps(_as_json(webhook)))
        return webhook

    def _path(self, account: str) -> Path:
        return self._folder / f"{account}.json"


def _as_json(webhook: StoredWebhook) -> dict[str, object]:
    return {
        "url": webhook.url,
        "set_at": webhook.set_at,
        "secret": webhook.secret.get_secret_value(),
        "previous": webhook.previous and webhook.previous.get_secret_value(),
        "previous_until": webhook.previous_until,
    }


def _parsed(path: Path) -> StoredWebhook:
    try:
        return _FILE.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        # Without its text and its cause: they quote the file.
        raise SecretsError(f"{path} is no file of secrets ({type(error).__name__})") from None
