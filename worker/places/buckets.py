"""A bucket as a target: S3 and what speaks as it does, Google Cloud Storage, Azure (extra `[s3]`, obstore).

Its keys, region and endpoint come from the environment, by the names that the vendors' own tools read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.text import printable
from config.urls import is_safe
from worker.places.target import TargetError, There

#: By which a request that fails in passing is repeated; one that is refused is not.
_RETRIES: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
_CLIENT: Any = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=120)}
#: The variables that name an endpoint; only one on this machine may be asked without TLS.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


class Bucket:
    """A bucket, or the part of one below a prefix."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise TargetError("a bucket's URL is SCHEME://BUCKET/PREFIX: keys come from the environment")
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
        self._error = BaseError
        with self._told():
            self._store: Any = from_url(self._root, retry_config=_RETRIES, client_options=_client_options())

    @property
    def name(self) -> str:
        """Return the bucket's URL."""
        return self._name

    def files(self, prefix: str) -> Iterator[There]:
        """Yield the files below a prefix, a thousand by each request."""
        start = self._path(prefix)
        with self._told():
            for page in self._obstore.list(self._store, prefix=start or None):
                for each in page:
                    yield There(self._relative(each["path"]), each["size"])

    def read(self, path: str) -> bytes | None:
        """Return a file, None where there is none."""
        with self._told():
            try:
                return bytes(self._obstore.get(self._store, self._path(path)).bytes())
            except FileNotFoundError:
                return None

    def copy(self, path: str, to: Path) -> bool:
        """Copy a file to one of this machine; return whether it is there."""
        with self._told(), to.open("wb") as file:
            try:
                for part in self._obstore.get(self._store, self._path(path)).stream():
                    file.write(part)
            except FileNotFoundError:
                return False
        return True

    def folders(self) -> list[str]:
        """Return the names of the folders at the top."""
        with self._told():
            found = self._obstore.list_with_delimiter(self._store, self._prefix or None)
        return sorted(self._relative(each) for each in found["common_prefixes"])

    def write(self, path: str, content: bytes | Path) -> None:
        """Put a file; it is seen once it is whole."""
        with self._told():
            self._obstore.put(self._store, self._path(path), content)

    def _path(self, path: str) -> str:
        return f"{self._prefix}/{path}".strip("/")

    def _relative(self, path: str) -> str:
        return path[len(self._prefix) :].lstrip("/") if self._prefix else path

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise TargetError(f"{self._root}: there is no such bucket") from None
        except (self._error, OSError, ValueError) as error:
            raise TargetError(f"{self._root}: {_first_line(error)}") from error


def _client_options() -> Any:
    endpoints = [os.environ[name] for name in _ENDPOINTS if os.environ.get(name)]
    plain = [each for each in endpoints if each.startswith("http://")]
    return {**_CLIENT, "allow_http": True} if plain and all(map(is_safe, plain)) else _CLIENT


def _first_line(error: Exception) -> str:
    """Return what a person can use of an error: what follows is the client's own inside."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable((lines or [type(error).__name__])[0])[:300]
