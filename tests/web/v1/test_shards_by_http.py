"""Over two shards `/v1` reads both as one, and changes each brief in the one that it is in."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import brief
from v1.conftest import Callers
from web_inlet import Web

from config import keys
from config.accounts.reading import live_accounts
from config.settings import Settings
from tests.worker.two_shards import ONE, OTHER, both, environment_of_two
from worker.callers.tokens import Role
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.operations.actions import actions
from worker.shards.ids import Ids
from worker.shards.merged import clients_of
from worker.shards.shards import Shards

NAMES = (ONE, OTHER)


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation of two shards."""
    return environment_of_two(environment, tmp_path)


@pytest.fixture
def shards(settings: Settings, redis_url: str) -> Iterator[Shards]:
    """Return both shards; their keys go afterwards."""
    with both(redis_url, settings) as found:
        yield found


@pytest.fixture
def callers(shards: Shards, web: Web) -> Iterator[Callers]:
    """Return what makes clients; tokens are on record in the first shard."""
    made = Callers(shards.client(0), web)
    yield made
    made.close()


def named(shard: int, **fields: object) -> dict[str, object]:
    return brief(brief_id=f"b{shard}", account=NAMES[shard], batch="spring", **fields)


def arrive(shards: Shards, settings: Settings, *raws: dict[str, object]) -> None:
    """Let briefs arrive where a worker takes them."""
    accounts = live_accounts(settings).accounts
    for raw in raws:
        its = settings.model_copy(update={"shard": shards.of(str(raw["account"]))})
        ledger, ids = Ledger(shards.client(its.shard or 0), its), Ids(shards, its)
        acceptance.accept(ledger, accounts, its, acceptance.Message(raw, "m"), elsewhere=ids.held_by_another)


def test_briefs_are_sent_to_the_shard_of_their_account(callers: Callers, shards: Shards) -> None:
    shop = callers("shop", credits_a_day=1_000.0)
    told = shop.post("/briefs", json=[named(1), named(0), named(1) | {"brief_id": "c"}])
    assert [each["status"] for each in told.json()["items"]] == [202] * 3
    queued = [shards.client(shard).llen(keys.QUEUE(keys.INLET)) for shard in (0, 1)]
    assert queued == [1, 2]
    assert shop.get("/briefs/b1").json()["state"] == "queued"
    planned = shop.post("/plan", json=[named(0), named(1)]).json()["accounts"]
    assert sorted(each["account"] for each in planned) == sorted(NAMES)


def test_all_shards_are_read(callers: Callers, shards: Shards, settings: Settings) -> None:
    shop, reader = callers("shop"), callers("all", Role.VIEWER)
    shop.post("/briefs", json=[named(0), named(1)])
    arrive(shards, settings, named(0), named(1))
    for each in (shop, reader):
        assert {found["brief_id"] for found in each.get("/briefs").json()["briefs"]} == {"b0", "b1"}
        assert each.get("/briefs/b1").json()["state"] == "waiting"
        assert each.get("/batches/spring").json()["briefs"] == 2
        accounts = each.get("/accounts").json()["accounts"]
        assert [(found["name"], found["jobs_in_use"]) for found in accounts] == [
            (name, 1) for name in sorted(NAMES)
        ]
        first = each.get("/events", params={"limit": 1}).json()
        (rest,) = each.get("/events", params={"after": first["after"]}).json()["events"]
        assert {first["events"][0]["subject"], rest["subject"]} == {"brief:b0", "brief:b1"}
    page = reader.get("/briefs", params={"limit": 1}).json()
    after = reader.get("/briefs", params={"limit": 1, "after": page["after"]}).json()
    assert {page["briefs"][0]["brief_id"], after["briefs"][0]["brief_id"]} == {"b0", "b1"}


def test_an_id_is_one_brief_over_all_shards(callers: Callers, shards: Shards, settings: Settings) -> None:
    shop = callers("shop", Role.OPERATOR)
    arrive(shards, settings, named(1))
    assert shop.post("/briefs", json=named(1)).status_code == 200
    told = shop.post("/briefs", json=named(1) | {"account": NAMES[0]})
    assert (told.status_code, "account" in told.json()["detail"]) == (409, True)


def test_a_brief_is_steered_in_its_shard(callers: Callers, shards: Shards, settings: Settings) -> None:
    studio = callers("studio", Role.OPERATOR)
    arrive(shards, settings, named(0), named(1))
    for brief_id in ("b0", "b1"):
        told = studio.post(f"/briefs/{brief_id}/update", json={"metadata": {"sku": 1}})
        assert told.json()["changed"] == ["metadata"]
        assert studio.get(f"/briefs/{brief_id}").json()["metadata"] == {"sku": 1}
        assert "is waiting" in studio.post(f"/briefs/{brief_id}/pick", json={"drafts": [1]}).json()["detail"]
        assert studio.post(f"/briefs/{brief_id}/retry").status_code == 409
        assert studio.post(f"/briefs/{brief_id}/cancel").status_code == 200
        assert studio.get(f"/briefs/{brief_id}").json()["state"] == "cancelled"
    did = [{each["brief"] for each in actions(client)} for client in clients_of(shards.reading)]
    assert did == [{"b0"}, {"b1"}]


def test_events_of_each_shard_come_as_they_happen(
    callers: Callers, shards: Shards, settings: Settings
) -> None:
    reader = callers("all", Role.VIEWER)
    with reader.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as stream:
        lines = stream.iter_lines()
        for number, shard in enumerate((0, 1, 0)):
            arrive(shards, settings, named(shard) | {"brief_id": f"b{number}"})
            told = next(line for line in lines if line.startswith("data: "))
            data = json.loads(told.removeprefix("data: "))
            assert (data["subject"], data["data"]["account"]) == (f"brief:b{number}", NAMES[shard])
    later = reader.get("/events", params={"after": data["entryid"]})
    assert later.json()["events"] == []


def test_batches_and_endpoints_are_those_of_all_shards(
    callers: Callers, shards: Shards, settings: Settings
) -> None:
    boss = callers("boss", Role.ADMIN)
    assert boss.post("/hooks", json={"url": "https://shop.example", "name": "shop"}).status_code == 201
    arrive(shards, settings, named(0), named(1))
    spring = {"batch": "spring", "briefs": 2, "states": {"waiting": 2}}
    assert boss.get("/batches").json() == {"batches": [spring], "after": None}
    again = [boss.post("/hooks/shop/resend", json=what) for what in ({"since": "1d"}, {"brief": "b1"})]
    assert [each.json()["events"] for each in again] == [2, 1]
    for shard, client in enumerate(clients_of(shards.reading)):
        line = {"at": 1_000 + shard, "entry": "1-0", "id": f"b{shard}/1", "type": "identity.brief.accepted"}
        line |= {"brief": f"b{shard}", "try": 1, "status": 204, "error": None, "ms": 3, "outcome": "taken"}
        client.lpush(keys.HOOK_LOG("shop"), json.dumps(line))
    first = boss.get("/hooks/shop/deliveries", params={"limit": 1}).json()
    rest = boss.get("/hooks/shop/deliveries", params={"limit": 1, "after": first["after"]}).json()
    assert [each["brief"] for each in first["deliveries"] + rest["deliveries"]] == ["b1", "b0"]
    assert boss.delete("/hooks/shop").status_code == 200
    assert [client.exists(keys.HOOKS()) for client in clients_of(shards.reading)] == [0, 0]
