"""A bucket as a target: S3 and what speaks as it does, Google Cloud Storage, Azure (extra `[s3]`, obstore).

Its keys, region and endpoint come from the environment, by the names that the vendors' own tools read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urlsplit

from config.urls import is_safe
from worker.places import bucket_errors
from worker.places.target import TargetError, There, copied

#: How a request is repeated that fails for a passing reason; one that is refused is not.
_RETRIES: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
_CLIENT: Any = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=120)}
#: The variables that name an endpoint; only one on this machine may be asked without TLS.
_ENDPOINTS = (
    *("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    *("GOOGLE_BASE_URL", "AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
)


class Bucket:
    """A bucket, or the part of one below a prefix."""

    def __init__(self, url: str) -> None:
        parts = _parts(url)
        self._name = url.rstrip("/")
        self._prefix = parts.path.strip("/")
        self._root = f"{parts.scheme}://{parts.netloc}"
        try:
            import obstore
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError as error:
            told = "a bucket needs the package obstore: pip install 'identity-worker[s3]'"
            raise TargetError(told) from error
        self._obstore = obstore
        self._errors = (BaseError, OSError, ValueError)
        options = _client_options()
        with self._told("open"):
            self._store: Any = from_url(self._root, retry_config=_RETRIES, client_options=options)

    @property
    def name(self) -> str:
        """Return the bucket's URL."""
        return self._name

    def files(self, prefix: str) -> Iterator[There]:
        """Yield the files below a prefix, a thousand by each request."""
        start = self._path(prefix)
        with self._told("list"):
            for page in self._obstore.list(self._store, prefix=start or None):
                for each in page:
                    yield There(self._relative(each["path"]), each["size"])

    def read(self, path: str) -> bytes | None:
        """Return a file, None where there is none."""
        with self._told("read"):
            try:
                return bytes(self._obstore.get(self._store, self._path(path)).bytes())
            except FileNotFoundError:
                return None

    def copy(self, path: str, to: BinaryIO) -> bool:
        """Copy a file into one that is open; return whether it is there."""
        return copied(self._parts(path), to)

    def _parts(self, path: str) -> Iterator[bytes]:
        with self._told("read"):
            try:
                found = self._obstore.get(self._store, self._path(path))
                yield b""  # it is there, empty or not
                yield from found.stream()
            except FileNotFoundError:
                return

    def folders(self) -> list[str]:
        """Return the names of the folders at the top."""
        with self._told("list"):
            found = self._obstore.list_with_delimiter(self._store, self._prefix or None)
        return sorted(self._relative(each) for each in found["common_prefixes"])

    def write(self, path: str, content: bytes | BinaryIO) -> None:
        """Put a file; it is seen once it is whole."""
        with self._told("write"):
            self._obstore.put(self._store, self._path(path), content)

    def _path(self, path: str) -> str:
        return f"{self._prefix}/{path}".strip("/")

    def _relative(self, path: str) -> str:
        return path[len(self._prefix) :].lstrip("/") if self._prefix else path

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            scheme = self._root.partition(":")[0]
            raise TargetError(f"{self._root}: {bucket_errors.told(error, what, scheme)}") from None


def _parts(url: str) -> SplitResult:
    """Return the parts of a bucket's URL; raises TargetError."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise TargetError(f"is no URL: {error}") from None
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise TargetError("a bucket's URL is SCHEME://BUCKET/PREFIX: keys come from the environment")
    if not parts.netloc:
        raise TargetError(f"names no bucket: {parts.scheme}://BUCKET/PREFIX")
    return parts


def _client_options() -> Any:
    """Return how the client calls; raises TargetError for an endpoint that it can't call, or not safely."""
    plain = False
    for name in _ENDPOINTS:
        if not (endpoint := os.environ.get(name)):
            continue
        if not is_safe(endpoint):
            raise TargetError(f"{name} must be an https URL, or http to this machine")
        plain = plain or endpoint.lower().startswith("http://")
    return {**_CLIENT, "allow_http": True} if plain else _CLIENT
