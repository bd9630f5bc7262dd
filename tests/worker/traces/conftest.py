"""A collector, and processes that tell it of their traces."""

from collections.abc import Iterator

import pytest
from collector import Collector, collecting


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Return a collector that this process's environment names."""
    with collecting() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        yield found


@pytest.fixture
def environment(environment: dict[str, str], collector: Collector) -> dict[str, str]:
    """Have spans told to it."""
    return environment | {"IDENTITY_WORKER_TRACES": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
