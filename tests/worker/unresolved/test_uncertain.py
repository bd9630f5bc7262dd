"""A create whose outcome is unknown: adopted, sent again, or held, and never paid for twice."""

import json
from typing import Any

import httpx
import pytest
import redis
from own_account import CREATE, Api
from processes import ProcessFactory
from stepping import Flow, enqueue, listening
from support import DEADLINE, eventually

from config import durations, keys
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Answer, Completion, Transition
from worker.store.functions import Functions
from worker.unresolved.observations import read_evidence
from worker.unresolved.streams import read_stream
from worker.views import snapshots

pytestmark = pytest.mark.channel

ACCOUNT = "default"
POST_CREATE = f"POST {CREATE}"
DRAFTS = [{"appearance": {"gender": "female"}, "num_variations": 2}]
#: Seconds after which a job is over for certain, at the speed of these tests.
OVER = 60.0


def unknown(flow: Flow, kind: str, brief_id: str = "b", **fields: Any) -> None:
    """Take a brief to where its create's answer was lost (`drop_response`), or the request (`refuse`)."""
    flow.api.fault(kind, path=CREATE)
    flow.accept(brief_id=brief_id, **fields)
    flow.steps.until(lambda: flow.brief(brief_id).state == "uncertain")


def jobs_made(flow: Flow) -> list[str]:
    """The ids of the account's creation jobs, in the order of their making."""
    return [job["job_id"] for job in flow.api.ledger()["jobs"] if job["job_type"] == "identity_creation"]


def make_by_hand(api: Api, **body: Any) -> str:
    """Let somebody else create on the account; return the job's id."""
    headers = {"Authorization": f"Bearer {api.token}"}
    answer = httpx.post(api.url + CREATE, headers=headers, json={"instructions": DRAFTS, **body})
    return str(answer.json()["job_id"])


def told_before(flow: Flow) -> None:
    """Let the stream have told of a creation job of ours, as it has on any account in use."""
    flow.accept(brief_id="first")
    flow.finish("first")
    eventually(flow.client, lambda: read_stream(flow.client, ACCOUNT).told_at)


def grow_over(flow: Flow, brief_id: str = "b") -> None:
    """Let the time be over in which the create's job must have ended."""
    flow.grow_older(f"brief:{brief_id}", OVER)


@pytest.fixture
def environment(environment: dict[str, str], api: Api) -> dict[str, str]:
    """Return the environment of a worker that is slow enough for replays to overlap on a busy machine."""
    api.set(backfill_seconds=100_000)
    return environment | {"IDENTITY_WORKER_SPEED": "50"}


@pytest.fixture
def followed(heard: Flow) -> Flow:
    """Return the flow with a listener that is in step with the account's stream."""
    eventually(heard.client, lambda: read_stream(heard.client, ACCOUNT).replayed_at)
    return heard


# --- adopted -----------------------------------------------------------------------------------------------


def test_a_create_whose_answer_was_lost_goes_on_with_its_job(followed: Flow) -> None:
    unknown(followed, "drop_response")
    assert followed.finish("b").state == "done"
    assert followed.calls("b")[:3] == ["create intended", "create OutcomeUnknown", "create adopted"]
    assert [followed.brief("b").get("job_id")] == jobs_made(followed)
    assert followed.brief("b").get("error") is None, "what is mended is no error of its any more"
    assert followed.api.ledger()["credits"]["charged"] == {"drafts": 10, "promotion": 50}
    assert eventually(followed.client, lambda: not followed.api.ledger()["pending_notifications"])
    for left in (keys.UNRESOLVED, keys.UNCLAIMED, keys.JOB_SNAPSHOTS):
        assert not followed.client.exists(left(ACCOUNT))


def test_jobs_of_other_products_are_never_adopted(followed: Flow) -> None:
    followed.api.set(drafts_median_seconds=100)
    unknown(followed, "drop_response")
    followed.api.start_other_jobs(4)
    assert followed.finish("b").state == "done"
    assert [followed.brief("b").get("job_id")] == jobs_made(followed)
    assert followed.api.ledger()["violations"]["foreign_notifications_deleted"] == 0


def test_of_several_each_gets_the_job_with_its_drafts(followed: Flow) -> None:
    followed.api.set(drafts_median_seconds=100)
    for number in (1, 2, 3):
        unknown(
            followed, "drop_response", f"b{number}", instructions=[{"prompt": "a", "num_variations": number}]
        )
    for number in (1, 2, 3):
        followed.finish(f"b{number}")
    made = jobs_made(followed)
    assert [followed.brief(f"b{number}").get("job_id") for number in (1, 2, 3)] == made


def test_equal_briefs_get_a_job_each(followed: Flow) -> None:
    followed.api.set(drafts_median_seconds=100)
    for name in ("b", "c"):
        unknown(followed, "drop_response", name)
    assert followed.finish("b").state == followed.finish("c").state == "done"
    assert sorted(str(followed.brief(name).get("job_id")) for name in ("b", "c")) == sorted(
        jobs_made(followed)
    )


@pytest.mark.parametrize("form", ["truncated", "html"])
def test_an_unreadable_answer_is_made_up_for_by_the_job(followed: Flow, form: str) -> None:
    followed.api.fault("garbage", path=CREATE, form=form)
    followed.accept(brief_id="b")
    assert followed.finish("b").state == "done"
    assert len(jobs_made(followed)) == followed.api.requests(POST_CREATE) == 1


# --- sent again --------------------------------------------------------------------------------------------


def test_a_create_that_never_arrived_is_sent_again_and_keeps_its_place(followed: Flow) -> None:
    told_before(followed)
    unknown(followed, "refuse")
    place = followed.brief("b").get("place")
    assert followed.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == ["brief:b"], (
        "its permit is kept until then"
    )
    grow_over(followed)
    assert followed.finish("b").state == "done"
    journal = followed.calls("b")
    assert journal[1:5] == [
        "create OutcomeUnknown",
        "create not arrived",
        "create intended",
        "create accepted",
    ]
    assert followed.brief("b").get("place") == place
    assert (followed.brief("b").attempt, followed.api.requests(POST_CREATE), len(jobs_made(followed))) == (
        2,
        3,
        2,
    )


def test_the_stream_is_opened_again_for_its_replay_while_one_is_uncertain(followed: Flow) -> None:
    eventually(followed.client, lambda: read_stream(followed.client, ACCOUNT).replayed_at)
    before = followed.api.requests("GET /notifications/events")
    unknown(followed, "refuse")
    assert eventually(followed.client, lambda: followed.api.requests("GET /notifications/events") > before)


def test_an_event_kept_but_never_sent_is_found_by_replay(followed: Flow) -> None:
    told_before(followed)
    followed.api.fault("lose", count=None)
    unknown(followed, "drop_response")
    made = jobs_made(followed)[1:]
    assert followed.finish("b").state == "done"
    assert [followed.brief("b").get("job_id")] == made == jobs_made(followed)[1:]


# --- held --------------------------------------------------------------------------------------------------


def held(flow: Flow, brief_id: str = "b") -> str:
    """Wait until a brief is held; return its question."""
    return flow.until(brief_id, "held").fields["question"]


def test_on_a_stream_silent_about_our_jobs_nothing_is_sent_again(followed: Flow) -> None:
    unknown(followed, "refuse")
    grow_over(followed)
    assert "without a gap" in held(followed)
    assert followed.api.requests(POST_CREATE) == 1
    assert followed.client.zcard(keys.PERMITS(ACCOUNT)) == 0
    assert followed.client.hlen(keys.SLOTS(ACCOUNT)) == 1


def test_a_gap_in_the_stream_forbids_to_send_again(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        told_before(flow)
    unknown(flow, "refuse")
    flow.client.hset(keys.STREAM(ACCOUNT), "replayed_since", flow.ledger.now() + 1)
    grow_over(flow)
    assert "without a gap" in held(flow)


def test_a_job_that_somebody_made_by_hand_meanwhile_is_a_question(followed: Flow) -> None:
    told_before(followed)
    followed.api.set(drafts_median_seconds=100)
    unknown(followed, "drop_response")
    by_hand = make_by_hand(followed.api)
    followed.api.rest()
    eventually(followed.client, lambda: followed.client.zcard(keys.UNCLAIMED(ACCOUNT)) == 2)
    grow_over(followed)
    question = held(followed)
    assert "2 jobs" in question
    candidates = followed.brief("b").json("candidate_jobs")
    assert {each["job_id"] for each in candidates} == {*jobs_made(followed)[1:]} >= {by_hand}
    assert followed.api.requests(POST_CREATE) == 3


def test_different_briefs_of_as_many_drafts_are_not_guessed_between(followed: Flow) -> None:
    followed.api.set(drafts_median_seconds=100)
    for name in ("b", "c"):
        unknown(followed, "drop_response", name, instructions=[{"prompt": name, "num_variations": 2}])
    followed.api.rest()
    eventually(followed.client, lambda: followed.client.zcard(keys.UNCLAIMED(ACCOUNT)) == 2)
    for name in ("b", "c"):
        grow_over(followed, name)
    assert "2 jobs" in held(followed, "b")
    assert "2 jobs" in held(followed, "c")


def test_a_job_that_was_made_late_is_nobodys_for_certain(
    followed: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_before(followed)
    followed.api.set(drafts_median_seconds=100)
    monkeypatch.setattr(durations, "API_CLOCK_ERROR_MS", 500)
    followed.api.fault("linger", path=CREATE, seconds=1.5)
    followed.accept(brief_id="b")
    followed.steps.until(lambda: followed.brief("b").state == "uncertain")
    assert eventually(followed.client, lambda: len(jobs_made(followed)) == 2)
    # Its create never arrives; by the time of its call the job could be its own.
    unknown(followed, "refuse", "c", instructions=[{"prompt": "Another.", "num_variations": 2}])
    followed.api.rest()
    followed.steps.until(
        lambda: [job.is_over for job in read_evidence(followed.client, ACCOUNT, 1, 1).jobs] == [True]
    )
    followed.wake_timer("brief:c")
    while followed.client.llen(keys.QUEUE(keys.STEPS)):
        followed.steps.run()
    for name in ("c", "b"):
        assert followed.brief(name).state == "uncertain"
        grow_over(followed, name)
        assert "1 jobs may be its own" in held(followed, name)
        assert followed.brief(name).get("job_id") is None
    assert followed.api.requests(POST_CREATE) == 3, "and nothing is sent again"


# --- one call decides --------------------------------------------------------------------------------------


def uncertain(flow: Flow, brief_id: str = "b") -> Any:
    """Take a brief to where its create is unknown, with nobody listening; return what its step reads."""
    unknown(flow, "drop_response", brief_id)
    return flow.brief(brief_id)


def adopt(flow: Flow, record: Any, job: str, **more: Any) -> Answer:
    """Adopt a job as the step does."""
    return flow.ledger.apply(
        record, Transition("generating", fields={"job_id": job}, jobs=[job], unowned=True, timer_ms=1, **more)
    )


def test_a_job_is_adopted_by_one_brief_only(flow: Flow) -> None:
    first, second = uncertain(flow, "b"), uncertain(flow, "c")
    assert adopt(flow, first, "j") is Answer.APPLIED
    assert adopt(flow, second, "j") is Answer.CONFLICT
    assert (flow.brief("c").state, flow.brief("c").get("job_id")) == ("uncertain", None)
    assert flow.client.get(keys.JOB(ACCOUNT, "j")) == "brief:b"


def test_what_was_decided_before_something_else_was_seen_is_not_done(flow: Flow) -> None:
    record = uncertain(flow)
    before = read_evidence(flow.client, ACCOUNT, 1, 1).stream.sightings
    flow.functions.run(commands.wake(account=ACCOUNT, event="1", job="j"))
    assert adopt(flow, record, "j", observed=before) is Answer.CONFLICT
    assert flow.ledger.apply(record, Transition("waiting", observed=before)) is Answer.CONFLICT
    now = read_evidence(flow.client, ACCOUNT, 1, 1).stream.sightings
    assert adopt(flow, record, "j", observed=now) is Answer.APPLIED


def test_a_replayed_event_is_nothing_new_and_facts_are(flow: Flow) -> None:
    uncertain(flow)

    def seen() -> int:
        return read_evidence(flow.client, ACCOUNT, 1, 1).stream.sightings

    for event, times in (("1", 1), ("1", 1), ("2", 2)):
        flow.functions.run(commands.wake(account=ACCOUNT, event=event, job="j"))
        assert seen() == times
    assert flow.ledger.observe_job(ACCOUNT, "j", json.dumps({"asked_at": 1}))
    assert seen() == 3
    assert not flow.ledger.observe_job(ACCOUNT, "k", "{}")


def test_one_that_was_held_or_sent_again_meanwhile_is_not_moved(flow: Flow) -> None:
    record = uncertain(flow)
    same_stay = {"moved_at": record.fields["moved_at"]}
    flow.client.hincrby(keys.RECORD("brief:b"), "moved_at", 1)  # as after any other move
    assert adopt(flow, record, "j", when=same_stay) is Answer.CONFLICT
    assert flow.ledger.apply(record, Transition("waiting", when=same_stay)) is Answer.CONFLICT


def test_what_is_nobodys_is_remembered_for_an_hour(functions: Functions, client: "redis.Redis") -> None:
    hour = 3_600_000
    functions.run(commands.wake(account=ACCOUNT, event="1", job="old"), 1_000)
    functions.run(commands.observe(account=ACCOUNT, job="old", snapshot="{}"), 1_000)
    functions.run(commands.wake(account=ACCOUNT, event="2", job="new"), 1_000 + hour - 1)
    assert client.zrange(keys.UNCLAIMED(ACCOUNT), 0, -1) == ["old", "new"]
    functions.run(commands.wake(account=ACCOUNT, event="3", job="newest"), 1_000 + hour)
    assert client.zrange(keys.UNCLAIMED(ACCOUNT), 0, -1) == ["new", "newest"]
    assert client.hlen(keys.JOB_SNAPSHOTS(ACCOUNT)) == 0


def unclear(flow: Flow) -> list[str]:
    """The attempts of creates whose outcome is not on record."""
    return [str(each) for each in flow.client.zrange(keys.UNRESOLVED(ACCOUNT), 0, -1)]


def test_an_attempt_may_own_a_job_until_its_outcome_is_known(flow: Flow) -> None:
    record = uncertain(flow)
    assert unclear(flow) == ["brief:b/1"]
    assert flow.ledger.apply(record, Transition("held")) is Answer.APPLIED
    assert unclear(flow) == ["brief:b/1"]
    assert flow.ledger.apply(record, Transition("failed")) is Answer.APPLIED
    assert unclear(flow) == ["brief:b/1"]


@pytest.mark.parametrize(
    ("to", "known", "owners"),
    [
        ("generating", {}, []),
        ("waiting", {"observed": 0}, []),
        ("waiting", {"completion": Completion.COUNTED}, []),
        ("waiting", {}, ["brief:b/1"]),  # an operator wants it so
    ],
)
def test_an_attempt_whose_outcome_is_known_owns_no_other_job(
    flow: Flow, to: str, known: dict[str, Any], owners: list[str]
) -> None:
    record = uncertain(flow)
    assert flow.ledger.apply(record, Transition(to, **known)) is Answer.APPLIED
    assert unclear(flow) == owners


@pytest.mark.parametrize("status", [202, 400, 429])
def test_a_create_that_was_answered_is_clear(flow: Flow, status: int) -> None:
    if status != 202:
        flow.api.refuse(CREATE, status)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state != "uncertain"
    assert unclear(flow) == []


# --- in real processes -------------------------------------------------------------------------------------


def test_a_worker_killed_before_recording_its_create_costs_no_second(
    redis_url: str,
    client: "redis.Redis",
    ledger: Ledger,
    api: Api,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    # So slowly that a replay reaches back to before the kill; the sandbox's clock is left alone.
    slowly = {"IDENTITY_WORKER_SPEED": "20"}
    api.set(backfill_seconds=100_000)
    listener_process(**slowly)
    assert eventually(client, lambda: read_stream(client, ACCOUNT).replayed_at)
    # So patient that it still waits for the answer at the kill, however late that comes.
    worker = worker_process(IDENTITY_WORKER_REQUEST_TIMEOUT="60", **slowly)
    enqueue(redis_url, brief_id="first")
    assert eventually(client, lambda: state(ledger, "first") == "done")
    api.fault("delay", path=CREATE, seconds=60, when="after")
    enqueue(redis_url, brief_id="b")
    assert eventually(client, lambda: len(api.ledger()["jobs"]) == 3)
    worker.kill()
    # As if it had been long ago: nobody can be about to record it any more.
    client.hincrby(keys.RECORD("brief:b"), "moved_at", -3_600_000)
    worker_process(**slowly)
    assert eventually(client, lambda: state(ledger, "b") == "uncertain", 2 * DEADLINE)
    client.hincrby(keys.RECORD("brief:b"), "moved_at", -3_600_000)
    assert eventually(client, lambda: state(ledger, "b") == "done", 3 * DEADLINE)
    journal = [f"{each['call']} {each['what']}" for each in snapshots.journal(client, "b")]
    assert journal[:3] == ["create intended", "create unknown", "create adopted"]
    assert api.ledger()["credits"]["charged"] == {"drafts": 20, "promotion": 100}


def state(ledger: Ledger, brief_id: str) -> str | None:
    """The state of a brief, None when it is not on record."""
    found = ledger.read(f"brief:{brief_id}")
    return found.state if found else None


def test_jobs_the_api_does_not_tell_of_delay_no_decision(flow: Flow, functions: Functions) -> None:
    unknown(flow, "drop_response")
    strangers = 60
    for number in range(strangers):
        functions.run(commands.wake(account=ACCOUNT, event=f"e{number}", job=f"job_gone{number}"))
    grow_over(flow)
    # Asking about all of them takes longer than what is known of one counts as fresh.
    flow.steps.until(lambda: flow.brief("b").state == "held")
    assert flow.api.requests("GET /jobs/{job_id}/status") <= 2 * strangers
