"""The counts and the index of all briefs on record follow every move, and what older versions wrote."""

from collections import Counter
from typing import Any

import pytest
import redis
from stepping import Flow

from config import keys
from worker.ledger import commands
from worker.ledger.transition import Transition
from worker.lifecycle.charges import take_apart
from worker.operations import recounting
from worker.operations.operator import Operator
from worker.operations.updating import Change, update
from worker.views import snapshots
from worker.views.counts import Where, counts


def stands(client: "redis.Redis") -> dict[str, int]:
    """How many briefs of the account stand where, as `state/cause/batch`."""
    found = counts(client)
    assert found.are_whole
    assert {where.account for where in found.of} <= {"default"}
    return {f"{each.state}/{each.cause}/{each.batch}": number for each, number in found.of.items()}


def by_records(client: "redis.Redis") -> Counter[str]:
    """How many records of briefs are in which state of which batch: what the counts must say."""
    found: Any = [client.hgetall(key) for key in client.scan_iter(keys.RECORD("brief:*"))]
    return Counter(f"{fields['state']}/{fields.get('batch', '')}" for fields in found)


def test_each_move_of_a_brief_is_counted_with_it(heard: Flow) -> None:
    heard.accept(brief_id="a", batch="spring: 1")
    heard.accept(brief_id="b")
    heard.accept(brief_id="bad", priority=1000)
    rules = "failed/the brief breaks rules/"
    assert stands(heard.client) == {"waiting//spring: 1": 1, "waiting//": 1, rules: 1}
    heard.finish("a")
    assert stands(heard.client)["done//spring: 1"] == 1
    heard.ledger.apply(heard.brief("b"), Transition("failed", fields={"error": "429: too many: 5"}))
    assert stands(heard.client) == {"done//spring: 1": 1, "failed/429/": 1, rules: 1}
    update(heard.ledger, "b", Change(batch="summer"), "somebody")
    assert stands(heard.client)["failed/429/summer"] == 1
    assert heard.client.zrange(keys.BRIEFS(), 0, -1) == ["a", "b", "bad"]


def test_causes_that_differ_by_a_jobs_id_are_counted_as_one(flow: Flow) -> None:
    for brief_id, job_id in (("a", "9a5dfpm5tk0d"), ("b", "0b7c-41ee-8f")):
        flow.accept(brief_id=brief_id)
        lost = f"its job {job_id} ended as failed without a finished draft: nothing"
        flow.ledger.apply(flow.brief(brief_id), Transition("failed", fields={"error": lost}))
    assert stands(flow.client) == {"failed/its job … ended as failed without a finished draft/": 2}


def test_a_cause_that_is_cut_says_so_and_is_whole_characters(flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.ledger.apply(flow.brief("a"), Transition("failed", fields={"error": "x" * 59 + "é and more"}))
    assert stands(flow.client) == {f"failed/{'x' * 59}…/": 1}


def test_what_is_reopened_or_replaced_is_counted_once(flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.accept(brief_id="bad", priority=1000)
    flow.ledger.apply(flow.brief("a"), Transition("failed", fields={"error": "x"}))
    operator = Operator(flow.client, flow.settings, "somebody")
    brief, journal = flow.brief("a"), take_apart(snapshots.journal(flow.client, "a"))
    operator.retry(brief, journal)
    flow.accept(brief_id="bad")
    assert stands(flow.client) == {"waiting//": 2}
    assert flow.client.exists(keys.FINISHED_AS()) == 0


def test_a_brief_that_ends_with_keep_days_is_counted_no_more(flow: Flow) -> None:
    for brief_id in ("old", "again", "new"):
        flow.accept(brief_id=brief_id)
    for brief_id in ("old", "again"):
        flow.ledger.apply(flow.brief(brief_id), Transition("failed", fields={"error": "x"}))
        flow.client.zadd(keys.FINISHED(), {brief_id: 1})
        flow.client.delete(keys.RECORD(f"brief:{brief_id}"), keys.JOURNAL(brief_id))
    flow.accept(brief_id="again")
    flow.ledger.apply(flow.brief("new"), Transition("failed", fields={"error": "x"}))
    assert stands(flow.client) == {"waiting//": 1, "failed/x/": 1}
    assert set(flow.client.zrange(keys.BRIEFS(), 0, -1)) == {"new", "again"}
    assert flow.client.hkeys(keys.FINISHED_AS()) == ["new"]


def forget_counts(client: "redis.Redis", *brief_ids: str) -> None:
    """Leave records as older versions wrote them."""
    for brief_id in brief_ids:
        client.hdel(keys.RECORD(f"brief:{brief_id}"), "counted")
    client.delete(keys.BRIEFS(), keys.FINISHED_AS(), keys.COUNTS("default"), keys.COUNTED())


def test_a_record_of_an_older_version_is_counted_with_its_next_move(flow: Flow) -> None:
    for brief_id in ("a", "b"):
        flow.accept(brief_id=brief_id)
    forget_counts(flow.client, "a", "b")
    assert not counts(flow.client).are_whole
    flow.ledger.apply(flow.brief("a"), Transition("submitting"))
    assert counts(flow.client).of == {Where("default", "submitting", "", ""): 1}


def test_what_is_not_counted_is_recounted_as_often_as_one_likes(flow: Flow) -> None:
    for brief_id in ("a", "b", "c"):
        flow.accept(brief_id=brief_id, batch="autumn")
    flow.ledger.apply(flow.brief("c"), Transition("failed", fields={"error": "x"}))
    forget_counts(flow.client, "a", "b", "c")
    flow.ledger.apply(flow.brief("a"), Transition("submitting"))
    for _ in range(2):
        assert recounting.recount(flow.ledger) == 3
        assert stands(flow.client) == {"submitting//autumn": 1, "waiting//autumn": 1, "failed/x/autumn": 1}
    assert flow.client.zrange(keys.BRIEFS(), 0, -1) == ["a", "b", "c"]


@pytest.mark.parametrize("moved", ["before", "while"])
def test_wrong_counts_are_put_right_while_briefs_move(flow: Flow, moved: str) -> None:
    for brief_id in ("a", "b"):
        flow.accept(brief_id=brief_id)
    flow.client.hset(keys.COUNTS("default"), mapping={"waiting::": "7", "done::": "5"})
    flow.client.zrem(keys.BRIEFS(), "b")
    if moved == "before":
        flow.ledger.apply(flow.brief("a"), Transition("submitting"))
        recounting.recount(flow.ledger, anew=True)
    else:
        flow.functions.run(commands.recount(["b"], "default"))
        flow.ledger.apply(flow.brief("a"), Transition("submitting"))
        recounting.recount(flow.ledger)
    assert stands(flow.client) == {"submitting//": 1, "waiting//": 1}
    assert by_records(flow.client) == {"submitting/": 1, "waiting/": 1}
    assert flow.client.zrange(keys.BRIEFS(), 0, -1) == ["a", "b"]
