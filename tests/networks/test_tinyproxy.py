"""The way out is tinyproxy, which wants a password and lets one port through."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stepping import Flow, listening

from cli.demo.ports import free_port
from tests.networks.between import nginx, tinyproxy
from tests.servers.certificates import Authority
from worker.operations import doctor_ways

pytestmark = pytest.mark.channel

#: This machine by an address that is not taken for this machine's: that one is asked of no proxy.
HOST = "0.0.0.0"  # nobody listens there for others
SECRET = "s3cret"
WRONG = "http://user:wrong@"


@pytest.fixture
def environment(
    environment: dict[str, str], between: Path, port: int, upstream: str
) -> Iterator[dict[str, str]]:
    """An API that speaks TLS with a certificate of the company's own, behind a proxy with a password."""
    authority, api = Authority(between / "authority"), free_port()
    pair = authority.sign("api", HOST)
    server = f"""server {{
        listen 127.0.0.1:{api} ssl;
        ssl_certificate {pair.certificate};
        ssl_certificate_key {pair.key};
        location / {{ proxy_pass http://{upstream}/; proxy_buffering off; }}
    }}"""
    (between / "way").mkdir()
    with nginx(between, api, server), tinyproxy(between / "way", port, "user", SECRET):
        yield environment | {
            "PIKTID_API_URL": f"https://{HOST}:{api}",
            "HTTPS_PROXY": f"http://user:{SECRET}@127.0.0.1:{port}",
            "SSL_CERT_FILE": str(authority.certificate),
        }


def test_a_brief_goes_by_the_proxy_with_its_password(flow: Flow, redis_url: str, between: Path) -> None:
    url = flow.settings.api_url
    with listening(flow.settings, flow.api, redis_url):
        flow.accept(brief_id="b")
        assert flow.finish("b").state == "done"
    asked = (between / "way" / "requests").read_text()
    assert f"CONNECT {url.removeprefix('https://')}" in asked
    steps = [each.name for each in doctor_ways.to_api(url) if each.health == "ok"]
    assert steps == ["api name", "api connection", "api proxy", "api TLS"]


def test_a_wrong_password_is_told_of_and_no_proxy_goes_past(
    flow: Flow, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = flow.settings.api_url
    monkeypatch.setenv("HTTPS_PROXY", f"{WRONG}127.0.0.1:{port}")
    last = list(doctor_ways.to_api(url))[-1]
    assert (last.name, last.health) == ("api proxy", "fail")
    assert f"the proxy http://127.0.0.1:{port}" in last.said
    assert "wrong" not in last.said
    monkeypatch.setenv("NO_PROXY", HOST)
    steps = [each.name for each in doctor_ways.to_api(url) if each.health == "ok"]
    assert steps == ["api name", "api connection", "api TLS"]
