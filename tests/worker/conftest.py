"""A real S3 server of this process, moto's, with a bucket, to which the environment leads; and two shards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from buckets import AZURITE, BUCKET, azure, google, s3
from two_shards import both, of_two

from config.settings import Settings
from worker.shards.shards import Shards


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the URL of an empty bucket of S3."""
    with s3() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield f"s3://{BUCKET}"


@pytest.fixture
def google_bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Return the URL of an empty bucket of Google's."""
    with google(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield f"gs://{BUCKET}"


@pytest.fixture
def azure_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the URL of an empty container of Azure's."""
    if AZURITE is None:
        pytest.skip("Azurite is not here: `make test-buckets` installs it")
    with azure() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield f"az://{BUCKET}"


@pytest.fixture
def sharded(settings: Settings) -> Settings:
    """Return the settings of an installation of two shards."""
    return of_two(settings)


@pytest.fixture
def shards(redis_url: str, sharded: Settings) -> Iterator[Shards]:
    """Return its shards; their keys go afterwards."""
    with both(redis_url, sharded) as found:
        yield found
