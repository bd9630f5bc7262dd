"""How long the records of briefs and batches are kept, and what is on record of how long jobs take."""

from typing import Any

import pytest
import redis
from moved_records import accept, generating, preprocessing, steps
from support import stored

from config import keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Answer, Move, Transition
from worker.store.functions import Functions

ACCOUNT = "default"
DAY = 86_400


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
    # Those of one millisecond stand by their names, whichever came first.
    assert set(client.zrange(keys.BATCH("autumn"), 0, -1)) == {"a", "b", "c", "bad", "d"}


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


def test_finished_briefs_are_listed_no_longer_than_they_are_kept(
    client: "redis.Redis", ledger: Ledger, functions: Functions
) -> None:
    accept(ledger, "old")
    ledger.apply(stored(ledger, "brief:old"), Transition("cancelled"))
    accept(ledger, "new")
    later = stored(ledger, "brief:new").read_at + 31 * DAY * 1000
    functions.run(commands.advance("brief:new", Transition("cancelled")), later)
    assert client.zrange(keys.FINISHED(), 0, -1) == ["new"]
