"""An event of the API wakes the step of its job, whether the job is known yet, or over."""

import redis
from moved_records import generating, preprocessing, steps
from support import stored

from config import durations, keys
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Transition
from worker.store.functions import Functions
from worker.unresolved.streams import read_stream

ACCOUNT = "default"


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
