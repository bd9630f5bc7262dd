"""Who carries orders out may be killed at any moment, and briefs may be in any shard."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from given_orders import carried_out, failed, given, orders_of, words
from stepping import Flow
from support import ROOT, brief, eventually
from two_shards import ACCOUNTS, ONE, OTHER

from actors.process.orders_watch import OrdersWatch
from config import durations, keys
from config.settings import Settings
from tests.chaos.harness.points import CRASH_POINT, Point
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.orders.calls import order_move
from worker.orders.carrying import Carrier
from worker.orders.doing import Doing
from worker.orders.order import Order, OrderError, State, What, under_way
from worker.orders.orders import Orders
from worker.selection.language import parse
from worker.shards.merged import clients_of
from worker.shards.shards import Shards

MANY, HALF = [f"b{number}" for number in range(20)], 10
#: Carries out what there is, in a process of its own.
CARRIES = """
import os
from config.settings import settings
from tests.chaos.harness import points
from worker.orders.carrying import Carrier
from worker.orders.order import under_way
from worker.orders.orders import Orders
from worker.store.connection import connect
points.arm()
with connect(os.environ["REDIS_URL"]) as client:
    (order,) = under_way(client)
    carrier = Carrier(Orders(client, settings()), "killed")
    while carrier.step(order.order_id):
        pass
"""


@pytest.mark.parametrize("after", [False, True])
def test_another_one_goes_on_where_one_was_killed(
    flow: Flow, environment: dict[str, str], redis_url: str, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    monkeypatch.setattr(durations, "ORDER_LOOK_SECONDS", 0.05)
    failed(flow, *MANY)
    orders = orders_of(flow)
    order = orders.begin(given(orders, What.RETRY, "state:failed"))
    point = json.dumps(Point("carrier", f"retry {MANY[HALF]}", 1, after))
    variables = {**os.environ, **environment, CRASH_POINT: point}
    killed = subprocess.run([sys.executable, "-c", CARRIES], env=variables, cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    half = orders.get(order.order_id)
    assert (half.state, half.done) == (State.RUNNING, HALF + after)
    watch = OrdersWatch(flow.settings, redis_url)
    watch.start()
    try:
        # Its right to it runs out half a minute after its last sign of life.
        flow.client.delete(keys.ORDER_LEASE(order.order_id))
        eventually(flow.client, lambda: orders.get(order.order_id).state is State.DONE)
    finally:
        watch.end()
    assert orders.get(order.order_id).done == len(MANY)
    assert all(words(flow, each) == ["retry"] for each in MANY)


def test_an_order_is_carried_out_by_one_at_a_time(flow: Flow) -> None:
    failed(flow, "a")
    orders = orders_of(flow)
    order = orders.begin(given(orders, What.RETRY, "state:failed"))
    flow.client.set(keys.ORDER_LEASE(order.order_id), "another", ex=30)
    assert carried_out(orders, order).done == 0
    flow.client.delete(keys.ORDER_LEASE(order.order_id))
    carrier = Carrier(orders, "carrier")
    assert carrier.step(order.order_id)
    assert 0 < flow.client.pttl(keys.ORDER_LEASE(order.order_id)) <= durations.ORDER_LEASE_MS
    assert not carrier.step(order.order_id)
    assert not flow.client.exists(keys.ORDER_LEASE(order.order_id)), "whoever is through lets go"


def test_an_order_that_nobody_can_carry_out_is_stopped(
    flow: Flow, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(flow, "a", "b")
    orders = orders_of(flow)
    broken = orders.begin(given(orders, What.RETRY, "state:failed limit:1"))
    flow.client.lpush(keys.JOURNAL("a"), "no JSON")
    watch = OrdersWatch(flow.settings, redis_url)
    watch.start()
    try:
        ended = eventually(flow.client, lambda: _ended(orders, broken.order_id))
    finally:
        watch.end()
    flow.client.lpop(keys.JOURNAL("a"))
    assert (ended.state, ended.ended_by) == (State.STOPPED, "identity-worker")
    assert "could not be carried out" in str(ended.ended_why)


def test_an_order_is_for_the_briefs_of_all_shards(shards: Shards, sharded: Settings) -> None:
    ledgers = {name: Ledger(shards.client(shards.of(name)), sharded) for name in (ONE, OTHER)}
    for number, (account, ledger) in enumerate([*ledgers.items()] * 2):
        raw = brief(brief_id=f"b{number}", account=account, batch="autumn")
        acceptance.accept(ledger, ACCOUNTS, sharded, acceptance.Message(raw, "m"))
    orders = Orders(shards.reading, sharded)
    order = given(orders, What.CANCEL, "batch:autumn")
    assert (order.number, order.sums.briefs) == (4, 4)
    done = carried_out(orders, orders.begin(order))
    assert (done.state, done.done, done.left) == (State.DONE, 4, 0)
    for client in clients_of(shards.reading):
        assert client.hget(keys.ORDER(order.order_id), "state") == "done"
    assert under_way(shards.reading) == []
    states = [ledgers[ONE if n % 2 == 0 else OTHER].read(f"brief:b{n}") for n in range(4)]
    assert [each and each.state for each in states] == ["cancelled"] * 4
    paused = orders.begin(given(orders, What.PAUSE, "batch:autumn state:cancelled"))
    assert carried_out(orders, paused).number == 0, "nothing of it is open"
    orders.stop(orders.give(What.CANCEL, parse("state:open"), "ada"), "ada")


def test_other_shards_forget_an_order_whose_stopper_was_killed(shards: Shards, sharded: Settings) -> None:
    raw = brief(brief_id="b", account=OTHER)
    acceptance.accept(
        Ledger(shards.client(shards.of(OTHER)), sharded), ACCOUNTS, sharded, acceptance.Message(raw, "m")
    )
    orders = Orders(shards.reading, sharded)
    order = orders.begin(given(orders, What.CANCEL, "state:open"))
    _, first = orders.shards[0]
    assert first.run(order_move(order.order_id, [State.RUNNING], State.STOPPED))
    other, _ = orders.shards[1]
    assert 0 < other.pttl(keys.ORDER(order.order_id)) <= sharded.keep_days * 86_400_000
    assert 0 < other.pttl(keys.ORDER_LEFT(order.order_id)) <= sharded.keep_days * 86_400_000
    assert under_way(shards.reading) == []
    assert not other.exists(keys.ORDERS())


def test_a_batch_is_paused_once_in_each_shard_whatever_is_said_meanwhile(
    shards: Shards, sharded: Settings
) -> None:
    for account in (ONE, OTHER):
        raw = brief(brief_id=account, account=account, batch="autumn")
        acceptance.accept(
            Ledger(shards.client(shards.of(account)), sharded),
            ACCOUNTS,
            sharded,
            acceptance.Message(raw, "m"),
        )
    orders = Orders(shards.reading, sharded)
    order = orders.begin(given(orders, What.PAUSE, "batch:autumn"))
    held_up = Doing(orders, order, 0)
    assert (order.number, order.left) == (1, 1)
    done = carried_out(orders, order)
    assert (done.state, done.done, done.left) == (State.DONE, 1, 0)
    assert all(_halted(shards))
    # More of it is left as a person lets the batch go on; one who was held up all the time does it only then.
    for client in clients_of(shards.reading):
        client.hset(keys.ORDER(order.order_id), "state", "running")
        client.hdel(keys.BUDGET("autumn"), "halted")
    held_up.do("autumn")
    assert not any(_halted(shards))


@pytest.mark.parametrize(
    ("field", "text", "what"),
    [
        ("what", "praise", "praise"),
        ("state", "pondering", "retry"),
        ("change", '{"praise": 7}', "retry"),
        ("sums", '{"praises": 7}', "retry"),
    ],
)
def test_an_order_of_a_newer_release_is_left_to_it(
    flow: Flow, redis_url: str, monkeypatch: pytest.MonkeyPatch, field: str, text: str, what: str
) -> None:
    monkeypatch.setattr(durations, "ORDER_LOOK_SECONDS", 0.05)
    failed(flow, "a", "b")
    orders = orders_of(flow)
    newer = orders.begin(given(orders, What.RETRY, "state:failed limit:1"))
    flow.client.hset(keys.ORDER(newer.order_id), field, text)
    with pytest.raises(OrderError, match=rf"order {newer.order_id} is \w+, to {what}: it needs a newer"):
        orders.get(newer.order_id)
    watch = OrdersWatch(flow.settings, redis_url)
    watch.start()
    try:
        ours = orders.begin(given(orders, What.CANCEL, "state:failed"))
        eventually(flow.client, lambda: orders.get(ours.order_id).state is State.DONE)
    finally:
        watch.end()
    state = text if field == "state" else "running"
    assert flow.client.hget(keys.ORDER(newer.order_id), "state") == state


def test_what_nobody_expected_ends_no_thread_that_carries_orders_out(
    flow: Flow, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "ORDER_LOOK_SECONDS", 0.05)
    failed(flow, "a")
    orders, unexpected, look = orders_of(flow), [ValueError("?")], OrdersWatch._look

    def looked(watch: OrdersWatch, *given: Any) -> bool:
        if unexpected:
            raise unexpected.pop()
        return look(watch, *given)

    monkeypatch.setattr(OrdersWatch, "_look", looked)
    order = orders.begin(given(orders, What.RETRY, "state:failed"))
    watch = OrdersWatch(flow.settings, redis_url)
    watch.start()
    try:
        eventually(flow.client, lambda: orders.get(order.order_id).state is State.DONE)
    finally:
        watch.end()


def _halted(shards: Shards) -> list[bool]:
    return [client.hexists(keys.BUDGET("autumn"), "halted") for client in clients_of(shards.reading)]


def _ended(orders: Orders, order_id: str) -> Order | None:
    order = orders.get(order_id)
    return order if order.state.is_over else None
