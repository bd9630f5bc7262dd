"""A collector, and processes that tell it of their traces."""

from collections.abc import Iterator

import pytest


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Return a collector that this process's environment names."""
    pytest.importorskip("opentelemetry.sdk")
    from collector import collecting

    with collecting() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        yield found


@pytest.fixture
def environment(environment: dict[str, str], collector: object) -> dict[str, str]:
    """Have spans told to it."""
    url = str(getattr(collector, "url"))  # noqa: B009  # of a class that is imported where there is the extra
    return environment | {"IDENTITY_WORKER_TRACES": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": url}
