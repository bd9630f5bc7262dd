"""Accounts of one name and two tokens: no second installation starts among the first one's briefs."""

import base64
import json
from typing import Any

import pytest
from pydantic import SecretStr
from stepping import Flow
from support import everything

from config import keys
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from worker.operations import owners
from worker.store.functions import Functions


def account(token: str, name: str = DEFAULT) -> dict[str, Account]:
    return {name: Account(name=name, token=SecretStr(token))}


def jwt(**claims: Any) -> str:
    parts = [{"alg": "HS256"}, claims]
    told = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*told, f"signature-{claims.get('exp')}"])


@pytest.fixture
def used(flow: Flow) -> Flow:
    """Return the flow of a ledger that has an unfinished brief, and is the first token's."""
    owners.claim(flow.functions, account("first"))
    flow.accept(brief_id="b")
    return flow


def refused(functions: Functions, accounts: dict[str, Account]) -> None:
    with pytest.raises(owners.TakenError, match="accounts --token-changed default"):
        owners.claim(functions, accounts)


def test_a_second_token_does_not_start_while_a_brief_is_unfinished(used: Flow) -> None:
    owners.claim(used.functions, account("first"))
    before = everything(used.client)
    with pytest.raises(owners.TakenError):
        owners.claim(used.functions, account("second") | account("other", "shop"))
    assert everything(used.client) == before, "not even of the account that nobody uses"


def test_nor_while_a_listener_follows_the_account(flow: Flow) -> None:
    owners.claim(flow.functions, account("first"))
    flow.client.set(keys.LEASE(DEFAULT), "listener", px=60_000)
    flow.client.zadd(keys.LISTENERS(), {"listener": flow.ledger.now()})
    refused(flow.functions, account("second"))
    flow.client.zadd(keys.LISTENERS(), {"listener": 1})
    owners.claim(flow.functions, account("second"))


def test_a_process_that_had_the_token_may_have_another_now(used: Flow) -> None:
    owners.claim(used.functions, account("second"), before=account("first"))
    owners.claim(used.functions, account("second"))
    with pytest.raises(owners.TakenError):
        owners.claim(used.functions, account("third"), before=account("first"))


def test_a_person_may_say_that_the_token_has_changed(used: Flow) -> None:
    owners.expect_another(used.client, DEFAULT, "somebody")
    owners.claim(used.functions, account("second"))
    refused(used.functions, account("first"))


def test_a_start_with_the_old_token_does_not_take_the_account_back(used: Flow) -> None:
    owners.expect_another(used.client, DEFAULT, "somebody")
    for _ in range(2):
        owners.claim(used.functions, account("first"))  # and it dies before it reads the new one
    owners.claim(used.functions, account("second"))
    refused(used.functions, account("first"))
    refused(used.functions, account("third"))


def test_where_none_is_on_record_the_old_token_may_start_first(used: Flow) -> None:
    """As an earlier release left it, which forgot whose the account is."""
    used.client.hdel(keys.RECORD(f"account:{DEFAULT}"), "owner")
    owners.expect_another(used.client, DEFAULT, "somebody")
    for token in ("first", "first", "second"):
        owners.claim(used.functions, account(token))
    refused(used.functions, account("first"))


def test_another_token_is_expected_for_a_day(used: Flow) -> None:
    owners.expect_another(used.client, DEFAULT, "somebody")
    used.client.hincrby(keys.RECORD(f"account:{DEFAULT}"), "owner_open_until", -86_400_001)
    refused(used.functions, account("second"))


def test_a_renewed_jwt_is_of_the_same_account(used: Flow) -> None:
    owners.expect_another(used.client, DEFAULT, "somebody")
    owners.claim(used.functions, account(jwt(sub=4711, exp=1)))
    owners.claim(used.functions, account(jwt(sub=4711, exp=2)))
    for other in (jwt(sub=4712, exp=2), jwt(sub=4711, iss="elsewhere"), jwt(exp=1), "a.b.c", "x" * 200):
        refused(used.functions, account(other))


def test_what_is_on_record_tells_no_token(used: Flow) -> None:
    told = str(used.client.hget(keys.RECORD(f"account:{DEFAULT}"), "owner"))
    assert len(told) == 6
    assert told != owners.owner_of("shop", SecretStr("first"))
    assert "first" not in told
