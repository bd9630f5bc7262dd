"""What is read and steered by HTTP: each caller sees what it has sent, others by their role."""

import json
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import redis
from own_account import CREATE
from stepping import Flow
from v1.conftest import Callers
from web_inlet import serving

from config import keys
from config.settings import Settings
from web.v1 import finding
from worker.callers.tokens import Role
from worker.selection import selecting

BRIEF = {"instructions": [{"prompt": "a sailor"}]}


def test_on_this_machine_all_is_read_until_somebody_has_a_token(callers: Callers, flow: Flow) -> None:
    flow.accept(brief_id="a")
    nobody = callers.bare()
    assert [each["brief_id"] for each in nobody.get("/briefs").json()["briefs"]] == ["a"]
    refused = nobody.post("/briefs", json=BRIEF)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert "no token was sent: `identity-worker token NAME` makes one" in refused.json()["detail"]
    assert nobody.get("/briefs", headers={"Host": "evil.example"}).status_code == 401
    token = callers.token("reader", Role.VIEWER)
    assert nobody.get("/briefs").status_code == 401
    for given in (f"Bearer {token}", f"bearer {token}"):
        assert nobody.get("/briefs", headers={"Authorization": given}).status_code == 200
    for given in ("Bearer idw_made-up", f"Basic {token}", token):
        assert nobody.get("/briefs", headers={"Authorization": given}).status_code == 401


@pytest.mark.parametrize("ending", ["", "/", "/nothing"])
def test_what_is_no_operation_is_told_where_they_are(callers: Callers, ending: str) -> None:
    answer = httpx.get(str(callers.bare().base_url).rstrip("/") + ending, timeout=60)
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert answer.json()["detail"].endswith(": /v1/openapi.json tells what there is")


def test_a_token_stands_nowhere_in_redis(callers: Callers, client: "redis.Redis") -> None:
    token = callers.token("shop")
    dumped = [client.dump(key) for key in client.scan_iter()]
    assert dumped
    assert all(token.encode() not in each for each in dumped if isinstance(each, bytes))
    assert token not in json.dumps(client.hgetall(keys.TOKENS()))


def test_what_others_have_sent_is_not_there(callers: Callers, flow: Flow) -> None:
    shop, other = callers("shop"), callers("other")
    shop.post("/briefs", json=BRIEF | {"brief_id": "mine", "batch": "spring"})
    flow.steps.run(keys.INLET)
    flow.accept(brief_id="another", batch="spring")
    assert [each["brief_id"] for each in shop.get("/briefs").json()["briefs"]] == ["mine"]
    assert other.get("/briefs").json() == {"briefs": [], "after": None}
    assert shop.get("/batches/spring").json()["briefs"] == 1
    assert callers("all", Role.VIEWER).get("/batches/spring").json()["briefs"] == 2
    for path in ("/briefs/mine", "/briefs/nowhere", "/batches/spring"):
        assert other.get(path).status_code == 404
    assert other.post("/briefs/mine/cancel", json={}).status_code == 404
    assert other.post("/briefs", json=BRIEF | {"brief_id": "another"}).status_code == 409
    assert [each["data"]["brief_id"] for each in shop.get("/events").json()["events"]] == ["mine"]
    assert other.get("/events").json()["events"] == []


def test_pages_go_on_by_their_cursor(callers: Callers, flow: Flow) -> None:
    ids = [f"b{n}" for n in range(5)]
    shop = callers("shop")
    shop.post("/briefs", json=[BRIEF | {"brief_id": each} for each in ids])
    for _ in ids:
        flow.steps.run(keys.INLET)
    for reader in (shop, callers("all", Role.VIEWER)):
        met, after = [], None
        while after is not None or not met:
            page = reader.get("/briefs", params={"limit": 2} | ({"after": after} if after else {})).json()
            met += [each["brief_id"] for each in page["briefs"]]
            after = page["after"]
        assert met == ids
    for wrong in ({"limit": "0"}, {"after": "x"}, {"colour": "red"}, {"filter": "state:"}):
        assert shop.get("/briefs", params=wrong).status_code == 400


def test_a_page_of_what_is_rare_may_be_empty_and_not_last(
    callers: Callers, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "LOOKED", 2)
    monkeypatch.setattr(selecting, "PAGE", 1)
    shop = callers("shop")
    for number in range(5):
        shop.post("/briefs", json=BRIEF | {"brief_id": f"b{number}", "metadata": {"rare": number == 4}})
        flow.steps.run(keys.INLET)
    for reader in (shop, callers("all", Role.VIEWER)):
        pages, after = list[list[str]](), ""
        while after is not None:
            wanted = {"meta.rare": "true", "older": "2100-01-01"} | ({"after": after} if after else {})
            page = reader.get("/briefs", params=wanted).json()
            pages.append([each["brief_id"] for each in page["briefs"]])
            after = page["after"]
        assert pages == [[], [], ["b4"], []]


def test_a_filter_is_that_of_the_command_line(callers: Callers, flow: Flow) -> None:
    flow.accept(brief_id="a", metadata={"sku": "4711"})
    flow.accept(brief_id="b")
    reader = callers("all", Role.VIEWER)
    for wanted in ({"meta.sku": "4711"}, {"filter": "state:open meta.sku:4711"}):
        found = reader.get("/briefs", params=wanted).json()["briefs"]
        assert [each["brief_id"] for each in found] == ["a"]


def test_drafts_are_picked_once_and_by_whom_is_on_record(callers: Callers, heard: Flow) -> None:
    studio = callers("studio", Role.OPERATOR)
    heard.accept(brief_id="a", choose="manual")
    heard.until("a", "choosing")
    drafts = [each["image_result_id"] for each in studio.get("/briefs/a").json()["drafts"]]
    for drafts_said in (["x"], drafts * 101, [10**30]):
        wrong = studio.post("/briefs/a/pick", json={"drafts": drafts_said})
        assert (wrong.status_code, wrong.json()["faults"][0]["path"]) == (422, "drafts")
    assert not heard.client.exists(keys.ACTIONS())
    for _ in range(2):
        told = studio.post("/briefs/a/pick", json={"drafts": drafts[:1], "why": "the best"})
        assert (told.status_code, told.json()["promoting"]) == (200, drafts[:1])
    assert studio.post("/briefs/a/pick", json={"drafts": [1]}).status_code == 409
    action = json.loads(heard.client.lrange(keys.ACTIONS(), 0, 0)[0])
    assert (action["what"], action["by"]) == ("pick", "studio by HTTP")


def test_a_brief_is_changed_ended_and_brought_back(callers: Callers, flow: Flow) -> None:
    studio = callers("studio", Role.OPERATOR, priority=5)
    flow.accept(brief_id="a", batch="old")
    changed = studio.post("/briefs/a/update", json={"batch": None, "metadata": {"sku": 1}, "priority": 5})
    assert sorted(changed.json()["changed"]) == ["batch", "metadata", "priority"]
    assert studio.post("/briefs/a/update", json={"priority": 6}).status_code == 422
    assert studio.post("/briefs/a/update", json={}).status_code == 400
    for wrong in ({"metadata": "x", "merge": True}, {"metadata": {}, "merge": "yes"}, {"batch": False}):
        assert studio.post("/briefs/a/update", json=wrong).status_code == 422
    assert studio.get("/briefs/a").json()["metadata"] == {"sku": 1}
    assert studio.post("/briefs/a/cancel", json={"why": "no need"}).status_code == 200
    assert studio.get("/briefs/a").json()["state"] == "cancelled"
    assert studio.post("/briefs/a/retry").status_code == 409
    flow.api.refuse(CREATE, 422, {"error": "no"}, count=1)
    flow.accept(brief_id="b")
    assert flow.finish("b").state == "failed"
    assert studio.post("/briefs/b/retry", json={}).json()["said"].startswith("goes on at")
    assert studio.post("/briefs/nowhere/retry").status_code == 404


def test_events_come_as_they_happen_and_go_on_where_one_left(callers: Callers, flow: Flow) -> None:
    reader = callers("all", Role.VIEWER)
    flow.accept(brief_id="a")
    (first,) = reader.get("/events").json()["events"]
    assert first["type"] == "identity.brief.accepted"
    headers = {"Accept": "text/event-stream", "Last-Event-ID": first["entryid"]}
    with reader.stream("GET", "/events", headers=headers) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 3000"
        flow.accept(brief_id="b")
        data = next(line for line in lines if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: "))["data"]["brief_id"] == "b"
    for wrong in ({"after": "x"}, {"after": "1-0,1-0"}, {"limit": "0"}, {"limit": "9" * 5_000}):
        assert reader.get("/events", params=wrong).status_code == 400


def test_a_page_of_events_of_others_is_not_the_end(callers: Callers, flow: Flow) -> None:
    flow.accept(brief_id="another")
    shop = callers("shop")
    shop.post("/briefs", json=BRIEF | {"brief_id": "mine"})
    flow.steps.run(keys.INLET)
    first = shop.get("/events", params={"limit": 1}).json()
    assert (first["events"], first["more"]) == ([], True)
    second = shop.get("/events", params={"limit": 1, "after": first["after"]}).json()
    assert [each["data"]["brief_id"] for each in second["events"]] == ["mine"]
    assert second["more"] is False
    last = shop.get("/events", params={"after": second["after"]}).json()
    assert last == {"events": [], "after": second["after"], "more": False}


def test_a_token_of_other_accounts_sees_and_steers_nothing_here(callers: Callers, flow: Flow) -> None:
    flow.accept(brief_id="a", batch="spring")
    other = callers("other", Role.OPERATOR, accounts=("elsewhere",))
    assert other.get("/briefs").json()["briefs"] == []
    assert other.get("/events").json()["events"] == []
    for path in ("/briefs/a", "/batches/spring"):
        assert other.get(path).status_code == 404
    assert other.post("/briefs/a/cancel").status_code == 404
    assert flow.brief("a").state == "waiting"


@pytest.mark.parametrize("accounts", [(), ("default",), ("elsewhere",)])
def test_accounts_are_told_to_who_may_use_them(
    callers: Callers, flow: Flow, accounts: tuple[str, ...]
) -> None:
    found = callers("shop", accounts=accounts).get("/accounts").json()["accounts"]
    assert [each["name"] for each in found] == ([] if accounts == ("elsewhere",) else ["default"])


def test_batches_come_by_pages_of_what_one_may_see(callers: Callers, flow: Flow) -> None:
    shop = callers("shop")
    for batch in ("b", "a", "c"):
        shop.post("/briefs", json=BRIEF | {"brief_id": batch, "batch": batch})
        flow.steps.run(keys.INLET)
    flow.accept(brief_id="other", batch="a")
    flow.accept(brief_id="none")
    assert shop.get("/batches").json()["batches"][0] == {"batch": "a", "briefs": 1, "states": {"waiting": 1}}
    reader = callers("all", Role.VIEWER)
    first = reader.get("/batches", params={"limit": 2}).json()
    rest = reader.get("/batches", params={"limit": 2, "after": first["after"]}).json()
    assert [each["batch"] for each in first["batches"] + rest["batches"]] == ["a", "b", "c"]
    assert (first["batches"][0]["briefs"], rest["after"]) == (2, None)
    assert callers("elsewhere", Role.VIEWER, accounts=("elsewhere",)).get("/batches").json()["batches"] == []


@pytest.mark.parametrize("batch", ["2026/spring", "50 %", "Frühling?"])
def test_a_batch_is_found_whatever_it_is_called(callers: Callers, flow: Flow, batch: str) -> None:
    flow.accept(brief_id="a", batch=batch)
    reader = callers("all", Role.VIEWER)
    assert reader.get(f"/batches/{quote(batch, safe='')}").json()["batch"] == batch


def test_accounts_come_by_pages(
    settings: Settings, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "cab":
        monkeypatch.setenv(f"TOKEN_{name}", f"sandbox-{name}")
    tables = (f'[accounts.{name}]\ntoken_env = "TOKEN_{name}"\n' for name in "cab")
    (tmp_path / "accounts.toml").write_text("".join(tables))
    with_three = settings.model_copy(update={"accounts_file": tmp_path / "accounts.toml"})
    with serving(with_three, redis_url) as web:

        def page(**params: str) -> tuple[list[str], str | None]:
            told = httpx.get(f"http://127.0.0.1:{web.port}/v1/accounts", params=params, timeout=15).json()
            return [each["name"] for each in told["accounts"]], told["after"]

        assert page(limit="2") == (["a", "b"], "b")
        assert page(limit="2", after="b") == (["c"], None)
