"""Writes marked copies of pictures: made by a model, for this brief, signed with the user's key."""

import hashlib
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

from config.errors import IdentityWorkerError
from config.settings import Settings
from worker.marking import source_types
from worker.marking.containers import carried
from worker.marking.embedding import with_xmp
from worker.marking.reading import BRIEF, MadeFrom
from worker.piktid.pictures import recognize

#: Largest key or certificate file that is read, in bytes.
_MOST_BYTES = 256 * 1024
#: Longest error that is told, in characters.
_MOST_CHARACTERS = 300


class MarkingError(IdentityWorkerError):
    """Raised when a picture can't be marked: the extra, key or certificate is missing, or does not fit."""


class Marker:
    """Marks copies with one key."""

    def __init__(self, certificate: bytes, key: bytes) -> None:
        """Both are PEM, the certificate with its chain; raises MarkingError."""
        try:
            import c2pa
        except ImportError as error:
            told = "marking needs the package c2pa-python: pip install 'identity-worker[c2pa]'"
            raise MarkingError(told) from error
        self._c2pa = c2pa
        info = c2pa.C2paSignerInfo(_algorithm(key), certificate, key, None)
        try:
            self._signer = c2pa.Signer.from_info(info)
        except c2pa.C2paError:
            # Not the library's words: they may quote what it could not read.
            raise MarkingError("certificate and key of marks are no pair that C2PA takes") from None

    def mark(self, content: bytes, brief_id: str) -> bytes:
        """Return a marked copy of a picture; raises MarkingError.

        One that carries a manifest already keeps it, as what the copy was made from.
        """
        from worker.marking.context import offline

        picture = recognize(content)
        if picture is None:
            raise MarkingError("only a JPEG, PNG or WebP picture can be marked")
        was, copy = carried(content), BytesIO()
        manifest = _manifest(brief_id, content, picture.content_type, opened=was.c2pa)
        try:
            prepared = _with_source_type(content, was.xmp)
            with self._c2pa.Builder(manifest, context=offline()) as builder:
                if was.c2pa:
                    builder.add_ingredient(_PARENT, picture.content_type, BytesIO(content))
                builder.sign(self._signer, picture.content_type, BytesIO(prepared), copy)
        except (self._c2pa.C2paError, ValueError) as error:
            raise MarkingError(f"it can't be marked: {error}"[:_MOST_CHARACTERS]) from error
        return copy.getvalue()


def open_marker(settings: Settings) -> Marker:
    """Return the marker with the key and certificate of the settings; raises MarkingError."""
    files = {"MARK_CERTIFICATE": settings.mark_certificate, "MARK_KEY": settings.mark_key}
    missing = [f"IDENTITY_WORKER_{name}" for name, path in files.items() if path is None]
    if missing:
        raise MarkingError(f"marking needs {' and '.join(missing)}: the path of a PEM file")
    certificate, key = (_read(path) for path in files.values() if path is not None)
    return Marker(certificate, key)


#: What the manifest says of the picture that a copy was made from.
_PARENT = {"title": "the picture as the API made it", "relationship": "parentOf", "instance_id": "original"}


def _with_source_type(content: bytes, packet: bytes | None) -> bytes:
    """Return a copy that says what kind of source it has; one that says so already is returned as it is."""
    if packet is not None and source_types.source_type(packet) is not None:
        return content
    return with_xmp(content, source_types.with_source_type(packet, source_types.TRAINED))


def _manifest(brief_id: str, content: bytes, content_type: str, *, opened: bool) -> dict[str, Any]:
    if opened:
        made: dict[str, Any] = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["original"]}}
    else:
        made = {"action": "c2pa.created", "digitalSourceType": source_types.TRAINED}
    return {
        "claim_generator_info": [{"name": "identity-worker", "version": version("identity-worker")}],
        "format": content_type,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [made]}},
            {"label": BRIEF, "data": MadeFrom(brief_id, hashlib.sha256(content).hexdigest())._asdict()},
        ],
    }


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise MarkingError(f"{path}: {error.strerror or error}") from error
    if len(content) > _MOST_BYTES:
        raise MarkingError(f"{path}: larger than {_MOST_BYTES} bytes, so it is no key and no certificate")
    return content


def _algorithm(key: bytes) -> bytes:
    """Return what C2PA calls the algorithm of a private key; raises MarkingError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        loaded = load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise MarkingError("the key of marks must be a private key as PEM, without a passphrase") from None
    if isinstance(loaded, ec.EllipticCurvePrivateKey):
        by_size = {256: b"es256", 384: b"es384", 521: b"es512"}
        if loaded.key_size in by_size:
            return by_size[loaded.key_size]
    elif isinstance(loaded, ed25519.Ed25519PrivateKey):
        return b"ed25519"
    elif isinstance(loaded, rsa.RSAPrivateKey):
        return b"ps256"
    raise MarkingError("the key of marks must be one of ECDSA (P-256, P-384, P-521), Ed25519 or RSA")
