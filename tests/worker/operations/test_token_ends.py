"""The end of a token is warned of: it says so itself, or the API lists when the account's tokens end."""

import base64
import json
import time

import pytest
import requests
from own_account import Api
from pydantic import SecretStr
from stepping import Flow
from structlog.testing import capture_logs
from support import events

from actors.maintenance import count_identities
from actors.runtime import runtime
from cli.render.account import account_lines
from config import keys
from config.accounts.account import Account
from config.accounts.expiry import end_of
from config.accounts.names import DEFAULT
from worker.network.pool import open_pool
from worker.operations.doctor import Check
from worker.operations.doctor_accounts import account as checks
from worker.piktid.client import PiktID
from worker.views import account_reading
from worker.views.happenings import changed

DAY = 86_400.0


def checked(flow: Flow, token: str) -> list[Check]:
    """Return what `doctor` says of the token's end."""
    account = Account(name=DEFAULT, token=SecretStr(token))
    with open_pool() as pool:
        api = PiktID(pool, flow.api.url, account.token)
        found = list(checks(flow.client, account, api, by_stream=True))
    return [each for each in found if each.name.startswith("token ")]


def jwt(claims: object) -> str:
    """Return a token that says this of itself."""
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.x"


def make_token(api: Api, seconds: float) -> None:
    """Have the API make the account one more token."""
    headers = {"Authorization": f"Bearer {api.token}"}
    order = {"expiration": seconds}
    assert requests.post(f"{api.url}/auth/token", json=order, headers=headers, timeout=20).ok


def test_a_token_that_says_when_it_ends_is_warned_of_before(flow: Flow) -> None:
    told = [checked(flow, jwt({"exp": time.time() + days * DAY}))[0] for days in (-1, 2.5, 100)]
    assert [each.health for each in told] == ["warn", "warn", "ok"]
    assert "in less than 3 days" in told[1].said


def test_the_tokens_of_an_account_are_warned_of_once_all_end(flow: Flow) -> None:
    assert checked(flow, flow.api.token) == []
    make_token(flow.api, 3_600)
    assert [each.health for each in checked(flow, flow.api.token)] == ["warn"]


def endings(flow: Flow) -> list[int]:
    """The ends that the events tell of."""
    found = [each for each in events(flow.client) if each["type"] == "identity.account.token.ending"]
    assert all(each["subject"] == f"account:{DEFAULT}" for each in found)
    assert len({each["id"] for each in found}) == len(found)
    return [each["data"]["token_ends"] for each in found]


def counted(flow: Flow) -> list[str]:
    """Count the account's identities, as a timer has it done; return what the log says of its token."""
    runtime()  # which sets the log up
    with capture_logs() as logged:
        count_identities(f"library:{DEFAULT}")
    return [str(line["ends_at"]) for line in logged if line["event"] == "token.ending"]


def test_a_token_that_ends_soon_is_told_of_once_a_day(flow: Flow) -> None:
    make_token(flow.api, 13 * DAY)  # of the sandbox's clock, which is faster
    (said,) = counted(flow)
    assert counted(flow) == []
    (end,) = endings(flow)
    assert 0 < end / 1000 - time.time() < 13 * DAY
    report = account_reading.report(flow.client, DEFAULT)
    assert report.token_ends == end
    assert f"  token     ends at {said}, in " in "\n".join(account_lines(report))
    flow.client.hincrby(keys.RECORD(f"account:{DEFAULT}"), "token_seen_at", -round(DAY * 1000))
    assert counted(flow) == [said]
    assert endings(flow) == [end, end]


def test_a_token_that_ends_later_is_on_record_and_not_told_of(flow: Flow) -> None:
    account = Account(name=DEFAULT, token=SecretStr(flow.api.token))
    ends = time.time() + 15 * DAY
    assert not flow.ledger.saw_token(account, ends)
    assert account_reading.report(flow.client, DEFAULT).token_ends == round(ends * 1000)
    assert endings(flow) == []


def test_another_token_is_looked_at_at_once(flow: Flow) -> None:
    one, other = (Account(name=DEFAULT, token=SecretStr(each)) for each in ("one", "other"))
    flow.ledger.saw_token(one, time.time() + DAY)
    assert (flow.ledger.has_seen_token(one), flow.ledger.has_seen_token(other)) == (True, False)
    assert not flow.ledger.saw_token(other, None)
    assert account_reading.report(flow.client, DEFAULT).token_ends is None
    assert len(endings(flow)) == 1


def test_of_two_workers_that_look_at_once_one_warns(flow: Flow) -> None:
    account = Account(name=DEFAULT, token=SecretStr(flow.api.token))
    ends = time.time() + DAY
    assert [flow.ledger.saw_token(account, ends) for _ in range(2)] == [True, False]
    assert len(endings(flow)) == 1


def test_an_event_of_an_account_is_of_no_brief(flow: Flow) -> None:
    flow.ledger.saw_token(Account(name=DEFAULT, token=SecretStr(flow.api.token)), time.time() + DAY)
    flow.accept(brief_id="b")
    told, _ = changed(flow.client, "0", 1)
    assert told == {"b"}


@pytest.mark.parametrize(
    "token", ["a.b.c", "plain", jwt([]), jwt({"exp": "soon"}), jwt({"exp": True}), jwt({})]
)
def test_a_token_that_does_not_say_when_it_ends_is_left_alone(token: str) -> None:
    assert end_of(SecretStr(token)) is None
