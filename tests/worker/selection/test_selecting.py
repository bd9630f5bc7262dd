"""Which briefs a filter selects, in which order, and that its cursor holds while briefs move."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import redis
from stepping import Flow
from support import brief
from two_shards import ACCOUNTS, ONE, OTHER

from config import keys
from config.settings import Settings
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Transition
from worker.lifecycle import acceptance
from worker.operations.updating import Change, update
from worker.selection import index
from worker.selection.language import parse
from worker.selection.selecting import select, stretch
from worker.shards.shards import Shards


def found(client: "redis.Redis", line: str) -> list[str]:
    """The ids of the briefs that a line selects."""
    return [each.brief.brief_id for each in select(client, parse(line))]


def backwards(client: "redis.Redis", line: str) -> list[str]:
    """The ids of the same briefs, the last accepted first, one at a time by their cursors."""
    met: list[str] = []
    wanted = replace(parse(line), limit=1)
    while (some := stretch(client, wanted, 60, back=True)).found:
        met.append(some.found[0].brief.brief_id)
        wanted = replace(wanted, after=some.after)
    return met


def age(flow: Flow, brief_id: str, hours: int) -> None:
    """Let a brief have been accepted so many hours earlier."""
    subject = keys.RECORD(f"brief:{brief_id}")
    at = int(flow.client.hincrby(subject, "accepted_at", -hours * 3_600_000))  # type: ignore[arg-type]
    for key in (keys.UNFINISHED(), keys.BRIEFS(), keys.BATCH(str(flow.client.hget(subject, "batch")))):
        flow.client.zadd(key, {brief_id: at}, xx=True)


@pytest.fixture
def several(flow: Flow) -> Flow:
    """Return the flow with four briefs: one waits, one is held, one has failed, one breaks rules."""
    flow.accept(brief_id="waits", batch="autumn", metadata={"sku": 4711, "shop": {"land": "it"}})
    flow.accept(brief_id="held", batch="autumn", metadata={"sku": "4711"})
    flow.accept(brief_id="failed", batch="spring", metadata={"sku": "0815", "new": True})
    flow.accept(brief_id="bad", priority=1000)
    question = {"question": "which job is it?"}
    for state, fields in (("submitting", {}), ("uncertain", {}), ("held", question)):
        flow.ledger.apply(flow.brief("held"), Transition(state, fields=fields))
    flow.ledger.apply(flow.brief("failed"), Transition("failed", fields={"error": "422: Blocked term"}))
    return flow


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("", "waits held failed bad"),
        ("state:held", "held"),
        ("state:open", "waits held"),
        ("state:finished", "failed bad"),
        ("batch:autumn", "waits held"),
        ("batch:autumn batch:spring state:held,failed", "held failed"),
        ('batch:""', "bad"),
        ("batch:none", ""),
        ("account:default limit:2", "waits held"),
        ("account:shop", ""),
        ("error:blocked", "failed"),
        ("error:JOB error:priority", "held bad"),
        ("meta.sku:4711", "waits held"),
        ("meta.sku:0815 meta.new:true", "failed"),
        ("meta.sku:815", ""),
        ("meta.shop.land:it", "waits"),
        ("kind:brief state:done", ""),
        ("kind:identity state:open", "waits held"),
        ("kind:import", ""),
        ("kind:import,identity state:held", "held"),
    ],
)
def test_a_filter_selects_what_it_says_the_first_accepted_first(several: Flow, line: str, ids: str) -> None:
    assert found(several.client, line) == ids.split()


@pytest.mark.parametrize("page", [1, 2, 500])
@pytest.mark.parametrize(
    "line",
    [
        *("", "state:held", "state:open", "state:finished", "batch:autumn"),
        *("batch:autumn batch:spring state:held,failed", "age>1h", "age<150m", "age>1h age<150m"),
    ],
)
def test_backwards_a_filter_selects_the_same(
    several: Flow, line: str, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.selection.index.PAGE", page)
    for hours, brief_id in ((3, "waits"), (2, "held"), (2, "failed")):
        age(several, brief_id, hours)
    # Two of the same time: their order is that of their ids.
    several.client.zadd(keys.BRIEFS(), {"failed": several.client.zscore(keys.BRIEFS(), "held")})
    assert backwards(several.client, line) == found(several.client, line)[::-1]


@pytest.mark.parametrize("line", ["meta.sku:0815", "error:blocked", "error:refused"])
def test_only_what_may_be_meant_is_read_as_a_whole(several: Flow, line: str) -> None:
    # What went wrong with an identity stands on the record of its promotion.
    several.client.hset(keys.RECORD("brief:failed"), "promotions", 1)
    promotion = {"state": "failed", "error": "400: refused", "moved_at": 1, "tried": 0, "instruction": 0}
    drafts = '[{"image_result_id": 1, "url": null}]'
    several.client.hset(keys.RECORD("promotion:failed#0"), mapping={**promotion, "candidates": drafts})
    several.client.delete(keys.RECORD("brief:bad"))  # of faults nobody knows before they are read
    several.client.config_resetstat()
    assert found(several.client, line) == ["failed"]
    stats: Any = several.client.info("commandstats")
    assert stats["cmdstat_hgetall"]["calls"] == 2
    several.client.flushall()


def test_age_counts_from_when_a_brief_was_accepted(several: Flow) -> None:
    age(several, "held", hours=3)
    assert found(several.client, "older:2h") == ["held"]
    assert found(several.client, "newer:2h state:open batch:autumn") == ["waits"]
    assert found(several.client, "older:2020-01-01") == []


def test_a_cursor_meets_each_brief_once_whatever_happens_between_the_pages(flow: Flow) -> None:
    for number in range(9):
        flow.accept(brief_id=f"b{number}", batch="autumn")
    for line in ("batch:autumn", "account:default", "state:open,failed"):
        met, cursor = list[str](), ""
        while page := list(select(flow.client, parse(f"{line} limit:2 {cursor and 'after:' + cursor}"))):
            met += [each.brief.brief_id for each in page]
            cursor = page[-1].cursor
            # What has been met and what has not finishes, and one more comes.
            for brief_id in (met[0], "b8"):
                flow.ledger.apply(flow.brief(brief_id), Transition("failed", fields={"error": "x"}))
            flow.accept(brief_id=f"late-{line[0]}-{cursor}", batch="autumn") if len(met) == 2 else None
        assert met[:9] == sorted(met[:9])
        assert len(met) == len(set(met))
        assert {f"b{number}" for number in range(9)} <= set(met)


def test_briefs_of_the_same_time_are_told_apart_by_the_cursor(flow: Flow) -> None:
    ids = ["b", "B", "é", "a", "z"]
    for brief_id in ids:
        flow.accept(brief_id="x")
        flow.client.rename(keys.RECORD("brief:x"), keys.RECORD(f"brief:{brief_id}"))
        flow.client.zrem(keys.UNFINISHED(), "x")
        flow.client.zadd(keys.UNFINISHED(), {brief_id: 1_000})
    met, cursor = list[str](), ""
    while page := list(select(flow.client, parse(f"state:open limit:1 {cursor}"))):
        met.append(page[0].brief.brief_id)
        cursor = f"after:{page[0].cursor}"
    assert met == sorted(ids, key=str.encode)
    flow.client.flushall()


def records_read(client: "redis.Redis", line: str) -> int:
    """Of how many briefs fields are read to find those that a line selects."""
    client.config_resetstat()
    list(select(client, parse(line)))
    stats: Any = client.info("commandstats")
    return int(stats.get("cmdstat_hmget", {"calls": 0})["calls"])


def test_nothing_is_read_where_the_counts_know_of_no_brief(several: Flow) -> None:
    for line in ("state:done", "account:shop", "batch:spring state:open", 'batch:"" state:done error:x'):
        assert (records_read(several.client, line), found(several.client, line)) == (0, []), line
    assert records_read(several.client, "state:failed") == 2


@pytest.mark.parametrize("moves", [False, True], ids=["stays", "moves"])
def test_of_a_state_the_batches_are_read_that_have_it(
    several: Flow, moves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    several.ledger.apply(several.brief("waits"), Transition("cancelled"))
    sizes = index._members

    def meanwhile(client: "redis.Redis", sets: Sequence[str]) -> list[int]:
        if moves:
            update(several.ledger, "waits", Change(batch="winter"), "somebody")
        return sizes(client, sets)

    monkeypatch.setattr(index, "_members", meanwhile)
    monkeypatch.setattr(index, "SMALL", 2)
    if not moves:
        assert records_read(several.client, "state:cancelled") == 2, "both that are in its batch"
    for line in ("state:cancelled", "state:cancelled newer:1h"):
        assert (found(several.client, line), backwards(several.client, line)) == (["waits"], ["waits"])


def test_counts_that_are_not_whole_hide_no_brief(several: Flow) -> None:
    for field in several.client.hkeys(keys.COUNTS("default")):
        if field.startswith("failed:"):
            several.client.hdel(keys.COUNTS("default"), field)
    assert found(several.client, "state:failed") == ["failed", "bad"]


def test_batches_that_have_a_state_are_read_in_all_shards(
    shards: Shards, sharded: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "SMALL", 2)
    for number, account in enumerate((ONE, OTHER, ONE, OTHER)):
        ledger = Ledger(shards.client(shards.of(account)), sharded)
        raw = brief(brief_id=f"b{number}", account=account, batch=f"of-{number // 2}")
        acceptance.accept(ledger, ACCOUNTS, sharded, acceptance.Message(raw, "m"))
        state = "failed" if number < 2 else "cancelled"
        ledger.apply(ledger.read(f"brief:b{number}"), Transition(state, fields={"error": "x"}))
    assert found(shards.reading, "state:failed") == ["b0", "b1"]
    assert backwards(shards.reading, "state:cancelled") == ["b3", "b2"]
    assert found(shards.reading, f"state:failed account:{OTHER}") == ["b1"]
