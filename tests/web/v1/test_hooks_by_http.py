"""Endpoints of webhooks by HTTP: who may, what is told once, what is refused, what was sent to them."""

import json
from collections.abc import Iterator

import httpx
import pytest
from stepping import Flow
from v1.conftest import Callers
from web_inlet import Web, serving

from config import keys
from config.settings import Settings
from worker.callers.tokens import Role
from worker.hooks.endpoints import endpoints
from worker.operations import actions

URL = "https://shop.example/hooks"


@pytest.fixture
def admin(callers: Callers) -> httpx.Client:
    return callers("boss", Role.ADMIN)


def delivered(flow: Flow, name: str, number: int) -> None:
    """Put deliveries in the log, as `hook_turn` does."""
    for each in range(number):
        line = {"at": 1_000 + each // 2, "entry": f"{each}-0", "id": f"a/{each}", "type": "identity.promoted"}
        line |= {"brief": "a", "try": 1, "status": 204, "error": None, "ms": 3, "outcome": "taken"}
        flow.client.lpush(keys.HOOK_LOG(name), json.dumps(line))


@pytest.mark.parametrize("role", [Role.CALLER, Role.VIEWER, Role.OPERATOR])
def test_only_an_admin_sees_or_changes_endpoints(callers: Callers, role: Role) -> None:
    other = callers("other", role)
    assert other.get("/hooks").status_code == 403
    assert other.post("/hooks", json={"url": URL}).status_code == 403
    assert callers.bare().get("/hooks").status_code == 401


def test_a_secret_is_told_once_and_signs(admin: httpx.Client, flow: Flow, settings: Settings) -> None:
    added = admin.post("/hooks", json={"url": URL, "name": "shop", "types": ["identity.brief.*"], "why": "w"})
    assert (added.status_code, added.headers["location"]) == (201, "/v1/hooks/shop")
    told = added.json()["secret"]
    (on_record,) = endpoints(flow.client)["shop"].secrets(settings)
    assert on_record.text.get_secret_value() == told
    assert told not in admin.get("/hooks").text + admin.get("/hooks/shop").text
    again = admin.post("/hooks/shop/secret", json={"overlap": "2h"}).json()["secret"]
    new, before = endpoints(flow.client)["shop"].secrets(settings)
    assert [each.text.get_secret_value() for each in (new, before)] == [again, told]
    assert admin.post("/hooks", json={"url": URL, "name": "shop"}).status_code == 409
    action = json.loads(flow.client.lrange(keys.ACTIONS(), -1, -1)[0])
    assert (action["what"], action["by"], action["why"]) == ("hooks add", "boss by HTTP", "w")


def test_an_endpoint_is_changed_paused_and_removed(
    admin: httpx.Client, flow: Flow, settings: Settings
) -> None:
    admin.post("/hooks", json={"url": URL, "name": "shop", "batches": ["spring"]})
    changed = admin.patch("/hooks/shop", json={"url": f"{URL}/new", "types": ["identity.promoted"]})
    assert changed.json()["did"] == "change"
    found = admin.get("/hooks/shop").json()
    assert (found["url"], found["types"], found["batches"]) == (
        f"{URL}/new",
        ["identity.promoted"],
        ["spring"],
    )
    assert admin.post("/hooks/shop/pause", json={"why": "a test"}).json()["before"] is None
    assert admin.get("/hooks/shop").json()["paused"]["why"] == "a test"
    assert admin.post("/hooks/shop/unpause").json()["before"]["by"] == "boss by HTTP"
    assert admin.post("/hooks/shop/unpause").json()["before"] is None
    told = [(each["what"], each.get("outcome")) for each in actions.actions(flow.client, 2)]
    assert told == [("hooks unpause", actions.NOT_DONE), ("hooks unpause", None)]
    place = endpoints(flow.client)["shop"].own_place(settings)
    assert place.exists()
    assert admin.delete("/hooks/shop", params={"why": "gone"}).json()["did"] == "remove"
    assert not place.exists()
    assert [admin.get("/hooks/shop").status_code, admin.delete("/hooks/shop").status_code] == [404, 404]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"url": "http://shop.example"}, "url"),
        ({"url": "https://user:password@shop.example"}, "url"),
        ({"url": URL, "types": ["identity.brief.finished"]}, "types"),
        ({"url": URL, "name": "a b"}, "name"),
        ({"url": URL, "batches": "spring"}, "batches"),
        ({"url": URL, "secret_file": "/etc/hostname"}, "secret_file"),
        ({}, "url"),
    ],
)
def test_what_breaks_a_rule_of_endpoints_is_told(
    admin: httpx.Client, body: dict[str, object], path: str
) -> None:
    told = admin.post("/hooks", json=body)
    assert (told.status_code, [each["path"] for each in told.json()["faults"]]) == (422, [path])
    assert "password" not in told.text.replace("user's name or password", "")
    assert admin.get("/hooks").json() == {"endpoints": [], "after": None}


def test_events_are_sent_again_as_one_says(admin: httpx.Client, flow: Flow) -> None:
    admin.post("/hooks", json={"url": URL, "name": "shop"})
    flow.accept(brief_id="a")
    assert admin.post("/hooks/shop/resend", json={"brief": "a"}).json()["events"] == 1
    assert admin.post("/hooks/shop/resend", json={"failed": True}).json()["events"] == 0
    for wrong in ({}, {"brief": "a", "failed": True}, {"since": "x"}, {"sinse": "2h"}):
        assert admin.post("/hooks/shop/resend", json=wrong).status_code == 422
    assert admin.post("/hooks/shop/secret", json={"overlap": "soon"}).status_code == 422


def test_endpoints_and_deliveries_come_by_pages(admin: httpx.Client, flow: Flow) -> None:
    for name in "cab":
        admin.post("/hooks", json={"url": URL, "name": name})
    first = admin.get("/hooks", params={"limit": 2}).json()
    rest = admin.get("/hooks", params={"limit": 2, "after": first["after"]}).json()
    assert [each["name"] for each in first["endpoints"] + rest["endpoints"]] == ["a", "b", "c"]
    assert rest["after"] is None
    delivered(flow, "a", 5)
    met, after = [], None
    while after or not met:
        page = admin.get("/hooks/a/deliveries", params={"limit": 2} | ({"after": after} if after else {}))
        met += [each["id"] for each in page.json()["deliveries"]]
        after = page.json()["after"]
    assert met == ["a/4", "a/3", "a/2", "a/1", "a/0"]
    assert admin.get("/hooks/a/deliveries", params={"after": "x"}).status_code == 400


def test_a_token_of_some_accounts_has_endpoints_of_these_alone(admin: httpx.Client, callers: Callers) -> None:
    one = callers("one", Role.ADMIN, accounts=("default",))
    admin.post("/hooks", json={"url": URL, "name": "everything"})
    assert one.get("/hooks").json()["endpoints"] == []
    assert one.get("/hooks/everything").status_code == 404
    for accounts in ([], ["other"], ["default", "other"]):
        told = one.post("/hooks", json={"url": URL, "name": "mine", "accounts": accounts})
        assert (told.status_code, told.json()["faults"][0]["path"]) == (422, "accounts")
    assert one.post("/hooks", json={"url": URL, "name": "mine", "accounts": ["default"]}).status_code == 201
    assert one.patch("/hooks/mine", json={"accounts": []}).status_code == 422
    assert [each["name"] for each in one.get("/hooks").json()["endpoints"]] == ["mine"]


@pytest.fixture
def without_a_folder(settings: Settings, redis_url: str) -> Iterator[Web]:
    """`web` whose secrets can't be kept."""
    nowhere = settings.model_copy(update={"secrets_dir": settings.secrets / "hooks-file" / "x"})
    settings.secrets.mkdir(parents=True, exist_ok=True)
    (settings.secrets / "hooks-file").write_text("a file")
    with serving(nowhere, redis_url) as web:
        yield web


def test_where_no_secret_can_be_kept_nothing_is_added(
    without_a_folder: Web, callers: Callers, flow: Flow
) -> None:
    token = callers.token("boss", Role.ADMIN)
    with httpx.Client(base_url=f"http://127.0.0.1:{without_a_folder.port}/v1", timeout=15) as admin:
        told = admin.post("/hooks", json={"url": URL}, headers={"Authorization": f"Bearer {token}"})
    assert (told.status_code, "nothing can be kept in" in told.json()["detail"]) == (409, True)
    assert endpoints(flow.client) == {}
