"""Keeps the secrets that were made here, a file of mode 0600 for each endpoint, and nowhere else."""

from pathlib import Path

from config.errors import IdentityWorkerError
from worker.hooks.signing import Secret, from_file, new_secret
from worker.store import folders

_REMEDY = "set IDENTITY_WORKER_SECRETS_DIR to a folder that can be written, or name the secret's own place"


class KeptSecretError(IdentityWorkerError):
    """Raised when a secret can't be made, as there is one of its name, or was not made here."""


def make(place: Path) -> str:
    """Make a secret and return it; raises FolderError, and KeptSecretError where there is one already."""
    folders.private(place.parent, _REMEDY)
    made = new_secret()
    try:
        folders.write(place, _text([made]), new=True)
    except FileExistsError:
        raise KeptSecretError(
            f"{place}: there is a secret already: remove the file, or give it as --secret-file"
        ) from None
    except OSError as error:
        raise folders.FolderError(place.parent, error, _REMEDY) from None
    return made.text.get_secret_value()


def rotate(place: Path, until: float, now: float) -> str:
    """Make a secret, beside which the one before signs until then; return it. Times in seconds since 1970.

    Raises HookSecretError and FolderError.
    """
    made = new_secret()
    before = [Secret(each.text, min(until, each.until or until)) for each in from_file(place)]
    folders.private(place.parent, _REMEDY)
    try:
        folders.write(place, _text([made, *(each for each in before if (each.until or 0) > now)]))
    except OSError as error:
        raise folders.FolderError(place.parent, error, _REMEDY) from None
    return made.text.get_secret_value()


def remove(place: Path) -> None:
    """Remove a secret, if it is there; raises OSError."""
    place.unlink(missing_ok=True)


def _text(secrets: list[Secret]) -> str:
    return "".join(f"{_line(each)}\n" for each in secrets)


def _line(secret: Secret) -> str:
    text = secret.text.get_secret_value()
    return text if secret.until is None else f"{text} {secret.until:.0f}"
