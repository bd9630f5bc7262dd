"""Every event reaches each endpoint that wants it, in the order of its brief, whatever that answers."""

from collections import Counter

import pytest
from delivering import add, delivering, standing, until_sent
from stepping import Flow
from support import DEADLINE, events

from actors.deliverer import deliverer
from config import durations
from tests.worker.hooks.receivers import Delivery, receiving
from worker.hooks.standing import deliveries


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was not taken be sent again at once."""
    monkeypatch.setattr(durations, "HOOK_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(durations, "HOOK_LOOK_SECONDS", 0.02)


def test_each_event_comes_signed_and_as_it_stands_in_the_stream(heard: Flow) -> None:
    with receiving() as receiver:
        heard.accept(brief_id="before")
        add(heard, receiver)
        with delivering(heard):
            heard.finish(heard.accept(brief_id="a", metadata={"sku": "0047"}))
            until_sent(heard)
    came = receiver.deliveries
    assert [each.event for each in came if each.event["data"]["brief_id"] == "a"] == events(heard.client, "a")
    assert len(events(heard.client, "a")) > 4
    assert [each.event["id"] for each in came if "before" in each.event["id"]] == receiver.ids("before")
    assert "before/1" not in receiver.ids()
    assert all(each.signed_by == [*receiver.secrets] for each in came)
    assert len({each.headers["webhook-id"] for each in came}) == len(came)
    found = standing(heard)
    assert (found.taken, found.waiting, found.given_up, found.lost) == (len(came), 0, 0, 0)
    assert found.failing_since is found.paused is None


@pytest.mark.parametrize("made", [1, 100])
def test_endpoints_are_told_of_their_types_and_batches_alone(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, made: int
) -> None:
    monkeypatch.setattr(deliverer, "_MADE", made)
    with receiving() as accepted, receiving() as spring, receiving() as other:
        add(flow, accepted, "accepted", types=("identity.brief.acc*",))
        add(flow, spring, "spring", batches=("spring",))
        add(flow, other, "other", accounts=("other",))
        with delivering(flow):
            flow.accept(brief_id="a", batch="spring")
            flow.accept(brief_id="b")
            flow.accept(brief_id="bad", batch="spring", priority=1000)
            until_sent(flow)
    assert sorted(accepted.ids()) == ["a/1", "b/1"]  # only the events of one brief keep their order
    assert sorted(spring.ids()) == ["a/1", "bad/1"]
    assert other.ids() == []


def test_a_brief_s_events_keep_their_order_while_others_pass_by(heard: Flow) -> None:
    refusals: Counter[str] = Counter()

    def answer(delivery: Delivery) -> int:
        """Refuse each event of `a` three times."""
        event = delivery.event["id"]
        refusals[event] += 1
        return 500 if event.startswith("a/") and refusals[event] <= 3 else 200

    with receiving() as receiver:
        receiver.answer = answer
        add(heard, receiver)
        with delivering(heard):
            for brief_id in ("a", "b"):
                heard.finish(heard.accept(brief_id=brief_id))
            until_sent(heard)
    ids = [event["id"] for event in events(heard.client, "a")]
    assert receiver.ids("a") == [each for each in ids for _ in range(4)]
    assert receiver.ids("b") == [event["id"] for event in events(heard.client, "b")]
    log = [each for each in deliveries(heard.client, "shop", 1000) if each["id"].startswith(("a/", "b/"))]
    assert Counter(each["outcome"] for each in log) == {"taken": len(ids) * 2, "failed": len(ids) * 3}
    assert {each["error"] for each in log if each["outcome"] == "failed"} == {"answered 500"}


def test_a_slow_endpoint_keeps_no_other_waiting(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "HOOK_SECONDS", DEADLINE)
    with receiving(hangs=True) as slow, receiving() as quick:
        add(flow, slow, "slow")
        add(flow, quick, "quick")
        with delivering(flow):
            for number in range(30):
                flow.accept(brief_id=f"b{number}")
            assert len(quick.wait(30)) == 30
            assert standing(flow, "slow").waiting == 30
            slow.hangs.set()
            until_sent(flow)
    assert sorted(slow.ids()) == sorted(quick.ids())
