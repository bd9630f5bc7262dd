"""`GET /v1/actions`: what people did, by pages, for those who see all accounts."""

from collections.abc import Callable

import httpx
import pytest
import redis
from stepping import Flow
from v1.conftest import Callers
from web_inlet import Web

from config import keys
from worker.callers import tokens
from worker.callers.tokens import Caller, Role
from worker.operations import actions


@pytest.fixture
def ask(web: Web, client: "redis.Redis") -> Callable[..., httpx.Response]:
    """Ask with a token of a role."""

    def get(role: Role, accounts: tuple[str, ...] = (), **query: str) -> httpx.Response:
        token = tokens.make(client, Caller("anna", role, accounts), replace=True)
        address = f"http://127.0.0.1:{web.port}/v1/actions"
        return httpx.get(address, params=query, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    return get


def test_the_log_is_read_by_pages(ask: Callable[..., httpx.Response], client: "redis.Redis") -> None:
    for number in range(3):
        client.lpush(keys.ACTIONS(), actions.entry(number, f"a{number}", "ada", "why not", brief="b"))
    first = ask(Role.VIEWER, limit="2").json()
    assert [each["what"] for each in first["actions"]] == ["a2", "a1"]
    assert {"by": "ada", "why": "why not", "brief": "b"}.items() <= first["actions"][0].items()
    rest = ask(Role.VIEWER, limit="2", after=first["after"]).json()
    assert ([each["what"] for each in rest["actions"]], rest["after"]) == (["a0"], None)
    assert ask(Role.VIEWER, after="nowhere").status_code == 400
    assert ask(Role.VIEWER, limit="0").status_code == 400


def test_whoever_may_not_use_all_accounts_reads_no_log(ask: Callable[..., httpx.Response]) -> None:
    assert ask(Role.CALLER).status_code == 403
    assert ask(Role.OPERATOR, ("shop",)).status_code == 403


def test_what_was_refused_by_http_is_told_as_not_done(
    ask: Callable[..., httpx.Response], callers: Callers, flow: Flow
) -> None:
    flow.accept(brief_id="b")
    studio = callers("studio", Role.OPERATOR)
    assert studio.post("/briefs/b/cancel", json={}).status_code == 200
    assert studio.post("/briefs/b/retry", json={}).status_code == 409
    assert studio.post("/briefs/b/pick", json={"drafts": [1]}).status_code == 409
    assert studio.post("/briefs/b/update", json={"batch": "x" * 1000}).status_code == 422
    told = [(each["what"], each.get("outcome")) for each in ask(Role.VIEWER).json()["actions"]]
    not_done = actions.NOT_DONE
    assert told == [("update", not_done), ("pick", not_done), ("retry", not_done), ("cancel", None)]


def test_what_was_so_already_is_told_as_not_done(
    ask: Callable[..., httpx.Response], callers: Callers, flow: Flow
) -> None:
    flow.accept(brief_id="b", batch="spring")
    studio = callers("studio", Role.OPERATOR)
    assert studio.post("/briefs/b/update", json={"batch": "spring"}).json()["changed"] == []
    said = [studio.post("/briefs/b/cancel", json={}).json()["said"] for _ in range(2)]
    assert said[1] == "was said before"
    told = [(each["what"], each.get("outcome")) for each in ask(Role.VIEWER).json()["actions"]]
    assert told == [("cancel", actions.NOT_DONE), ("cancel", None), ("update", actions.NOT_DONE)]
