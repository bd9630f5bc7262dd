"""The API behind nginx that ends what is quiet, speaks TLS with a certificate of one's own, and HTTP/2."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stepping import Flow, listening
from structlog.testing import capture_logs
from support import eventually

from tests.networks.between import nginx
from tests.servers.certificates import Authority

STREAM = "GET /notifications/events"
QUIET = 400.0


@pytest.fixture
def environment(
    environment: dict[str, str], between: Path, port: int, upstream: str
) -> Iterator[dict[str, str]]:
    authority = Authority(between / "authority")
    pair = authority.sign("api", "127.0.0.1")
    server = f"""server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {pair.certificate};
        ssl_certificate_key {pair.key};
        location / {{ proxy_pass http://{upstream}/; proxy_buffering off; proxy_read_timeout 300ms; }}
    }}"""
    with nginx(between, port, server):
        url = f"https://127.0.0.1:{port}"
        yield environment | {"PIKTID_API_URL": url, "SSL_CERT_FILE": str(authority.certificate)}


def test_a_stream_by_tls_that_a_time_out_ends_comes_again(flow: Flow, redis_url: str) -> None:
    flow.api.set(keepalive_seconds=QUIET)
    with capture_logs() as logged, listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: flow.api.requests(STREAM) > 2)
        flow.accept(brief_id="b")
        assert flow.finish("b").state == "done"
    assert "stream.ended" in {line["event"] for line in logged}
