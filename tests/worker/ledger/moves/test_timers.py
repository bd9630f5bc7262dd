"""Timers and leases: who is due is woken once, and one holds a lease at a time."""

import redis
from moved_records import generating, steps
from support import everything, stored

from config import durations, keys
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Note
from worker.store.functions import Functions

ACCOUNT = "default"


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


def test_where_no_timer_is_due_only_the_first_is_looked_at(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    def asked() -> int:
        return int(client.info("stats")["total_commands_processed"])

    generating(ledger)
    steps(client)
    due = int(client.zscore(keys.TIMERS(), "brief:b") or 0)
    functions.run(commands.due(most=10), due - 1)  # should the library have to be loaded
    before = asked()
    assert functions.run(commands.due(most=10), due - 1) == 1
    assert asked() - before == 3, "the function, its look at the first timer, and this question"


def test_a_timer_of_nothing_is_removed(client: "redis.Redis", functions: Functions) -> None:
    client.zadd(keys.TIMERS(), {"brief:gone": 1})
    assert functions.run(commands.due(most=10)) == -1
    assert client.zcard(keys.TIMERS()) == 0


def test_an_earlier_timer_raises_the_alarm_once(client: "redis.Redis", ledger: Ledger) -> None:
    generating(ledger)
    # The listeners look by themselves before a timer is due that is further away than that.
    assert client.llen(keys.ALARM()) == 0
    brief = stored(ledger, "brief:b")
    soon = round(durations.TIMERS_IDLE_SECONDS * 500)
    for ms in (soon, soon - 100):
        ledger.note(brief, Note(timer_ms=ms))
        assert client.llen(keys.ALARM()) == 1


def test_a_timer_after_the_first_one_raises_no_alarm(client: "redis.Redis", ledger: Ledger) -> None:
    generating(ledger)
    client.zadd(keys.TIMERS(), {"brief:first": 1})
    ledger.note(stored(ledger, "brief:b"), Note(timer_ms=1))
    assert client.llen(keys.ALARM()) == 0
    client.zrem(keys.TIMERS(), "brief:first")


def test_reading_changes_nothing_and_a_claim_clears_only_the_wake_mark(
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


def test_thousands_that_slept_on_a_pause_have_their_timers_in_one_call(
    client: "redis.Redis", ledger: Ledger
) -> None:
    number = 4_100
    with client.pipeline(transaction=False) as pipe:
        pipe.hset(
            keys.RECORD(f"account:{ACCOUNT}"),
            mapping={"create_until": ledger.now() + 60_000, "create_reason": "busy"},
        )
        for n in range(number):
            pipe.hset(keys.RECORD(f"brief:{n}"), mapping={"state": "preparing", "account": ACCOUNT})
            pipe.zadd(keys.WAITING(ACCOUNT, "prepare"), {f"brief:{n}": n})
        pipe.execute()
    ledger.resume(ACCOUNT, by="test")
    assert client.zcard(keys.TIMERS()) == client.llen(keys.QUEUE(keys.STEPS)) == number
