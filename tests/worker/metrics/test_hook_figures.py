"""What monitoring is told of webhooks out, and what `doctor` says of an installation that stands still."""

from dataclasses import replace
from types import SimpleNamespace

from metrics.figures import figures
from metrics.hooked import SHOP, events_wait
from stepping import Flow

from config import keys
from tests.actors.deliverer.delivering import add, delivering, until_sent
from tests.worker.hooks.receivers import receiving
from worker.hooks.operating import Endpoints
from worker.metrics.checks import checks
from worker.metrics.hooks import HookMeasures, together
from worker.metrics.measures import Front
from worker.metrics.reading import read
from worker.operations.doctor import Health
from worker.tally.bringing import bring
from worker.tally.tally import Tally


def test_what_waits_for_an_endpoint_is_told_with_its_age(flow: Flow) -> None:
    events_wait(flow, old_ms=90_000)
    found = figures(flow.client, flow.settings)
    assert (found["hook_waiting_events{shop}"], found["hook_paused{shop}"]) == (1, 0)
    assert 90 <= found["hook_oldest_seconds{shop}"] < 150
    assert found["hook_messages_total{shop,taken}"] == found["hook_failing_seconds{shop}"] == 0
    Endpoints(flow.client, flow.settings, "me").pause(SHOP)
    assert figures(flow.client, flow.settings)["hook_paused{shop}"] == 1


def test_what_an_endpoint_took_is_told_with_its_seconds(flow: Flow, counting: Tally) -> None:
    with receiving() as shop, delivering(flow):
        add(flow, shop)
        flow.accept()
        shop.wait(1)
        until_sent(flow)
    bring(flow.client, counting.take())
    found = figures(flow.client, flow.settings)
    assert found["hook_messages_total{shop,taken}"] == found["hook_seconds_count{shop}"] == 1
    assert (found["hook_waiting_events{shop}"], found["hook_oldest_seconds{shop}"]) == (0, 0)


def test_an_endpoint_that_takes_nothing_is_told_since_when(flow: Flow) -> None:
    events_wait(flow)
    flow.client.hset(keys.HOOK("shop"), "failing_since", flow.ledger.now() - 60_000)
    assert 60 <= figures(flow.client, flow.settings)["hook_failing_seconds{shop}"] < 120


def test_an_endpoints_figures_of_shards_are_one() -> None:
    one = HookMeasures("shop", waiting=1, taken=2, given_up=3, lost=4, paused=False, oldest_ms=5)
    one, other = replace(one, failing_ms=9), replace(one, paused=True, oldest_ms=7)
    assert together([[one], [other]]) == [
        HookMeasures("shop", waiting=2, taken=4, given_up=6, lost=8, paused=True, oldest_ms=7, failing_ms=9)
    ]


def test_the_queue_of_a_further_inlet_is_told_of(flow: Flow) -> None:
    flow.client.rpush(keys.QUEUE("partner"), "m1", "m2")
    assert read(flow.client, flow.settings, ["partner"]).queued["partner"] == 2
    flow.client.delete(keys.QUEUE("partner"))


def test_doctor_fails_where_what_could_start_does_not(flow: Flow) -> None:
    reading = replace(read(flow.client, flow.settings), last_event_ms=3_600_000)
    (well,) = checks(reading, flow.settings)
    assert (well.name, well.health) == ("moves", Health.OK)
    front = SimpleNamespace(name="shop", fronts=[Front("create", 3_600_000, ())])
    (still,) = checks(replace(reading, accounts=[front]), flow.settings)  # type: ignore[list-item]  # all that it reads
    assert still.health is Health.FAIL
    assert still.said.startswith("account shop: the first for create has waited 1h and lacks nothing")


def test_what_waits_without_a_record_keeps_no_figures_back(flow: Flow) -> None:
    flow.accept()
    flow.ledger.set_limits("default", {"slots": "1"}, "ann")
    flow.accept()
    flow.client.zadd(keys.WAITING("default", "create"), {"brief:gone": 1})
    flow.client.sadd(keys.ACCOUNTS(), "other")
    flow.client.zadd(keys.WAITING("other", "create"), {"brief:gone": 1})
    found = figures(flow.client, flow.settings)
    assert 0 <= found["waiting_oldest_seconds{default,create,slots}"] < 60
    assert "waiting_oldest_seconds{other,create,nothing}" not in found
