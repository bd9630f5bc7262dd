"""An endpoint that fails: it has a rest, is paused after days, and loses nothing of what the stream holds."""

import json
from contextlib import suppress

import pytest
import redis
from delivering import add, delivering, private, sent, standing, until_sent
from stepping import Flow
from support import events, eventually

from config import durations, keys
from tests.worker.hooks.receivers import Delivery, receiving
from worker.hooks.operating import Endpoints, given_up
from worker.hooks.standing import checks, deliveries
from worker.ledger.events import HookPaused
from worker.operations.doctor import Health


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "HOOK_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(durations, "HOOK_LOOK_SECONDS", 0.02)


def test_an_endpoint_that_fails_for_days_is_paused_and_told_of(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as broken, receiving() as well:
        broken.answer = lambda _: 500
        endpoint = add(flow, broken)
        add(flow, well, "well", types=("identity.hook.*",))
        with delivering(flow):
            for brief_id in ("a", "b"):
                flow.accept(brief_id=brief_id)
            broken.wait(3)
            flow.client.hset(keys.HOOK("shop"), "failing_since", 1)
            eventually(flow.client, lambda: standing(flow).paused)
            well.wait(1)
            came = len(broken.deliveries)
            flow.accept(brief_id="c")
            eventually(flow.client, lambda: standing(flow).waiting == 4)
            assert (standing(flow).given_up, standing(flow).failing_since) == (0, 1)
            [health] = [each for each in checks(flow.client, private(flow)) if each.name == "endpoint shop"]
            broken.answer = lambda _: 200
            before = Endpoints(flow.client, private(flow), "me").unpause(endpoint)
            until_sent(flow)
    assert before is not None
    assert (before.by, before.why) == ("identity-worker", "answered 500")
    told = well.deliveries[0].event
    assert (told["type"], told["subject"]) == (HookPaused.type, "hook:shop")
    assert told["data"]["why"] == "answered 500"
    assert told["data"]["brief_id"] is None
    assert told in events(flow.client)
    assert (health.health, "paused by itself since" in health.said) == (Health.WARN, True)
    taken = broken.ids()[came:]
    assert sorted(each for each in taken if not each.startswith("hook#")) == ["a/1", "b/1", "c/1"]


def test_an_endpoint_that_is_gone_is_paused_at_once(flow: Flow) -> None:
    with receiving() as gone:
        gone.answer = lambda _: 410
        add(flow, gone, types=("identity.brief.*",))
        with delivering(flow):
            flow.accept(brief_id="a")
            pause = eventually(flow.client, lambda: standing(flow).paused)
    assert (pause.why, standing(flow).waiting, len(gone.deliveries)) == ("answered 410", 1, 1)


def test_what_is_refused_for_days_is_given_up_until_somebody_asks(flow: Flow) -> None:
    refused = {"a/1"}

    def answer(delivery: Delivery) -> int:
        return 422 if delivery.event["id"] in refused else 204

    with receiving() as receiver:
        receiver.answer = answer
        endpoint = add(flow, receiver)
        with delivering(flow):
            flow.accept(brief_id="a")
            receiver.wait(1)
            flow.accept(brief_id="b")
            eventually(flow.client, lambda: "b/1" in receiver.ids())
            _age(flow, "a")
            eventually(flow.client, lambda: standing(flow).given_up == 1)
            assert standing(flow).waiting == 0
            refused.clear()
            change = Endpoints(flow.client, private(flow), "me")
            assert change.resend(endpoint, lambda shard: given_up(shard, "shop")) == 1
            until_sent(flow)
            assert not flow.client.exists(keys.HOOK_FAILED("shop"))
    assert receiver.ids("a")[-1] == "a/1"
    outcomes = [each["outcome"] for each in deliveries(flow.client, "shop", 100) if each["id"] == "a/1"]
    assert outcomes[:2] == ["taken", "given_up"]


def test_a_failing_endpoint_is_left_alone_for_longer_and_longer(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as broken:
        broken.answer = lambda _: 503
        add(flow, broken)
        with delivering(flow):
            for number in range(40):
                flow.accept(brief_id=f"b{number}")
            eventually(flow.client, lambda: int(flow.client.hget(keys.HOOK("shop"), "failures") or 0) >= 8)
            came = len(broken.deliveries)
            # Handed on to it, which goes on while it fails.
            eventually(flow.client, lambda: standing(flow).waiting == 40)
        # 3 rounds of 8 at the most, then one at a time.
        assert came <= 3 * 8 + 8
        broken.answer = lambda _: 200
        with delivering(flow):
            until_sent(flow)
    assert {each["id"] for each in deliveries(flow.client, "shop", 100) if each["outcome"] == "taken"} == {
        f"b{number}/1" for number in range(40)
    }


def test_what_was_trimmed_meanwhile_is_counted_and_holds_up_nothing(flow: Flow) -> None:
    with receiving() as receiver:
        endpoint = add(flow, receiver)
        Endpoints(flow.client, private(flow), "me").pause(endpoint)
        with delivering(flow):
            flow.accept(brief_id="a")
            flow.accept(brief_id="b")
            eventually(flow.client, lambda: standing(flow).waiting == 2)
            flow.client.xtrim(keys.EVENTS(), maxlen=1, approximate=False)
            Endpoints(flow.client, private(flow), "me").unpause(endpoint)
            until_sent(flow)
    assert receiver.ids() == ["b/1"]
    assert (standing(flow).lost, standing(flow).taken) == (1, 1)
    assert sent(flow)


def _age(flow: Flow, brief_id: str) -> None:
    """Let the first try of what waits of a brief have been days ago."""
    key = keys.HOOK_WAITING("shop")
    while True:
        text = flow.client.hget(key, brief_id)
        row = json.loads(str(text)) | {"since": 1}
        with suppress(redis.WatchError), flow.client.pipeline() as pipe:
            pipe.watch(key)
            if pipe.hget(key, brief_id) == text:
                pipe.multi()
                pipe.hset(key, brief_id, json.dumps(row))
                pipe.execute()
                return
