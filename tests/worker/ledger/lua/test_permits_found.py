"""What the model found, and what is easier to see in one plain example each."""

import redis
from scene_briefs import generating, preprocessing
from side_by_side.comparison import BUSY, LOOK_PAST, RECOUNT
from side_by_side.model import Model
from side_by_side.scene import Scene
from side_by_side.subjects import MINUTE

from config import keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.store.functions import Functions


def test_the_permit_of_an_ended_job_goes_to_its_own_promotion(scene: Scene) -> None:
    scene.limit("a", jobs=1)
    brief = generating(scene)
    creation = scene.arrive(priority=100)
    scene.collect(brief, promotions=1)
    assert scene.model.subjects["promotion:00001#0"].granted
    assert not creation.granted


def test_a_waiter_whose_record_was_deleted_is_passed_over_and_holds_nothing(scene: Scene) -> None:
    scene.limit("a", jobs=1)
    first, deleted, third = generating(scene), scene.arrive(), scene.arrive()
    del scene.model.subjects[deleted.name]
    scene.client.delete(keys.RECORD(deleted.name))
    scene.move(first, "failed")
    assert third.granted


def test_a_grant_that_is_given_up_leaves_its_place_in_the_window(scene: Scene) -> None:
    scene.limit("a", create_per_minute=1)
    first, second = scene.arrive(), scene.arrive()
    scene.move(first, "cancelled")
    assert second.granted


def test_a_job_that_an_operator_found_holds_a_permit(scene: Scene) -> None:
    brief = generating(scene)
    scene.move(brief, "held")
    scene.move(brief, "generating")
    assert scene.client.zrange(keys.PERMITS("a"), 0, -1) == [brief.name]


def test_the_express_share_is_not_for_who_passes_one_without_slots(scene: Scene) -> None:
    scene.limit("a", jobs=2, express=1, slots=3)
    generating(scene)
    urgent, ordinary = scene.arrive(priority=1, need=3), scene.arrive()
    assert not urgent.granted
    assert not ordinary.granted


def test_a_waiter_that_needs_fewer_slots_passes_one_that_needs_more(scene: Scene) -> None:
    scene.limit("a", slots=3)
    generating(scene)
    scene.arrive(need=3)
    assert scene.arrive(need=2).granted


def test_the_search_past_waiters_without_slots_has_an_end(scene: Scene) -> None:
    scene.limit("a", slots=1)
    for _ in range(LOOK_PAST):
        scene.arrive(need=2)
    assert scene.arrive(need=1).granted
    scene.limit("a", slots=2)
    scene.limit("a", slots=1)


def test_whoever_stands_beyond_that_search_waits_for_a_turn(scene: Scene) -> None:
    scene.limit("a", slots=1)
    for _ in range(LOOK_PAST + 1):
        scene.arrive(need=2)
    assert not scene.arrive(need=1).granted


def test_a_slot_that_somebody_took_meanwhile_is_not_reserved_again(scene: Scene) -> None:
    scene.limit("a", slots=1)
    promotion = preprocessing(scene)
    other = scene.arrive()
    # The API hides an identity whose preprocessing failed: the next count frees its slot.
    scene.libraries["a"].clear()
    scene.now += 1
    scene.read_library("a")
    assert other.granted
    scene.move(promotion, "planned")
    assert scene.client.hgetall(keys.SLOTS("a")) == {other.name: "1"}


def test_the_library_is_counted_again_soon_while_a_count_fails(scene: Scene) -> None:
    scene.limit("a", slots=1)
    preprocessing(scene)
    scene.arrive()
    for _ in range(3):
        due = scene.timers["library:a"]
        assert due <= scene.now + RECOUNT
        scene.now = due
        scene.run_timers()
        assert ("count_identities", "library:a") in scene.sent


def test_deleting_an_identity_frees_a_promotion_that_lacked_a_slot(scene: Scene) -> None:
    promotion = preprocessing(scene)
    scene.move(promotion, "planned")
    scene.begin(promotion)
    scene.libraries["a"] = {"by-hand"}
    scene.throttled(promotion, "slots", None)
    scene.read_library("a")
    assert not promotion.granted
    # The pause takes a minute; the library is counted at once, and then again and again.
    scene.run_timers()
    assert scene.timers["library:a"] == scene.now + RECOUNT
    scene.libraries["a"].clear()
    scene.now += 1
    scene.read_library("a")
    assert promotion.granted


def test_a_list_asked_for_earlier_does_not_hide_a_newer_identity(scene: Scene) -> None:
    since = scene.now
    scene.now += 1
    promotion = preprocessing(scene)
    scene.read_library("a", since, set())
    assert scene.client.zcard(keys.IDENTITIES("a")) == 1
    assert promotion.state == "preprocessing"


def test_the_jobs_of_others_get_room_and_are_tried_one_by_one(scene: Scene) -> None:
    scene.limit("a", create_per_minute=0)
    briefs = [scene.arrive() for _ in range(5)]
    for brief in briefs:
        scene.begin(brief)
    scene.answered(briefs[0], "generating")
    for brief in briefs[1:]:
        scene.throttled(brief, "jobs", None)
    permits = []
    for _ in range(4):
        permits.append(scene.client.zcard(keys.PERMITS("a")))
        scene.pass_time(15_000)
    assert permits == [1, 2, 3, 4]
    assert scene.client.hget(keys.RECORD("account:a"), "working") is None


def test_one_job_more_may_still_be_kept_for_urgent_briefs(scene: Scene) -> None:
    scene.limit("a", express=1)
    for _ in range(3):
        generating(scene)
    refused = scene.arrive()
    scene.begin(refused)
    scene.throttled(refused, "jobs", 90_000)
    scene.pass_time(BUSY)
    told = scene.functions.run(commands.why(subject=refused.name), scene.now)
    assert told
    assert [(each["what"], each.get("working")) for each in told["missing"]] == [("pause", None), ("job", 4)]
    assert scene.client.hget(keys.RECORD("account:a"), "working") == "3", "to try it is for admit"


def test_without_a_rate_a_request_still_has_its_place_and_its_end(model_client: "redis.Redis") -> None:
    model_client.flushall()
    functions = Functions(model_client, ledger_library(Settings(speed=1)))
    scene = Scene(model_client, functions, Model(preprocessing_counts=True))
    scene.open("a", create_per_minute=0, jobs=0)
    assert all(scene.arrive().granted for _ in range(20))


def test_the_express_share_is_for_urgent_briefs_alone(scene: Scene) -> None:
    scene.limit("a", jobs=2, express=1)
    ordinary = [scene.arrive(), scene.arrive()]
    urgent = scene.arrive(priority=1)
    assert [s.granted for s in (*ordinary, urgent)] == [True, False, True]


def test_the_very_first_brief_is_not_urgent(scene: Scene) -> None:
    scene.limit("a", jobs=1, express=1)
    assert not scene.arrive().granted
    assert scene.arrive(priority=1).granted


def test_promotions_may_take_the_express_share(scene: Scene) -> None:
    brief = generating(scene)
    scene.limit("a", jobs=1, express=1)
    scene.collect(brief)
    scene.plan(brief)
    assert scene.model.subjects["promotion:00001#0"].granted


def test_reserved_slots_serve_as_far_as_a_lower_cap_allows(scene: Scene) -> None:
    brief = generating(scene, need=3)
    scene.collect(brief)
    scene.limit("a", slots=2)
    scene.plan(brief, 3)
    promotions = [scene.model.subjects[f"promotion:00001#{number}"] for number in range(3)]
    assert [s.granted for s in promotions] == [True, True, False]


def test_a_promotion_waits_while_others_have_filled_the_library(scene: Scene) -> None:
    scene.limit("a", slots=1)
    brief = generating(scene)
    scene.collect(brief)
    scene.libraries["a"] = {"by-hand"}
    scene.read_library("a")
    scene.plan(brief)
    promotion = scene.model.subjects["promotion:00001#0"]
    assert not promotion.granted
    scene.libraries["a"].clear()
    scene.now += 1
    scene.read_library("a")
    assert promotion.granted


def test_a_window_does_not_vanish_under_a_request(scene: Scene) -> None:
    generating(scene)
    window = keys.WINDOW("a", "create")
    assert scene.client.pttl(window) > MINUTE
    scene.arrive()
    assert scene.client.ttl(window) == -1


def test_preprocessing_holds_no_permit_where_it_does_not_count(model_client: "redis.Redis") -> None:
    model_client.flushall()
    functions = Functions(model_client, ledger_library(Settings(speed=1, preprocessing_counts=False)))
    scene = Scene(model_client, functions, Model(preprocessing_counts=False))
    scene.open("a", jobs=1)
    brief = generating(scene)
    scene.collect(brief)
    other = generating(scene)
    scene.plan(brief)
    assert scene.model.subjects["promotion:00001#0"].granted
    assert scene.client.zrange(keys.PERMITS("a"), 0, -1) == [other.name]


def test_more_promotions_than_were_reserved_wait_for_a_slot(scene: Scene) -> None:
    scene.limit("a", slots=2)
    brief, other = generating(scene), generating(scene)
    scene.collect(brief)
    scene.plan(brief, 2)
    promotions = [scene.model.subjects[f"promotion:00001#{number}"] for number in range(2)]
    assert [s.granted for s in promotions] == [True, False]
    scene.move(other, "failed")
    assert promotions[1].granted
