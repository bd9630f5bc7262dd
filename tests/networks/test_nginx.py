"""The API behind nginx: below a path, and with an event stream that is buffered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from stepping import Flow, listening
from support import STALLED, events, eventually

from config.accounts.account import Account
from sandbox.pictures.draw import draw
from tests.networks.between import nginx
from worker.network.pool import open_pool
from worker.operations import doctor_accounts
from worker.piktid.client import PiktID
from worker.unresolved.streams import read_stream

pytestmark = pytest.mark.channel

PREFIX = "/some/prefix"
LOOKS = {"hair": {"color": "pink"}, "options": {"size": "1K", "ar": "1:1", "format": "jpg"}}
#: Every call of a worker and a listener: what it begins with behind the prefix.
CALLS = (
    *("POST /identity/create", "POST /identity/promote-generated", "POST /identity/upload", "GET /identity"),
    *("GET /jobs/", "POST /upload", "POST /preset/extract-from-image", "GET /auth/me", "GET /auth/token"),
    *("GET /notifications/events", "DELETE /notifications/", "PUT /webhooks", "POST /webhooks/test"),
)


#: By itself nginx asks by HTTP/1.0, and buffers an answer of it until that has ended.
UNBUFFERED = "proxy_buffering off;"


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> str:
    """The lines of nginx's configuration that are about buffering."""
    return str(getattr(request, "param", UNBUFFERED))


@pytest.fixture
def below(request: pytest.FixtureRequest) -> str:
    """The path that the API's URL has."""
    return str(getattr(request, "param", PREFIX))


@pytest.fixture
def environment(
    environment: dict[str, str], between: Path, port: int, upstream: str, lines: str, below: str
) -> Iterator[dict[str, str]]:
    references = between / "references"
    references.mkdir()
    (references / "ada.jpg").write_bytes(draw(LOOKS, "s", 0))
    server = f"""server {{
        listen 127.0.0.1:{port};
        location {PREFIX}/ {{ proxy_pass http://{upstream}/; {lines} }}
    }}"""
    with nginx(between, port, server):
        yield environment | {
            "PIKTID_API_URL": f"http://127.0.0.1:{port}{below}",
            "IDENTITY_WORKER_REFERENCE_DIR": str(references),
        }


def test_every_call_goes_below_a_path_of_the_url(flow: Flow, redis_url: str, between: Path) -> None:
    with listening(flow.settings, flow.api, redis_url), open_pool() as pool:
        client = PiktID(pool, flow.settings.api_url, SecretStr(flow.api.token))
        for kind in ({}, {"kind": "import", "name": "Ada"}):
            flow.accept(brief_id=f"b{len(kind)}", instructions=None, reference_image="ada.jpg", **kind)
            assert flow.finish(f"b{len(kind)}").state == "done"
        client.me()
        client.token_ends()
        client.own_identities()
        client.set_webhook("http://127.0.0.1:9/webhooks/default")
        client.test_webhook()

        def asked() -> list[str]:
            # The stream's own line comes once it has ended.
            lines = (between / "requests").read_text().splitlines()
            return [*lines, f"GET {PREFIX}/notifications/events HTTP/1.1"]

        missing = eventually(
            flow.client,
            lambda: (
                {
                    call
                    for call in CALLS
                    if not any(each.startswith(call.replace(" ", f" {PREFIX}", 1)) for each in asked())
                }
                == set()
            ),
        )
        assert missing
    assert all(each.split()[1].startswith(f"{PREFIX}/") for each in asked())


@pytest.mark.parametrize("below", [""], indirect=True)
def test_where_the_path_is_forgotten_briefs_wait_with_what_to_set(flow: Flow) -> None:
    brief = flow.accept(brief_id="b")
    flow.steps.until(lambda: "pause" in flow.pauses())
    assert "set PIKTID_API_URL right, with the path" in flow.pauses()["pause"]
    assert flow.brief(brief).state == "waiting"
    with open_pool() as pool:
        token = SecretStr(flow.api.token)
        client = PiktID(pool, flow.settings.api_url, token)
        account = Account(name="default", token=token)
        first = next(doctor_accounts.account(flow.client, account, client, by_stream=True))
    assert (first.health, first.remedy) == ("fail", "see PIKTID_API_URL")


@pytest.mark.parametrize("lines", [""], indirect=True)
def test_a_stream_that_is_buffered_is_told_of_and_briefs_come_through(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        flow.accept(brief_id="b")
        assert flow.finish("b").state == "done"
        stream = eventually(
            flow.client, lambda: (found := read_stream(flow.client, "default")).is_stalled and found
        )
    assert stream
    assert "does a proxy in between buffer it?" in str(stream.why)
    told = [each["type"] for each in events(flow.client, stalls=True) if each["data"]["brief_id"] is None]
    assert told == [STALLED]
