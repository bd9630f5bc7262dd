"""What the model found, and what is easier to see in one plain example each."""

import pytest
import redis
from model import MINUTE, Model, Subject
from scene import BUSY, LOOK_PAST, RECOUNT, Scene

from config import keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.ledger.library import ledger_library
from worker.ledger.transition import Transition
from worker.store.functions import Functions


def generating(scene: Scene, **brief: object) -> Subject:
    """Return a brief whose job draws its drafts."""
    subject = scene.arrive(**brief)  # type: ignore[arg-type]  # passed on as they came
    scene.begin(subject)
    scene.answered(subject, "generating")
    return subject


def preprocessing(scene: Scene, **brief: object) -> Subject:
    """Return the promotion of a brief whose identity is being prepared."""
    subject = generating(scene, **brief)
    scene.collect(subject)
    scene.plan(subject)
    promotion = scene.model.subjects[f"promotion:{subject.name.partition(':')[2]}#0"]
    scene.begin(promotion)
    scene.answered(promotion, "preprocessing")
    return promotion


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


def test_the_look_past_those_without_slots_has_an_end(scene: Scene) -> None:
    scene.limit("a", slots=1)
    for _ in range(LOOK_PAST):
        scene.arrive(need=2)
    assert scene.arrive(need=1).granted
    scene.limit("a", slots=2)
    scene.limit("a", slots=1)


def test_whoever_comes_past_the_look_waits_his_turn(scene: Scene) -> None:
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


def test_parked_briefs_of_another_account_wait_again_in_their_own(scene: Scene) -> None:
    scene.open("b")
    first = generating(scene, batch="x", budget=100)
    generating(scene, batch="x")
    other = scene.arrive("b", batch="x")
    assert not other.granted
    scene.move(first, "failed")
    scene.run_timers()
    assert other.granted
    assert scene.client.zrange(keys.PERMITS("b"), 0, -1) == [other.name]


def test_a_parked_brief_that_is_dear_does_not_keep_cheap_ones_back(scene: Scene) -> None:
    first = generating(scene, batch="x", budget=100)
    dear, cheap = scene.arrive(batch="x", need=4), scene.arrive(batch="x", need=2)
    scene.move(first, "failed")
    assert cheap.granted
    assert not dear.granted


def test_a_parked_brief_that_is_given_up_is_parked_no_more(scene: Scene) -> None:
    generating(scene, batch="x", budget=50)
    scene.move(scene.arrive(batch="x"), "cancelled")
    assert not scene.client.exists(keys.PARKED("x"), keys.PARKED_OF("a"))


def test_a_budget_that_is_set_later_counts_what_is_on_its_way(scene: Scene) -> None:
    generating(scene, batch="x")
    scene.set_budget("x", "a", 60)
    assert not scene.arrive(batch="x").granted


def test_a_large_budget_is_kept_to_the_credit(scene: Scene) -> None:
    Ledger(scene.client, Settings()).set_budget("x", "a", 12_345_678, by="test")
    assert float(str(scene.client.hget(keys.BUDGET("x"), "allowed"))) == 12_345_678


def test_credits_that_drafts_did_not_cost_are_free_for_the_next(scene: Scene) -> None:
    scene.collect(generating(scene), cost=20)
    brief = generating(scene, batch="x", budget=139)
    parked = scene.arrive(batch="x")
    assert not parked.granted
    scene.collect(brief, cost=2)
    assert parked.granted


def test_drafts_that_become_cheaper_start_what_other_batches_had_parked(scene: Scene) -> None:
    scene.collect(generating(scene), cost=20)
    parked = scene.arrive(batch="x", budget=60)
    assert not parked.granted
    scene.collect(generating(scene, batch="y"), cost=0)
    assert parked.granted


def test_a_budget_that_means_fill_to_the_last_credit_is_no_overdraft(scene: Scene) -> None:
    scene.collect(generating(scene, variations=3), cost=1)
    # In binary, three times a third of a credit is a little more than what is left after twice that.
    briefs = [scene.arrive(batch="x", budget=151) for _ in range(3)]
    assert [brief.granted for brief in briefs] == [True] * 3


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


def test_what_is_spent_of_a_budget_is_gone(scene: Scene) -> None:
    promotion = preprocessing(scene, batch="x", budget=60)
    scene.move(promotion, "ready")
    waiting = scene.arrive(batch="x")
    assert not waiting.granted
    scene.set_budget("x", "a", 100)
    assert waiting.granted


def test_more_promotions_than_were_reserved_wait_for_a_slot(scene: Scene) -> None:
    scene.limit("a", slots=2)
    brief, other = generating(scene), generating(scene)
    scene.collect(brief)
    scene.plan(brief, 2)
    promotions = [scene.model.subjects[f"promotion:00001#{number}"] for number in range(2)]
    assert [s.granted for s in promotions] == [True, False]
    scene.move(other, "failed")
    assert promotions[1].granted


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
