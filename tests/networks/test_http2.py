"""HTTP/2 with nginx, which prefers it: where it is allowed all is spoken so, and nothing where it is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from stepping import Flow, listening
from support import DEADLINE

from config.errors import NetworkSettingsError
from config.settings import Settings
from tests.networks.between import nginx
from tests.servers.certificates import Authority
from worker.network import tls
from worker.network.pool import check_environment, open_pool
from worker.piktid.client import PiktID

pytestmark = pytest.mark.channel


@pytest.fixture
def is_on(request: pytest.FixtureRequest) -> bool:
    return bool(getattr(request, "param", True))


@pytest.fixture
def environment(
    environment: dict[str, str], between: Path, port: int, upstream: str, is_on: bool
) -> Iterator[dict[str, str]]:
    authority = Authority(between / "authority")
    pair = authority.sign("api", "127.0.0.1")
    server = f"""server {{
        listen 127.0.0.1:{port} ssl http2;
        keepalive_requests 100;
        ssl_certificate {pair.certificate};
        ssl_certificate_key {pair.key};
        location / {{ proxy_pass http://{upstream}/; proxy_buffering off; }}
        location /notifications/events {{ proxy_pass http://{upstream}; proxy_buffering off; }}
    }}"""
    with nginx(between, port, server):
        yield environment | {
            "PIKTID_API_URL": f"https://127.0.0.1:{port}",
            "SSL_CERT_FILE": str(authority.certificate),
            "IDENTITY_WORKER_HTTP2": str(is_on),
        }


@pytest.mark.parametrize(("is_on", "protocol"), [(True, "HTTP/2.0"), (False, "HTTP/1.1")], indirect=["is_on"])
def test_a_brief_goes_by_http2_where_that_is_allowed(
    flow: Flow, redis_url: str, between: Path, protocol: str
) -> None:
    with listening(flow.settings, flow.api, redis_url):
        flow.accept(brief_id="b")
        assert flow.finish("b").state == "done"
    asked = (between / "requests").read_text().splitlines()
    assert {each.split()[2] for each in asked} == {protocol}
    assert any("/notifications/events" in each for each in asked)


def test_an_answer_that_was_not_read_to_its_end_leaves_no_connection(flow: Flow) -> None:
    with open_pool() as pool:
        client = PiktID(pool, flow.settings.api_url, SecretStr(flow.api.token))
        for _ in range(3):
            request = pool.request("GET", f"{flow.settings.api_url}/openapi.json")
            pool.handle_request(request).close()
        assert not any(pool._idle.values())
        client.me()
        assert sum(map(len, pool._idle.values())) == 1


def test_more_calls_than_a_server_takes_by_one_connection_are_all_answered(flow: Flow) -> None:
    with open_pool(keepalive_expiry=DEADLINE) as pool:
        client = PiktID(pool, flow.settings.api_url, SecretStr(flow.api.token))
        for _ in range(250):
            client.me()


def test_where_the_package_is_missing_it_says_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.http2
    monkeypatch.setattr(tls, "find_spec", lambda _: None)
    with pytest.raises(NetworkSettingsError, match=r"install identity-worker\[http2\]"):
        check_environment()
