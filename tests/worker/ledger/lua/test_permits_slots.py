"""What the API says of the slots counts until a count, a success or an operator says otherwise."""

import pytest
from scene_briefs import planned
from side_by_side.scene import Scene
from side_by_side.subjects import MINUTE, Subject

from config import keys
from worker.ledger import commands
from worker.ledger.transition import Completion, Pause, Throttle, Transition

RECORD = keys.RECORD("account:a")


def promoted(scene: Scene, promotion: Subject) -> None:
    scene.begin(promotion)
    scene.answered(promotion, "preprocessing")
    scene.move(promotion, "ready")


def full(scene: Scene, identities: int = 3) -> Subject:
    """Let the API hold so many identities, say that it is full to a promotion, and return that one."""
    scene.limit("a", slots=200, jobs=5, create_per_minute=0, promote_per_minute=0)
    scene.libraries["a"] = {f"own-{number}" for number in range(identities)}
    scene.read_library("a")
    refused = planned(scene)
    scene.begin(refused)
    scene.throttled(refused, "slots", None)
    return refused


def test_no_draft_is_bought_after_the_api_says_it_is_full(scene: Scene) -> None:
    full(scene)
    assert scene.client.hget(RECORD, "slots_seen") == "3"
    waiting = [scene.arrive() for _ in range(10)]
    scene.pass_time(20 * MINUTE)
    assert not any(brief.granted for brief in waiting)


def test_a_create_granted_but_not_begun_does_not_go_out(scene: Scene) -> None:
    scene.limit("a", slots=200)
    promotion = planned(scene)
    scene.begin(promotion)
    granted = scene.arrive()
    assert granted.granted
    scene.throttled(promotion, "slots", None)
    assert granted.waits


def test_the_refused_promotion_alone_tries_again_after_each_pause(scene: Scene) -> None:
    scene.limit("a", slots=200, create_per_minute=0, promote_per_minute=0)
    first, second = planned(scene), planned(scene)
    scene.begin(first)
    scene.begin(second)
    scene.throttled(first, "slots", None)
    scene.throttled(second, "slots", None)
    assert scene.client.hget(RECORD, "slots_seen") == "0"
    scene.pass_time(MINUTE)
    assert [first.granted, second.granted] == [True, False]


def test_what_is_on_its_way_counts_when_the_api_is_full(scene: Scene) -> None:
    scene.limit("a", slots=200, create_per_minute=0, promote_per_minute=0)
    first, second = planned(scene), planned(scene)
    scene.begin(first)
    scene.begin(second)
    scene.throttled(second, "slots", None)
    assert scene.client.hget(RECORD, "slots_seen") == "1"
    scene.answered(first, "preprocessing")
    assert "slots_beyond" not in scene.client.hgetall(RECORD)


def test_a_promote_that_may_have_arrived_counts_too(scene: Scene) -> None:
    scene.limit("a", slots=200, create_per_minute=0, promote_per_minute=0)
    first, second = planned(scene), planned(scene)
    for promotion in (first, second):
        scene.begin(promotion)
    functions, now = scene.functions, scene.now
    counted = Completion.COUNTED
    pause, throttle = Pause("promote", 5_000, "lost"), Throttle("slots", None, "429")
    unknown = Transition("planned", completion=counted, keep_permit=True, pause=pause)
    assert functions.run(commands.advance(first.name, unknown), now)
    full = Transition("planned", completion=counted, throttle=throttle)
    functions.run(commands.advance(second.name, full), now)
    assert scene.client.hget(RECORD, "slots_seen") == "1"


def test_identities_that_others_made_are_counted_to_what_the_api_has_said(scene: Scene) -> None:
    refused = full(scene)
    scene.libraries["a"] |= {"of-others-1", "of-others-2"}
    scene.read_library("a")
    assert scene.client.hget(RECORD, "slots_seen") == "5"
    assert not scene.arrive().granted
    assert refused.waits


def test_what_is_deleted_makes_room_for_the_promotion_then_a_create(scene: Scene) -> None:
    refused = full(scene)
    waiting = scene.arrive()
    scene.libraries["a"].pop()
    scene.pass_time(1)
    scene.read_library("a")
    assert refused.granted
    promoted(scene, refused)
    assert not waiting.granted
    scene.libraries["a"].remove("own-0" if "own-0" in scene.libraries["a"] else "own-1")
    scene.pass_time(1)
    scene.read_library("a")
    assert waiting.granted
    assert scene.client.hget(RECORD, "slots_seen") == "3"


def test_a_promotion_beyond_a_full_library_lifts_its_limit_after_a_count(scene: Scene) -> None:
    refused, waiting = full(scene), scene.arrive()
    scene.pass_time(MINUTE)
    promoted(scene, refused)
    assert not waiting.granted
    assert scene.timers["library:a"] <= scene.now, "it is counted at once"
    scene.read_library("a")
    assert waiting.granted
    assert not scene.client.hexists(RECORD, "slots_seen")


def test_a_success_in_the_place_of_one_that_somebody_deleted_lifts_nothing(scene: Scene) -> None:
    refused, waiting = full(scene), scene.arrive()
    scene.pass_time(MINUTE)
    scene.libraries["a"].remove("own-0")
    promoted(scene, refused)
    scene.pass_time(1)
    scene.read_library("a")
    assert not waiting.granted
    assert scene.client.hget(RECORD, "slots_seen") == "3"


@pytest.mark.parametrize("by", ["the same limit", "another", "resume"])
def test_an_operator_who_sets_the_limit_or_resumes_is_believed(scene: Scene, by: str) -> None:
    full(scene)
    waiting = scene.arrive()
    if by == "resume":
        scene.resume("a")
    else:
        scene.limit("a", slots=200 if by == "the same limit" else 100)
    assert waiting.granted
    assert not scene.client.hexists(RECORD, "slots_seen")


def test_other_limits_change_nothing_of_what_the_api_has_said(scene: Scene) -> None:
    full(scene)
    scene.limit("a", jobs=4)
    assert scene.client.hget(RECORD, "slots_seen") == "3"


def test_an_account_without_a_limit_of_slots_believes_the_api_too(scene: Scene) -> None:
    full(scene)
    scene.limit("a", slots=0)
    refused = scene.model.subjects["promotion:00001#0"]
    scene.resume("a")
    scene.begin(refused)
    scene.throttled(refused, "slots", None)
    assert not scene.arrive().granted


def test_a_lower_limit_counts_more_than_what_the_api_has_said(scene: Scene) -> None:
    full(scene, identities=5)
    scene.limit("a", slots=4)
    scene.client.hset(RECORD, "slots_seen", 5)
    scene.model.accounts["a"].slots_seen = 5
    scene.libraries["a"].remove("own-0")
    scene.pass_time(MINUTE)
    scene.read_library("a")
    assert not scene.arrive().granted


def test_creates_refused_for_want_of_slots_try_one_at_a_time(scene: Scene) -> None:
    scene.limit("a", slots=200, create_per_minute=0)
    briefs = [scene.arrive() for _ in range(3)]
    for brief in briefs:
        scene.begin(brief)
    for brief in briefs:
        scene.throttled(brief, "slots", None)
    scene.pass_time(MINUTE)
    assert [brief.granted for brief in briefs] == [True, False, False]
    scene.begin(briefs[0])
    scene.answered(briefs[0], "generating")
    assert all(brief.granted for brief in briefs[1:]), "the API looks at the slots itself, and has room"


def test_a_refusal_says_less_only_while_it_is_not_corrected(scene: Scene) -> None:
    refused = full(scene, identities=5)
    scene.libraries["a"] = {"own-0"}
    scene.pass_time(1)
    scene.read_library("a")
    scene.begin(refused)
    scene.throttled(refused, "slots", None)
    assert scene.client.hget(RECORD, "slots_seen") == "1"
