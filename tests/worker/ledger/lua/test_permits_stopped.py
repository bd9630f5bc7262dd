"""Pauses, refusals and cool-downs, in one plain example each: how long they last, and what they take back."""

import pytest
from scene_briefs import generating
from side_by_side.scene import Scene
from side_by_side.subjects import MINUTE

from config import keys
from worker.ledger import commands
from worker.ledger.transition import Transition


def test_an_answer_to_an_earlier_request_does_not_end_a_cool_down(scene: Scene) -> None:
    early, refused = scene.arrive(), scene.arrive()
    scene.begin(early)
    scene.begin(refused)
    scene.throttled(refused, "rate", 90_000)
    scene.answered(early, "generating")
    assert not refused.granted
    scene.pass_time(90_000)
    assert refused.granted


@pytest.mark.parametrize("what", ["pause", "create"])
def test_an_answer_to_an_earlier_request_does_not_end_a_pause(scene: Scene, what: str) -> None:
    early, refused = scene.arrive(), scene.arrive()
    scene.begin(early)
    scene.begin(refused)
    scene.refused(refused, what, MINUTE)
    scene.answered(early, "generating")
    assert not refused.granted
    assert not scene.arrive().granted


def test_a_request_without_an_answer_does_not_end_the_probing(scene: Scene) -> None:
    first = scene.arrive()
    scene.begin(first)
    scene.refused(first, "create", MINUTE)
    scene.pass_time(MINUTE)
    scene.begin(first)
    scene.answered(first, "uncertain")
    second, third = scene.arrive(), scene.arrive()
    assert second.granted
    assert not third.granted
    scene.begin(second)
    scene.answered(second, "generating")
    assert third.granted


def test_requests_refused_together_are_one_refusal_later_ones_double_the_pause(scene: Scene) -> None:
    together = [scene.arrive() for _ in range(5)]
    for subject in together:
        scene.begin(subject)
    for subject in together:
        scene.refused(subject, "pause", MINUTE)
    assert scene.timers["account:a"] == scene.now + MINUTE
    scene.pass_time(MINUTE)
    probe = next(s for s in together if s.granted)
    scene.begin(probe)
    scene.refused(probe, "pause", MINUTE)
    scene.pass_time(2 * MINUTE - 1)
    assert not any(s.granted for s in together)
    scene.pass_time(1)
    assert sum(s.granted for s in together) == 1


def test_a_short_pause_does_not_cut_a_longer_one_short(scene: Scene) -> None:
    first, second = scene.arrive(), scene.arrive()
    scene.begin(first)
    scene.begin(second)
    scene.refused(first, "pause", MINUTE)
    scene.refused(second, "pause", 5_000, left=False)
    scene.pass_time(MINUTE - 1)
    assert not first.granted


def test_a_pause_grows_to_a_quarter_of_an_hour_and_no_further(scene: Scene) -> None:
    brief = scene.arrive()
    pauses = []
    for _ in range(7):
        scene.begin(brief)
        scene.refused(brief, "create", MINUTE)
        pauses.append(scene.model.accounts["a"].stops["create"].until - scene.now)
        scene.pass_time(pauses[-1])
        assert brief.granted
    assert pauses == [minutes * MINUTE for minutes in (1, 2, 4, 8, 15, 15, 15)]


def test_requests_ended_a_window_ago_make_no_429_a_rate_limit(scene: Scene) -> None:
    scene.limit("a", create_per_minute=2)
    generating(scene)
    last = scene.arrive()
    scene.begin(last)
    scene.pass_time(MINUTE)
    scene.throttled(last, "unclear", None)
    assert scene.client.hget(keys.RECORD("account:a"), "working") == "1"


@pytest.mark.parametrize("kind", ["jobs", "rate", "slots"])
def test_what_was_granted_but_not_begun_stays_in_after_a_429(scene: Scene, kind: str) -> None:
    refused, granted = scene.arrive(batch="x", budget=1_000), scene.arrive(batch="x")
    scene.begin(refused)
    assert granted.granted
    scene.throttled(refused, kind, 90_000)
    assert scene.run(commands.advance(granted.name, Transition("submitting"))) == "conflict"
    assert not scene.client.exists(keys.PERMITS("a"), keys.SLOTS("a"), keys.BATCH_RESERVATIONS("x"))
    scene.pass_time(90_000)
    assert refused.granted, "it keeps its place"


def test_a_pause_takes_back_grants_of_promotions_but_not_their_slots(scene: Scene) -> None:
    brief, refused = generating(scene, batch="x", budget=1_000), scene.arrive()
    scene.begin(refused)
    scene.collect(brief, promotions=1)
    promotion = scene.model.subjects["promotion:00001#0"]
    assert promotion.granted
    scene.refused(refused, "pause", MINUTE)
    assert not promotion.granted
    assert scene.client.hgetall(keys.SLOTS("a")) == {promotion.name: "1"}
    assert scene.client.hgetall(keys.BATCH_RESERVATIONS("x")) == {promotion.name: "50"}
    scene.pass_time(MINUTE)
    assert promotion.granted


def test_a_short_cool_down_does_not_cut_a_longer_one_short(scene: Scene) -> None:
    first, second = scene.arrive(), scene.arrive()
    scene.begin(first)
    scene.begin(second)
    scene.throttled(first, "rate", 90_000)
    scene.throttled(second, "rate", 1_000)
    scene.pass_time(90_000 - 1)
    assert not first.granted
    scene.pass_time(1)
    assert first.granted
