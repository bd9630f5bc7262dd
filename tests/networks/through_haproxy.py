"""The API behind haproxy, which ends what is quiet, or keeps an answer until it is whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stepping import Flow, listening
from structlog.testing import capture_logs
from support import STALLED, event_types, eventually

from tests.networks.between import haproxy
from worker.unresolved.streams import read_stream

STREAM = "GET /notifications/events"
#: Of the sandbox's clock: two seconds of the wall, longer than haproxy waits.
QUIET = 400.0


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> str:
    """More lines of haproxy's backend."""
    return str(getattr(request, "param", ""))


@pytest.fixture
def environment(
    environment: dict[str, str], between: Path, port: int, upstream: str, lines: str
) -> Iterator[dict[str, str]]:
    with haproxy(between, port, upstream, "300ms", lines):
        yield environment | {"PIKTID_API_URL": f"http://127.0.0.1:{port}"}


def test_a_stream_that_an_idle_time_out_ends_is_opened_again(flow: Flow, redis_url: str) -> None:
    flow.api.set(keepalive_seconds=QUIET)
    with capture_logs() as logged, listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: flow.api.requests(STREAM) > 2)
        flow.accept(brief_id="b")
        assert flow.finish("b").state == "done"
        assert read_stream(flow.client, "default").replayed_since
    assert {line["event"] for line in logged} >= {"stream.ended"}
    assert "stream.stalled" not in {line["event"] for line in logged}


@pytest.mark.parametrize("lines", ["http-response wait-for-body time 1h at-least 1000000"], indirect=True)
def test_a_stream_that_is_kept_until_it_is_whole_is_told_of(flow: Flow, redis_url: str) -> None:
    flow.api.set(keepalive_seconds=10.0)
    with listening(flow.settings, flow.api, redis_url):
        flow.accept(brief_id="b")
        assert flow.finish("b").state == "done"
        assert eventually(flow.client, lambda: read_stream(flow.client, "default").is_stalled)
        told = [each for each in event_types(flow.client, stalls=True) if each == STALLED]
        assert len(told) == 1
