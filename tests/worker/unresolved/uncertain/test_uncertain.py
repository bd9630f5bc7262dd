"""A create whose outcome is unknown: its job is adopted, or it is sent again, and never paid for twice."""

import pytest
import redis
from own_account import CREATE, Api
from processes import ProcessFactory
from stepping import Flow, enqueue
from support import eventually
from uncertain_creates import grow_over, held, jobs_made, told_before, unknown

from config import durations, keys
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.store.functions import Functions
from worker.unresolved.observations import read_evidence
from worker.unresolved.streams import read_stream
from worker.views import snapshots

pytestmark = [pytest.mark.channel, pytest.mark.impatient]

ACCOUNT = "default"
POST_CREATE = f"POST {CREATE}"


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


def test_of_several_creates_each_gets_the_job_with_its_drafts(followed: Flow) -> None:
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


def test_a_job_that_no_event_tells_of_is_found_in_the_list(followed: Flow) -> None:
    told_before(followed)
    followed.api.fault("lose", count=None, stored=False)
    unknown(followed, "drop_response")
    made = jobs_made(followed)[1:]
    grow_over(followed)
    followed.until("b", "held", "generating")
    assert jobs_made(followed)[1:] == made, "nothing is sent again"
    assert followed.api.requests(POST_CREATE) == 2


def test_nothing_is_sent_again_before_the_list_was_read(followed: Flow) -> None:
    told_before(followed)
    unknown(followed, "refuse")
    followed.api.refuse("/gallery/by-job", 503, count=1)
    grow_over(followed)
    followed.steps.until(lambda: followed.api.requests("GET /gallery/by-job"))
    assert (followed.brief("b").state, followed.api.requests(POST_CREATE)) == ("uncertain", 2)
    followed.wake_timer("brief:b")
    assert followed.finish("b").state == "done"
    assert followed.api.requests(POST_CREATE) == 3


def test_a_job_that_was_made_late_is_nobodys_for_certain(
    followed: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_before(followed)
    # It is heard of at its end, which must come after the next create has begun, on a busy machine as well.
    followed.api.set(drafts_median_seconds=600)
    monkeypatch.setattr(durations, "API_CLOCK_ERROR_MS", 2_000)
    followed.api.fault("linger", path=CREATE, seconds=3.5)
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
        assert "1 job may be its own" in held(followed, name)
        assert followed.brief(name).get("job_id") is None
    assert followed.api.requests(POST_CREATE) == 3, "and nothing is sent again"


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
    api.hold(CREATE, when="after")
    enqueue(redis_url, brief_id="b")
    assert eventually(client, lambda: len(api.ledger()["jobs"]) == 3)
    worker.kill()
    # As if it had been long ago: nobody can be about to record it any more.
    client.hincrby(keys.RECORD("brief:b"), "moved_at", -3_600_000)
    worker_process(**slowly)
    assert eventually(client, lambda: state(ledger, "b") == "uncertain")
    client.hincrby(keys.RECORD("brief:b"), "moved_at", -3_600_000)
    assert eventually(client, lambda: state(ledger, "b") == "done")
    journal = [f"{each['call']} {each['what']}" for each in snapshots.journal(client, "b")]
    assert journal[:3] == ["create intended", "create unknown", "create adopted"]
    assert api.ledger()["credits"]["charged"] == {"drafts": 20, "promotion": 100}


def state(ledger: Ledger, brief_id: str) -> str | None:
    """The state of a brief, None when it is not on record."""
    found = ledger.read(f"brief:{brief_id}")
    return found.state if found else None


def test_jobs_the_api_does_not_tell_of_delay_no_decision(flow: Flow, functions: Functions) -> None:
    unknown(flow, "drop_response")
    unclaimed = 60
    for number in range(unclaimed):
        functions.run(commands.wake(account=ACCOUNT, event=f"e{number}", job=f"job_gone{number}"))
    grow_over(flow)
    # Asking about all of them takes longer than what is known of one counts as fresh.
    flow.steps.until(lambda: flow.brief("b").state == "held")
    assert flow.api.requests("GET /jobs/{job_id}/status") <= 2 * unclaimed
