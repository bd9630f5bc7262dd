"""A stream of which nothing comes: told of by its name after one missed sign of life, and timers carry on."""

import pytest
import redis
from own_account import LONG
from pydantic import SecretStr
from stepping import Flow, listening
from structlog.testing import capture_logs
from support import STALLED, events, eventually

from cli.commands.briefs.why import lines_of
from config import durations, keys
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from worker.forecast import why as reasons
from worker.network.pool import open_pool
from worker.operations.doctor_accounts import account as checks
from worker.piktid.client import PiktID
from worker.unresolved.streams import read_stream

pytestmark = pytest.mark.channel

SAID = "nothing has come of the event stream for "


def told(client: "redis.Redis") -> list[str]:
    """What the events say of streams that are held back."""
    return [event["data"]["why"] for event in events(client, stalls=True) if event["type"] == STALLED]


def test_a_silent_stream_is_told_of_and_jobs_are_asked_after(flow: Flow, redis_url: str) -> None:
    flow.api.fault("mute", seconds=LONG, count=None)
    with listening(flow.settings, flow.api, redis_url), capture_logs() as logged:
        (why,) = eventually(flow.client, lambda: told(flow.client))
        assert why.startswith(SAID)
        assert "does a proxy in between buffer it?" in why
        assert any(line["event"] == "stream.stalled" for line in logged)
        # While it is opened once more it is not held back, for as long as nothing was due of it.
        assert eventually(flow.client, lambda: read_stream(flow.client, DEFAULT).is_stalled)
        flow.accept(brief_id="b")
        flow.until("b", "generating")
        assert eventually(flow.client, lambda: "held back, nothing has come for" in said_of_b(flow))
        assert flow.finish("b").state == "done"
        assert eventually(flow.client, lambda: flow.api.requests("GET /notifications/events") > 1)
        assert told(flow.client) == [why], "once a day, however often the stream is opened"


def said_of_b(flow: Flow) -> str:
    found = reasons.why(flow.client, flow.settings, "b")
    assert found
    return "\n".join(lines_of(found))


def test_doctor_names_a_stream_that_is_held_back(flow: Flow, redis_url: str) -> None:
    flow.api.fault("mute", seconds=LONG, count=None)
    with listening(flow.settings, flow.api, redis_url):
        eventually(flow.client, lambda: told(flow.client))
        account = Account(name=DEFAULT, token=SecretStr(flow.api.token))
        with open_pool() as pool:
            api = PiktID(pool, flow.api.url, account.token)

            def told_of() -> bool:
                found = {each.name: each for each in checks(flow.client, account, api, by_stream=True)}
                events = found["events default"]
                return events.health == "warn" and events.said.startswith(f"its stream is held back: {SAID}")

            assert eventually(flow.client, told_of)


def test_a_stream_that_speaks_again_is_held_back_no_more(flow: Flow, redis_url: str) -> None:
    flow.api.fault("mute", seconds=LONG, count=1)
    with listening(flow.settings, flow.api, redis_url):
        eventually(flow.client, lambda: told(flow.client))
        assert eventually(flow.client, lambda: not read_stream(flow.client, DEFAULT).is_stalled)
        assert flow.client.hexists(keys.STREAM(DEFAULT), "stalled_at")


def test_a_stream_that_is_never_begun_is_held_back_too(
    flow: Flow, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "STREAM_OPENING_SECONDS", 0.3)
    flow.api.hold("/notifications/events")
    with listening(flow.settings, flow.api, redis_url):
        (why,) = eventually(flow.client, lambda: told(flow.client))
        assert why.startswith("the API has not begun its event stream for 0 s: does a proxy")
