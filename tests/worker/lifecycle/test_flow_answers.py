"""What becomes of a brief at each answer of the API: the real actors, a real Redis, the sandbox."""

from collections.abc import Iterator
from typing import Any

import pytest
from own_account import CREATE, PROMOTE
from processes import ProcessFactory
from stepping import Flow, enqueue, listening
from support import EVENTS, event_types, events, eventually

from config import keys
from config.settings import settings as process_settings
from worker.ledger.transition import Transition
from worker.lifecycle import choosing, journal_entries, record_fields
from worker.lifecycle.charges import take_apart
from worker.operations.operator import Operator
from worker.views import snapshots

RESULTS = "/jobs/*/results"
IDENTITY = "/identity/*/status"
POST_CREATE = "POST /identity/create"
POST_PROMOTE = "POST /identity/promote-generated"
DELETE = "DELETE /notifications/{id}"
NO_CREDITS = {"error": "Insufficient credits", "required_credits": 10.0, "user_credits": 1.5}
THROTTLED = {
    "rate": {"error": "Too many requests: rate limit exceeded."},
    "jobs": {"error": "Maximum concurrent jobs reached."},
    "slots": {"error": "Maximum identities reached."},
    "unclear": {"error": "Slow down."},
}


def throttled(endpoint: str) -> list[tuple[int, dict[str, Any], str]]:
    """The kinds of 429 with what each holds up; an unclear one with room in our window is about jobs."""
    holds_up = {"rate": endpoint, "slots": endpoint, "jobs": "working", "unclear": "working"}
    return [(429, body, holds_up[kind]) for kind, body in THROTTLED.items()]


def held_up(flow: Flow) -> dict[str, str]:
    """What of the account was held up and why; `working` is the account's own limit of jobs, lowered."""
    working = flow.client.hget(keys.RECORD("account:default"), "working")
    return flow.pauses() if working is None else {"working": str(working)}


@pytest.fixture
def live(flow: Flow, redis_url: str) -> Iterator[Flow]:
    """The flow with a listener, so that events and timers set its steps off."""
    with listening(flow.settings, flow.api, redis_url):
        yield flow


def slots(flow: Flow) -> tuple[int, int]:
    """Reserved slots, and identities in the library."""
    return flow.client.hlen(keys.SLOTS("default")), flow.client.zcard(keys.IDENTITIES("default"))


def charged(flow: Flow) -> dict[str, float]:
    """The credits that the API took, by what for."""
    taken: dict[str, float] = flow.api.ledger()["credits"]["charged"]
    return taken


def promoted(flow: Flow) -> list[int]:
    """The drafts that the API was asked to promote and did, in order."""
    return [each["image_result_id"] for each in flow.api.ledger()["promotions"]]


def draft_ids(flow: Flow) -> list[int]:
    """The drafts of the account's newest creation job."""
    jobs = [job for job in flow.api.ledger()["jobs"] if job["job_type"] == "identity_creation"]
    return [draft["image_result_id"] for draft in jobs[-1]["drafts"]]


# --- POST /identity/create ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 422, 403])
def test_a_refused_create_fails_the_brief_with_the_apis_own_words(flow: Flow, status: int) -> None:
    body = {"error": "Invalid request", "detail": [{"field": "instructions", "message": "too dull"}]}
    flow.api.refuse(CREATE, status, body)
    brief = flow.finish(flow.accept(brief_id="b"))
    assert brief.state == "failed"
    assert "too dull" in str(brief.get("error"))
    assert event_types(flow.client) == ["identity.brief.accepted", "identity.brief.failed"]
    assert "too dull" in events(flow.client)[-1]["data"]["error"]
    assert flow.api.requests(POST_CREATE) == 1
    assert slots(flow) == (0, 0)


def test_the_faults_that_the_api_names_are_in_the_event(flow: Flow) -> None:
    detail = [{"field": "options.ar", "message": "no"}, {"field": "name", "message": "too long"}]
    flow.api.refuse(CREATE, 400, {"error": "Invalid request", "detail": detail})
    flow.finish(flow.accept())
    faults = events(flow.client)[-1]["data"]["faults"]
    assert faults == [{"path": "options.ar", "rule": "no"}, {"path": "name", "rule": "too long"}]


def test_a_prompt_that_names_a_real_person_fails_with_the_blocked_term(flow: Flow) -> None:
    prompt = "A portrait of Tom Cruise in the rain"
    brief = flow.finish(flow.accept(instructions=[{"prompt": prompt, "num_variations": 1}]))
    assert brief.state == "failed"
    assert events(flow.client)[-1]["data"]["blocked_term"] == "Tom Cruise"


@pytest.mark.parametrize(
    ("status", "body", "paused"),
    [
        (401, {"error": "Invalid or expired token."}, "pause"),
        (402, NO_CREDITS, "create"),
        (503, {"error": "Identity creation is not enabled."}, "create"),
        *throttled("create"),
    ],
)
def test_a_create_refused_for_a_passing_reason_waits_in_place(
    live: Flow, status: int, body: dict[str, Any], paused: str
) -> None:
    live.api.refuse(CREATE, status, body)
    live.accept(brief_id="b")
    live.steps.run()
    assert live.brief("b").state == "waiting"
    assert list(held_up(live)) == [paused]
    assert paused == "working" or body["error"] in held_up(live)[paused]
    # A minute of the API's is 300 ms here: on a slow machine it has been granted once more by now.
    permits = live.client.zcard(keys.PERMITS("default"))
    assert permits == int(live.brief("b").fields["grants"]) - 1 or permits == 0
    assert live.finish("b").state == "done"
    assert [call for call in live.calls("b") if "create" in call].count("create intended") == 2
    assert charged(live) == {"drafts": 10, "promotion": 50}


@pytest.mark.parametrize(
    ("status", "asked", "paused"), [(429, "40", 40_000), (503, "40", 40_000), (503, "0", 300)]
)
def test_a_retry_after_is_kept_and_outages_asked_no_sooner(
    flow: Flow, status: int, asked: str, paused: int
) -> None:
    # A minute of the API's is 300 ms here.
    flow.api.refuse(CREATE, status, THROTTLED["rate"], headers={"Retry-After": asked})
    flow.accept(brief_id="b")
    flow.steps.run()
    until = int(flow.client.hget(keys.RECORD("account:default"), "create_until") or 0)
    moved = flow.brief("b").read_at - flow.brief("b").age_ms
    assert abs(until - moved - paused) < 50


def test_while_creation_is_paused_nothing_is_sent_and_then_all_go_on(live: Flow) -> None:
    live.api.set(identity_creation_enabled=False)
    live.accept(brief_id="a")
    live.steps.run()
    live.accept(brief_id="b")
    assert live.brief("b").attempt == 0
    live.api.set(identity_creation_enabled=True)
    assert live.finish("a").state == live.finish("b").state == "done"


@pytest.mark.parametrize("status", [500, 502, 418])
def test_a_create_that_may_have_arrived_is_not_sent_again(flow: Flow, status: int) -> None:
    flow.api.refuse(CREATE, status)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    assert_held_in_the_end(flow)


@pytest.mark.parametrize("kind", ["drop_response", "refuse", "garbage"])
def test_a_create_whose_answer_was_lost_is_not_sent_again(flow: Flow, kind: str) -> None:
    flow.api.fault(kind, path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    assert_held_in_the_end(flow)


def test_a_create_whose_worker_died_unrecorded_is_not_sent_again(flow: Flow) -> None:
    flow.accept(brief_id="b")
    brief = flow.brief("b")
    flow.ledger.apply(brief, Transition("submitting", journal=journal_entries.intended("create", brief, {})))
    flow.steps.run()
    assert flow.brief("b").state == "submitting", "whoever began it may still be about to record it"
    flow.grow_older("brief:b", 60)
    flow.steps.run()
    assert flow.brief("b").state == "uncertain"
    assert_held_in_the_end(flow)
    assert flow.api.requests(POST_CREATE) == 0


def assert_held_in_the_end(flow: Flow) -> None:
    """Nobody knows, so a person is asked; the slots stay reserved, the job permit does not."""
    sent = flow.api.requests(POST_CREATE)
    flow.grow_older("brief:b", 60)
    flow.steps.until(lambda: flow.brief("b").state == "held")
    assert flow.brief("b").get("question")
    assert event_types(flow.client)[-1] == "identity.brief.held"
    assert flow.client.zcard(keys.PERMITS("default")) == 0
    assert slots(flow) == (1, 0)
    assert flow.api.requests(POST_CREATE) == sent


def test_a_create_that_never_left_is_sent_again_and_does_not_count(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIKTID_API_URL", "http://127.0.0.1:9")  # the discard port, where nobody listens
    process_settings.cache_clear()
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "waiting"
    assert flow.calls("b") == ["create intended", "create NotSent"]
    assert flow.client.zcard(keys.WINDOW("default", "create")) == 0
    assert list(flow.pauses()) == ["pause"]


# --- the job -----------------------------------------------------------------------------------------------


def test_a_job_without_a_finished_draft_fails_and_frees_all(live: Flow) -> None:
    live.api.set(draft_failure_rate=1)
    brief = live.finish(live.accept())
    assert brief.state == "failed"
    assert "without a finished draft" in str(brief.get("error"))
    assert slots(live) == (0, 0)
    assert live.client.zcard(keys.PERMITS("default")) == 0


def results(flow: Flow, *states: str, **top: Any) -> dict[str, Any]:
    """An answer of the job's results with its drafts in these states."""
    rows = zip(draft_ids(flow), states, strict=True)
    return {**top, "results": [{"image_result_id": id_, "image_index": 0, "status": s} for id_, s in rows]}


@pytest.mark.parametrize("status", ["failed", "aborted"])
def test_the_finished_drafts_of_a_failed_job_are_used(live: Flow, status: str) -> None:
    live.accept(brief_id="b")
    live.steps.run()
    live.api.rest()
    live.api.refuse(RESULTS, 200, results(live, "failed", "completed", status=status), count=2)
    assert live.finish("b").state == "done"
    assert promoted(live) == [draft_ids(live)[1]]


@pytest.mark.parametrize("status", ["failed", "aborted"])
def test_a_brief_whose_job_ended_before_any_draft_has_failed(live: Flow, status: str) -> None:
    live.accept(brief_id="b")
    live.steps.run()
    live.api.rest()
    live.api.refuse(RESULTS, 200, results(live, "failed", "aborted", status=status), count=2)
    assert live.finish("b").state == "failed"
    assert f"ended as {status}" in str(live.brief("b").get("error"))
    assert promoted(live) == []
    assert slots(live) == (0, 0)


def test_charged_but_useless_drafts_are_spent_from_the_batchs_budget_once(
    flow: Flow,
) -> None:
    flow.api.lose_events()
    flow.accept(brief_id="b", batch="x")
    flow.steps.run()
    flow.api.rest()
    flow.api.refuse(
        RESULTS, 200, results(flow, "failed", "failed", status="failed", credits_used=30), count=2
    )

    def spent() -> tuple[object, ...]:
        learned = flow.client.hmget(keys.RECORD("account:default"), "drafts_credits", "drafts_made")
        return flow.client.hget(keys.BUDGET("x"), "spent"), *learned

    flow.wake_timer("brief:b")
    assert flow.finish("b").state == "failed"
    assert spent() == ("30", "30", "2")
    Operator(flow.client, flow.settings, "test").retry(
        flow.brief("b"), take_apart(snapshots.journal(flow.client, "b"))
    )
    flow.wake_timer("brief:b")
    assert flow.until("b", "failed").get("credits_used") == "30"
    assert spent() == ("30", "30", "2")


def test_results_without_the_jobs_status_are_read_with_it(live: Flow) -> None:
    live.accept(brief_id="b")
    live.steps.run()
    live.api.rest()
    live.api.refuse(RESULTS, 200, results(live, "completed", "completed"), count=2)
    assert live.finish("b").state == "done"
    assert live.api.requests("GET /jobs/{job_id}/status") > 0


def test_results_of_a_job_that_still_runs_are_not_chosen_from(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.api.refuse(RESULTS, 200, results(flow, "completed", "processing", status="processing"))
    flow.wake_timer("brief:b")
    flow.steps.run()
    assert flow.brief("b").state == "generating"


def test_a_job_not_known_yet_is_waited_for_some_minutes(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.refuse(RESULTS, 404, count=2)
    flow.wake_timer("brief:b")
    flow.steps.run()
    assert flow.brief("b").state == "generating"
    flow.grow_older("brief:b", 5)  # 1,000 s at the speed of the tests
    flow.steps.run()
    assert flow.brief("b").state == "failed"
    assert "does not know its job" in str(flow.brief("b").get("error"))


def test_a_job_unknown_at_one_look_only_has_not_failed(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.grow_older("brief:b", 5)  # 1,000 s at the speed of the tests
    flow.api.refuse(RESULTS, 404)
    flow.steps.run()
    assert flow.brief("b").state == "generating"
    flow.api.refuse(RESULTS, 200, results(flow, "processing", "processing", status="processing"))
    flow.wake_timer("brief:b")
    flow.steps.run()
    flow.grow_older("brief:b", 5)
    flow.api.refuse(RESULTS, 404)
    flow.steps.run()
    assert flow.brief("b").state == "generating", "it was known in between"
    flow.api.rest()
    flow.wake_timer("brief:b")
    flow.steps.run()
    assert flow.brief("b").state == "promoting"


def test_a_job_that_cannot_be_read_just_now_is_read_later(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.api.refuse(RESULTS, 500)
    for state in ("generating", "promoting"):
        flow.wake_timer("brief:b")
        flow.steps.run()
        assert flow.brief("b").state == state


# --- choosing ----------------------------------------------------------------------------------------------


def test_each_instruction_yields_one_identity(live: Flow) -> None:
    faces = [{"prompt": f"face {number}", "num_variations": 2} for number in range(3)]
    brief_id = live.accept(instructions=faces)
    assert live.finish(brief_id).state == "done"
    first, second, third = draft_ids(live)[::2]
    assert promoted(live) == [first, second, third]
    ready = [
        event["data"] for event in events(live.client) if event["type"] == "identity.preprocessing.completed"
    ]
    assert sorted(data["instruction"] for data in ready) == [0, 1, 2]
    assert event_types(live.client).count("identity.brief.done") == 1
    names = [identity["name"] for identity in live.api.ledger()["identities"]]
    assert sorted(names) == ["Spring catalog model", "Spring catalog model 2", "Spring catalog model 3"]


def test_all_drafts_become_identities_if_so_chosen(live: Flow) -> None:
    instructions = [{"prompt": "a face", "num_variations": 3}]
    brief_id = live.accept(choose="all", instructions=instructions)
    assert slots(live) == (1, 0)
    assert live.client.hget(keys.SLOTS("default"), f"brief:{brief_id}") == "3"
    assert live.finish(brief_id).state == "done"
    assert sorted(promoted(live)) == draft_ids(live)
    assert slots(live) == (0, 3)


def test_a_manual_choice_waits_for_a_person_and_then_goes_on(live: Flow) -> None:
    live.accept(brief_id="b", choose="manual")
    waiting = live.until("b", "choosing")
    assert event_types(live.client)[-1] == "identity.drafts.ready"
    assert live.client.zscore(keys.TIMERS(), "brief:b") is None, "nothing but the person sets it off"
    assert live.client.zcard(keys.PERMITS("default")) == 0
    second = draft_ids(live)[1]
    picked = choosing.choose(record_fields.rules_of(waiting), record_fields.drafts_of(waiting), [second])
    assert picked is not None
    live.ledger.plan("b", [each.fields() for each in picked])
    assert live.finish("b").state == "done"
    assert promoted(live) == [second]


def test_the_permit_of_a_job_goes_to_its_own_promotion_first(flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.ledger.set_limits("default", {"jobs": "1"}, by="test")
    flow.accept(brief_id="second", priority=100)
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer("brief:first")
    assert flow.steps.run() == ("collect_drafts", "brief:first")
    assert flow.steps.run() == ("promote_draft", "promotion:first#0")
    assert flow.brief("second").attempt == 0


# --- POST /identity/promote-generated ----------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_draft_that_is_refused_is_followed_by_the_next(live: Flow, status: int) -> None:
    live.api.refuse(PROMOTE, status)
    live.accept(brief_id="b")
    assert live.finish("b").state == "done"
    assert promoted(live) == [draft_ids(live)[1]]
    assert charged(live) == {"drafts": 10, "promotion": 50}


def test_a_brief_whose_drafts_are_all_refused_has_failed(live: Flow) -> None:
    live.api.set(wrong_faces_rate=1)
    live.accept(brief_id="b")
    assert live.finish("b").state == "failed"
    assert "one face is needed" in str(live.promotion("b").get("error"))
    assert live.api.requests(POST_PROMOTE) == 2
    assert event_types(live.client)[-2:] == ["identity.promotion.failed", "identity.brief.failed"]
    assert slots(live) == (0, 0)


@pytest.mark.parametrize(
    ("status", "body", "paused"),
    [
        (401, {"error": "Invalid or expired token."}, "pause"),
        (402, NO_CREDITS, "promote"),
        (503, {"error": "Identity creation is not enabled."}, "promote"),
        *throttled("promote"),
    ],
)
def test_a_promotion_refused_for_now_keeps_its_draft_and_slot(
    live: Flow, status: int, body: dict[str, Any], paused: str
) -> None:
    live.api.refuse(PROMOTE, status, body)
    live.accept(brief_id="b")
    live.steps.until(lambda: held_up(live))
    assert live.promotion("b").state == "planned"
    assert list(held_up(live)) == [paused]
    assert paused == "working" or body["error"] in held_up(live)[paused]
    assert slots(live) == (1, 0)
    assert live.finish("b").state == "done"
    assert promoted(live) == draft_ids(live)[:1]


@pytest.mark.parametrize("kind", ["drop_response", "refuse", "garbage"])
def test_a_promotion_whose_answer_was_lost_is_repeated_and_paid_for_once(live: Flow, kind: str) -> None:
    live.api.fault(kind, path=PROMOTE)
    live.accept(brief_id="b")
    live.steps.until(lambda: live.pauses())
    live.end_pauses()
    assert live.finish("b").state == "done"
    arrived = kind != "refuse"
    outcome = "already promoted" if arrived else "accepted"
    assert live.calls("b")[3:] == [
        "promote intended", "promote OutcomeUnknown", "promote intended", f"promote {outcome}"
    ]  # fmt: skip
    assert promoted(live) == draft_ids(live)[:1]
    assert charged(live)["promotion"] == 50
    assert slots(live) == (0, 1)


def test_a_promotion_whose_conflict_is_cut_off_is_repeated(live: Flow) -> None:
    live.api.fault("garbage", path=PROMOTE, form="truncated", count=2)
    live.accept(brief_id="b")
    for _ in range(2):
        live.steps.until(lambda: live.pauses())
        live.end_pauses()
    assert live.finish("b").state == "done"
    lost = ["promote intended", "promote OutcomeUnknown"]
    assert live.calls("b")[3:] == [*lost, *lost, "promote intended", "promote already promoted"]
    assert promoted(live) == draft_ids(live)[:1]
    assert charged(live)["promotion"] == 50


@pytest.mark.parametrize("status", [500, 502])
def test_a_promotion_is_repeated_after_an_error_of_the_server(live: Flow, status: int) -> None:
    live.api.refuse(PROMOTE, status)
    live.accept(brief_id="b")
    live.steps.until(lambda: live.pauses())
    live.end_pauses()
    assert live.finish("b").state == "done"
    assert promoted(live) == draft_ids(live)[:1]


def test_a_promotion_whose_worker_died_is_repeated_and_paid_for_once(live: Flow) -> None:
    live.accept(brief_id="b")
    live.until("b", "promoting")
    promotion = live.promotion("b")
    live.ledger.apply(
        promotion, Transition("promoting", journal=journal_entries.intended("promote", promotion, {}))
    )
    live.steps.run()
    assert live.promotion("b").state == "promoting", "whoever began it may still be about to record it"
    live.grow_older("promotion:b#0", 60)
    assert live.finish("b").state == "done"
    assert charged(live)["promotion"] == 50


def test_a_taken_name_fails_a_promotion_if_its_brief_says_so(live: Flow) -> None:
    for brief_id in ("first", "second"):
        live.accept(brief_id=brief_id, on_name_taken="fail", name="Ada")
        live.finish(brief_id)
    assert (live.brief("first").state, live.brief("second").state) == ("done", "failed")
    assert "already exists" in str(live.promotion("second").get("error"))
    assert [identity["name"] for identity in live.api.ledger()["identities"]] == ["Ada"]


def test_a_name_taken_perhaps_by_ourselves_is_answered_by_retrying(
    live: Flow,
) -> None:
    live.api.fault("drop_response", path=PROMOTE)
    live.accept(brief_id="b", on_name_taken="fail", name="Ada")
    live.steps.until(lambda: live.pauses())
    live.api.refuse(PROMOTE, 409, {"error": "An identity named 'Ada' already exists."})
    live.end_pauses()
    question = live.until("b", "held").fields["question"]
    assert "its name is taken" in question
    assert live.client.zrange(keys.PERMITS("default"), 0, -1) == ["promotion:b#0"], "its job may still run"
    journal = take_apart(snapshots.journal(live.client, "b"))
    assert Operator(live.client, live.settings, "a person").retry(live.brief("b"), journal) == "planned"
    assert live.finish("b").state == "done"
    assert [identity["name"] for identity in live.api.ledger()["identities"]] == ["Ada"]
    assert charged(live)["promotion"] == 50


def test_a_taken_name_gets_a_number_otherwise(live: Flow) -> None:
    for brief_id in ("first", "second"):
        live.accept(brief_id=brief_id, name="Ada")
        assert live.finish(brief_id).state == "done"
    assert [identity["name"] for identity in live.api.ledger()["identities"]] == ["Ada", "Ada 2"]


# --- preprocessing -----------------------------------------------------------------------------------------


def test_a_failed_preprocessing_is_tried_once_more_with_the_same_draft(live: Flow) -> None:
    live.api.set(preprocessing_failure_rate=1)
    live.accept(brief_id="b")
    live.steps.until(lambda: live.api.requests(POST_PROMOTE))
    live.api.set(preprocessing_failure_rate=0)
    assert live.finish("b").state == "done"
    first = draft_ids(live)[0]
    assert promoted(live) == [first, first]
    assert slots(live) == (0, 1)


def test_an_identity_hidden_by_the_api_has_failed_after_two_looks(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer("brief:b")
    flow.steps.until(
        lambda: flow.ledger.read("promotion:b#0") and flow.promotion("b").state == "preprocessing"
    )
    # Each look is two requests. 5 s are 1,000 s at the speed of the tests.
    flow.grow_older("promotion:b#0", 5)
    flow.api.refuse("/identity/*", 404, count=2)
    flow.steps.run()
    assert flow.promotion("b").state == "preprocessing"
    flow.api.refuse("/identity/*", 200, {"status": "processing"})
    flow.wake_timer("promotion:b#0")
    flow.steps.run()
    flow.grow_older("promotion:b#0", 5)
    flow.api.refuse("/identity/*", 404, count=4)
    flow.steps.run()
    assert flow.promotion("b").state == "preprocessing", "it was known in between"
    flow.grow_older("promotion:b#0", 5)
    flow.steps.run()
    assert (flow.promotion("b").state, flow.promotion("b").get("repeated")) == ("planned", "1")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    flow.api.refuse("/identity/*", 404, count=2)
    flow.wake_timer("promotion:b#0")
    flow.steps.run()
    assert flow.promotion("b").state == "preprocessing", "what was not found before was another identity"


# --- what is not sent, what is missed, who dies ------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        (
            {"instructions": [{"prompt": " ", "num_variations": 9}], "options": {"format": "gif"}},
            {"instructions[0].num_variations", "options.format"},
        ),
        ({"account": "unknown"}, {"account"}),
        ({"colour": "red", "priority": 1000}, {"colour", "priority"}),
    ],
)
def test_a_bad_brief_fails_with_all_faults_in_one_event(
    flow: Flow, fields: dict[str, Any], paths: set[str]
) -> None:
    before = flow.api.ledger()["requests"]
    flow.accept(brief_id="b", **fields)
    brief = flow.brief("b")
    assert brief.state == "failed"
    assert paths <= {fault["path"] for fault in brief.json("faults")}
    (event,) = events(flow.client)
    assert event["type"] == "identity.brief.failed"
    assert event["data"]["faults"] == brief.json("faults")
    assert flow.client.llen(keys.QUEUE(keys.STEPS)) == 0
    assert flow.api.ledger()["requests"] == before


def test_a_brief_needing_more_slots_than_there_are_fails_at_once(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    accounts = tmp_path / "accounts.toml"
    accounts.write_text('[accounts.default]\ntoken_env = "PIKTID_API_TOKEN"\nslots = 3\n')
    monkeypatch.setenv("ACCOUNTS_FILE", str(accounts))
    process_settings.cache_clear()
    instructions = [{"prompt": "a face", "num_variations": 4}]
    flow.accept(brief_id="b", choose="all", instructions=instructions)
    assert flow.brief("b").state == "failed"
    assert [fault["path"] for fault in flow.brief("b").json("faults")] == ["choose"]


def test_missed_events_are_made_up_for_by_timers(live: Flow) -> None:
    live.api.lose_events()
    live.accept(brief_id="b")
    assert live.finish("b").state == "done"
    assert live.client.zcard(keys.HANDLED("default")) == live.api.requests(DELETE) == 0, "no event helped"


def test_events_that_come_twice_change_nothing(live: Flow) -> None:
    live.api.double_events()
    live.accept(brief_id="b")
    assert live.finish("b").state == "done"
    assert event_types(live.client) == [
        "identity.brief.accepted",
        "identity.drafts.ready",
        "identity.promoted",
        "identity.preprocessing.completed",
        "identity.brief.done",
    ]
    assert charged(live) == {"drafts": 10, "promotion": 50}


def test_twenty_briefs_keep_every_cap_and_are_paid_for_once(live: Flow) -> None:
    brief_ids = [
        live.accept(instructions=[{"prompt": f"face {number}", "num_variations": 1}]) for number in range(20)
    ]
    for brief_id in brief_ids:
        assert live.finish(brief_id).state == "done"
    seen = live.api.ledger()
    assert seen["requests"][POST_CREATE] == {"202": 20}
    assert seen["requests"][POST_PROMOTE] == {"201": 20}
    assert set(seen["violations"].values()) == {0}
    assert seen["max_jobs_in_flight"] <= 5
    assert charged(live) == {"drafts": 100, "promotion": 1000}


def test_a_killed_listeners_account_is_followed_by_another_within_ten_seconds(
    flow: Flow, redis_url: str, worker_process: ProcessFactory, listener_process: ProcessFactory
) -> None:
    def holder() -> Any:
        return flow.client.get(keys.LEASE("default"))

    def followed() -> bool:
        # By webhook, to follow an account is to delete what was handled.
        streams = 1 if EVENTS == "sse" else 0
        return holder() is not None and bool(flow.api.ledger()["open_streams"] == streams)

    first = listener_process()
    assert eventually(flow.client, followed)
    before = holder()
    listener_process()
    worker_process()
    flow.api.set(backfill_seconds=100_000, drafts_median_seconds=400)
    enqueue(redis_url, brief_id="b")
    assert eventually(flow.client, lambda: flow.api.ledger()["jobs_in_flight"] == 1)
    first.kill()
    assert eventually(flow.client, lambda: holder() not in (None, before) and followed(), deadline=10)
    assert eventually(flow.client, lambda: flow.brief("b").state == "done")
    assert eventually(flow.client, lambda: not flow.api.ledger()["pending_notifications"])
