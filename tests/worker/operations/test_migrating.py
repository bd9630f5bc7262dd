"""A ledger of an older release becomes one of the present schema, in pieces, whatever dies or comes twice."""

import threading
from typing import Any

import pytest
import redis
from older_ledgers import ALONE, forget_counts, functions_of, migrated, newer_release
from stepping import Flow

from config import keys
from config.recorded import schema
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.transition import Transition
from worker.operations.migrating import Following, Piece, migrate, standing
from worker.store.connection import connect
from worker.store.functions import Functions
from worker.store.startup import UnsafeServerError, check
from worker.views.counts import Where, counts

#: So many of them wait that they are more than one piece.
MANY = 156
#: Later than that a step is done once more.
AGAIN = 100_000


def brought(flow: Flow, number: int = MANY) -> None:
    """Have briefs on record, every third one finished, as a release of schema 1 left them."""
    for each in range(number):
        flow.accept(brief_id=f"b{each}")
        if each % 3 == 0:
            flow.ledger.apply(flow.brief(f"b{each}"), Transition("failed", fields={"error": "x"}))
    forget_counts(flow.client)


def assert_whole(client: "redis.Redis", finished: int, still_open: int) -> None:
    found = counts(client)
    assert found.of == {
        Where("default", "failed", "x", ""): finished,
        Where("default", "waiting", "", ""): still_open,
    }
    assert found.are_whole
    assert client.zcard(keys.BRIEFS()) == finished + still_open
    assert client.hlen(keys.FINISHED_AS()) == finished


def test_a_new_ledger_begins_at_the_newest_schema(flow: Flow, functions: Functions) -> None:
    assert migrated(functions) == [Piece(schema.present(), 1, Following.NONE)]
    assert standing(flow.client).is_settled
    # What an older process puts there is found as in any other.
    flow.accept(brief_id="a")
    flow.client.zrem(keys.BRIEFS(), "a")
    later = int(flow.client.time()[0]) * 1000 + AGAIN
    assert functions.run(migrate(), now=later) == Piece(1, 1, Following.MORE)
    assert migrated(functions)[-1].number == schema.present()
    assert flow.client.zrange(keys.BRIEFS(), 0, -1) == ["a"]


def test_a_new_ledger_shuts_out_whom_its_schema_does(
    flow: Flow, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = functions_of(flow.client, settings)
    with newer_release(monkeypatch):
        newer = functions_of(flow.client, settings)
        newer.load()
        flow.client.delete(keys.LIBRARIES())  # nobody else has worked here
        assert migrated(newer) == [Piece(3, ALONE.oldest, Following.NONE)]
        assert standing(flow.client).release == ALONE.release
    assert older.run(migrate()).shuts_out


def test_a_ledger_without_a_schema_is_migrated_in_pieces_that_anybody_continues(
    flow: Flow, functions: Functions
) -> None:
    brought(flow)
    first = functions.run(migrate())
    assert first == Piece(1, 1, Following.MORE)
    assert standing(flow.client).done == 100
    # Whoever did that is killed; on the server nothing of it is kept but what is on record.
    flow.client.function_flush()
    assert migrated(functions)[-1] == Piece(2, 1, Following.NONE)
    assert_whole(flow.client, finished=MANY // 3, still_open=MANY - MANY // 3)
    assert flow.client.hget(keys.SCHEMA(), "cursor") is None


def test_two_at_once_and_briefs_that_move_meanwhile_do_no_harm(
    flow: Flow, settings: Settings, redis_url: str
) -> None:
    brought(flow)
    moved = [flow.brief(f"b{each}") for each in (1, 4, 154)]

    def run() -> None:
        with connect(redis_url) as client:
            migrated(functions_of(client, settings))

    both = [threading.Thread(target=run) for _ in range(2)]
    for each in both:
        each.start()
    for record in moved:
        flow.ledger.apply(record, Transition("failed", fields={"error": "x"}))
    for each in both:
        each.join()
    assert_whole(flow.client, finished=MANY // 3 + 3, still_open=MANY - MANY // 3 - 3)


def test_what_an_older_process_leaves_behind_is_migrated_once_more(flow: Flow, functions: Functions) -> None:
    for brief_id in ("a", "b"):
        flow.accept(brief_id=brief_id)
    assert migrated(functions)[-1].number == 2
    # As an older process accepts one: it stands in no index.
    flow.client.zrem(keys.BRIEFS(), "b")
    later = int(flow.client.time()[0]) * 1000 + AGAIN
    assert functions.run(migrate()).following is Following.NONE, "not while it may leave more"
    assert functions.run(migrate(), now=later) == Piece(1, 1, Following.MORE)
    assert migrated(functions)[-1].number == 2
    assert flow.client.zrange(keys.BRIEFS(), 0, -1) == ["a", "b"]


def test_what_older_releases_held_for_finished_briefs_is_let_go(flow: Flow, functions: Functions) -> None:
    for brief_id in ("ended", "waits"):
        flow.accept(brief_id=brief_id)
    record = flow.brief("ended").fields
    flow.ledger.apply(flow.brief("ended"), Transition("failed", fields={"error": "x"}))
    reserved, content = keys.RESERVATIONS("default"), keys.CONTENT(record["content"])
    flow.client.hset(reserved, mapping={"brief:ended": 50, "brief:waits": 50})
    flow.client.set(content, "{}")
    migrated(functions)
    assert flow.client.hkeys(reserved) == ["brief:waits"]
    assert flow.client.pttl(content) > 0
    assert flow.client.hget(keys.SCHEMA(), "mended") == "1"
    # Who has left that may go on: once more, until a pass finds nothing.
    flow.client.hset(keys.SCHEMA(), "ended_at", 1)
    assert len(migrated(functions)) == 3
    flow.client.hset(keys.SCHEMA(), "ended_at", 1)
    assert len(migrated(functions)) == 1


def test_what_a_whole_pass_could_not_put_right_is_left(flow: Flow, functions: Functions) -> None:
    migrated(functions)
    flow.client.hset(keys.FINISHED_AS(), "of no list", '["default", "0:done::"]')
    later = int(flow.client.time()[0]) * 1000
    for _ in range(2):
        later += AGAIN
        found = functions.run(migrate(), now=later)
        while found.following is Following.MORE:
            found = functions.run(migrate(), now=later)
    assert flow.client.hget(keys.SCHEMA(), "left") == "0:-1"
    assert functions.run(migrate(), now=later + AGAIN) == Piece(2, 1, Following.NONE)


def test_a_step_that_bears_nobody_older_waits_for_their_end(
    flow: Flow, settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = flow.client
    older = functions_of(client, settings)
    migrated(older)
    older.load()
    with newer_release(monkeypatch):
        with pytest.raises(UnsafeServerError) as error:
            check(redis_url, patience=0)
        assert "processes of schema 2 work on its ledger" in str(error.value)
        assert "end all of the older release first" in str(error.value)
        newer = functions_of(client, settings)
        assert newer.run(migrate()) == Piece(2, ALONE.oldest, Following.WAIT)
    assert older.run(migrate()).shuts_out, "an older one that still runs is told to end"
    with pytest.raises(UnsafeServerError) as error:
        check(redis_url, patience=0)
    assert "this release knows 2: only processes of schema 3 or newer may work on it" in str(error.value)
    assert "run identity-worker 0.9.0 or newer" in str(error.value)
    used: Any = client.zrange(keys.LIBRARIES(), 0, -1)
    client.zadd(keys.LIBRARIES(), dict.fromkeys([name for name in used if "_ledger2_" in name], 1))
    with newer_release(monkeypatch):
        check(redis_url, patience=0)
        assert migrated(newer)[-1] == Piece(3, 3, Following.NONE)


def test_an_older_process_works_beside_a_newer_schema_that_bears_it(
    flow: Flow, functions: Functions, redis_url: str
) -> None:
    flow.client.hset(keys.SCHEMA(), mapping={"number": 7, "oldest": schema.present(), "release": "1.4.0"})
    flow.accept(brief_id="a")
    flow.client.delete(keys.BRIEFS())
    check(redis_url, patience=0)
    assert functions.run(migrate()) == Piece(7, schema.present(), Following.NONE)
    assert flow.client.hget(keys.SCHEMA(), "number") == "7"
    functions.run(commands.due(1))
