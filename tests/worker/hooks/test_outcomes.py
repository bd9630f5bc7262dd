"""What follows from an endpoint's answer: how long until the next try, and when there is none."""

import json

import pytest

from config import durations
from worker.hooks.calls import Claimed
from worker.hooks.outcomes import outcome_of
from worker.hooks.posting import Posted

EVENT = json.dumps({"id": "a/1", "type": "identity.promoted"})
NOW = 1_795_863_041_720


def claimed(number: int = 1, since: int = NOW) -> Claimed:
    return Claimed("a", "1-0", 7, number, since, EVENT)


def again_ms(number: int, retry_after: str | None = None) -> set[int]:
    posted = Posted(503, retry_after=retry_after)
    first = Claimed("a", "1-0", 7, number, NOW, EVENT)
    return {outcome_of(first, posted, NOW, 3).again_ms for _ in range(200)}


@pytest.mark.parametrize(("number", "seconds"), [(1, 5), (2, 10), (5, 80), (11, 3_600), (100, 3_600)])
def test_pauses_grow_to_an_hour_each_jittered_by_half(number: int, seconds: int) -> None:
    found = again_ms(number)
    assert seconds * 500 <= min(found) < seconds * 800
    assert seconds * 1_200 < max(found) <= seconds * 1_500


@pytest.mark.parametrize(
    ("asked", "least"), [("120", 120_000), ("999999999", 3_600_000), ("Wed, 21 Oct 2026 07:28:00 GMT", 2_500)]
)
def test_an_endpoint_may_ask_for_an_hour_at_most(asked: str, least: int) -> None:
    assert least <= min(again_ms(1, asked)) <= max(least, 7_500)


def test_only_what_was_not_taken_for_days_is_given_up() -> None:
    days_ago = NOW - durations.HOOK_PATIENCE_MS
    for since, posted, outcome in (
        (NOW, Posted(200), "taken"),
        (days_ago, Posted(204), "taken"),
        (days_ago + 1, Posted(500), "failed"),
        (days_ago, Posted(500), "given_up"),
        (days_ago, Posted(None, "no answer"), "given_up"),
    ):
        assert outcome_of(claimed(since=since), posted, NOW, 3).outcome == outcome


def test_the_log_tells_what_was_sent_and_what_came_of_it() -> None:
    done = outcome_of(claimed(2), Posted(410), NOW, 3)
    assert done.gone
    assert json.loads(done.line) == {
        "at": NOW,
        "entry": "1-0",
        "id": "a/1",
        "type": "identity.promoted",
        "brief": "a",
        "try": 2,
        "status": 410,
        "error": "answered 410",
        "ms": 3,
        "outcome": "failed",
    }
    assert len(outcome_of(claimed(), Posted(None, "x" * 5_000), NOW, 3).why) == 200
