"""The end of a token is warned of: it says so itself, or the API lists when the account's tokens end."""

import base64
import json
import time

import pytest
import requests
from own_account import Api
from pydantic import SecretStr
from stepping import Flow

from config.accounts.account import DEFAULT, Account
from config.accounts.expiry import end_of
from worker.network.pool import open_pool
from worker.operations.doctor import Check
from worker.operations.doctor_accounts import account as checks
from worker.piktid.client import PiktID

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


@pytest.mark.parametrize(
    "token", ["a.b.c", "plain", jwt([]), jwt({"exp": "soon"}), jwt({"exp": True}), jwt({})]
)
def test_a_token_that_does_not_say_when_it_ends_is_left_alone(token: str) -> None:
    assert end_of(SecretStr(token)) is None
