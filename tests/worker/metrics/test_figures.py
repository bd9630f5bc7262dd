"""What monitoring is told: where briefs stand, what they lack, what accounts have, however many there are."""

import json
import math
import time

import pytest
import redis
from metrics.figures import figures, text
from pydantic import SecretStr
from stepping import Flow
from support import brief

from config import keys
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from worker.ledger import commands
from worker.ledger.accounts import AccountLedger
from worker.ledger.leases import followed, take
from worker.ledger.transition import Pause, Transition
from worker.metrics.families import MOST_CAUSES
from worker.metrics.reading import read
from worker.operations import halts


def test_nothing_on_record_is_told_as_nothing(client: "redis.Redis", ledger: AccountLedger) -> None:
    found = figures(client, ledger.settings)
    assert (found["workers"], found["listeners"], found["unfinished_briefs"]) == (0, 0, 0)
    assert found["queue_messages{briefs}"] == found["queue_oldest_seconds{briefs}"] == 0


def test_a_brief_is_counted_in_each_state_that_it_comes_to(heard: Flow) -> None:
    brief_id = heard.accept()
    assert figures(heard.client, heard.settings)["briefs{default,waiting}"] == 1
    heard.finish(brief_id)
    # In place of its own, which at the speed of the tests counts for a third of a second.
    heard.client.delete(keys.WINDOW(DEFAULT, "create"))
    heard.client.zadd(keys.WINDOW(DEFAULT, "create"), {"x/1": heard.ledger.now() + 60_000})
    heard.client.expire(keys.WINDOW(DEFAULT, "create"), 60)
    found = figures(heard.client, heard.settings)
    assert found["briefs{default,done}"] == 1
    assert "briefs{default,waiting}" not in found
    assert (found["jobs{default}"], found["slots_used{default}"], found["slots_reserved{default}"]) == (
        0,
        1,
        0,
    )
    assert (found["jobs_limit{default}"], found["slots_limit{default}"]) == (5, 50)
    assert (found["window_requests{default,create}"], found["window_requests_limit{default,create}"]) == (
        1,
        5,
    )
    assert found["spent_credits_total{default,promote}"] == 50
    assert found["spent_credits_total{default,create}"] > 0
    assert found["followed{default}"] == 1


def test_a_stalled_stream_and_the_end_of_a_token_are_told(flow: Flow) -> None:
    flow.accept()
    assert flow.functions.run(take(["default"], "me", 1)) == ["me"]
    flow.functions.run(followed("default", "me", "opened"))
    assert figures(flow.client, flow.settings)["stream_stalled{default}"] == 0
    flow.functions.run(followed("default", "me", "stalled", "why"))
    account = Account(name=DEFAULT, token=SecretStr(flow.api.token))
    flow.ledger.saw_token(account, time.time() + 60)
    found = figures(flow.client, flow.settings)
    assert found["stream_stalled{default}"] == 1
    assert 0 < found["token_ends_seconds{default}"] <= 60


def test_a_limit_that_is_lifted_is_infinite(flow: Flow) -> None:
    flow.ledger.set_limits("default", {"jobs": "0", "slots": "0"}, "ann")
    found = figures(flow.client, flow.settings)
    assert found["jobs_limit{default}"] == found["slots_limit{default}"] == math.inf


def test_what_a_waiting_brief_lacks_is_told_with_its_age(flow: Flow) -> None:
    flow.accept()
    flow.ledger.set_limits("default", {"slots": "1"}, "ann")
    older = flow.accept()
    flow.client.hincrby(keys.RECORD(f"brief:{older}"), "moved_at", -90_000)
    found = figures(flow.client, flow.settings)
    assert 90 <= found["waiting_oldest_seconds{default,create,slots}"] < 120
    assert "waiting_oldest_seconds{default,create,request}" not in found
    assert found["waiting_records{default,create}"] == 1


def test_the_oldest_of_each_priority_is_told_of(flow: Flow) -> None:
    flow.accept()
    flow.ledger.set_limits("default", {"slots": "1"}, "ann")
    old = flow.accept(priority=-3)
    for number in range(7):
        flow.accept(priority=number % 3)
    flow.client.hincrby(keys.RECORD(f"brief:{old}"), "moved_at", -90_000)
    assert figures(flow.client, flow.settings)["waiting_oldest_seconds{default,create,slots}"] >= 90


def test_a_brief_whose_step_no_worker_begins_lacks_the_step(flow: Flow) -> None:
    brief_id = flow.accept()
    flow.client.hincrby(keys.RECORD(f"brief:{brief_id}"), "granted_at", -5_000)
    found = figures(flow.client, flow.settings)
    assert 5 <= found["waiting_oldest_seconds{default,create,step}"] < 60
    assert found["queue_messages{steps}"] == 1


def test_a_pause_is_told_by_the_status_that_it_is_for(flow: Flow) -> None:
    brief_id = flow.accept()
    record = flow.brief(brief_id)
    pause = Pause("create", 60_000, "402: no credits", status=402)
    flow.ledger.apply(record, Transition("submitting"))
    flow.ledger.apply(record, Transition("waiting", pause=pause))
    halts.halt(flow.ledger, commands.Halted("default", None), "ann", "a holiday")
    found = figures(flow.client, flow.settings)
    assert found["paused{default,402,create}"] == found["paused{default,person,pause}"] == 1


def test_a_held_brief_is_told_by_its_question(flow: Flow) -> None:
    brief_id = flow.until(flow.accept(), "generating").brief_id
    flow.ledger.apply(flow.brief(brief_id), Transition("held", fields={"question": "which job: a or b"}))
    flow.client.zincrby(keys.HELD_BRIEFS(), -30_000, brief_id)
    found = figures(flow.client, flow.settings)
    assert found["held_briefs{default,which job}"] == 1
    assert 30 <= found["held_oldest_seconds"] < 60


def test_the_causes_of_an_account_are_bounded(flow: Flow) -> None:
    flow.accept()
    for number in range(MOST_CAUSES + 5):
        flow.client.hset(keys.COUNTS("default"), f"failed:{number} is wrong:b", number + 1)
    found = figures(flow.client, flow.settings)
    flow.client.delete(keys.COUNTS("default"))
    named = [name for name in found if name.startswith("failed_briefs")]
    assert len(named) == MOST_CAUSES + 1
    assert found["failed_briefs{default,other}"] == 1 + 2 + 3 + 4 + 5


def test_the_budget_of_an_account_is_told(flow: Flow) -> None:
    flow.accept()
    flow.ledger.set_limits("default", {"budget": "200"}, "ann")
    flow.accept()
    found = figures(flow.client, flow.settings)
    assert (found["budget_credits{default}"], found["budget_left_credits{default}"]) == (200, 150)


def test_counting_identities_tells_the_balance(flow: Flow) -> None:
    flow.client.zadd(keys.TIMERS(), {"library:default": 1})
    flow.functions.run(commands.due(most=1))
    flow.steps.run()
    assert figures(flow.client, flow.settings)["credits{default}"] > 0


def test_each_opening_and_each_gap_of_a_stream_is_counted(flow: Flow) -> None:
    flow.accept()
    flow.functions.run(take(["default"], "listener", 1))
    for what in ("opened", "replayed", "unread", "ended", "opened"):
        flow.functions.run(followed("default", "listener", what, why="cut"))  # type: ignore[arg-type]
    found = figures(flow.client, flow.settings)
    assert (found["stream_opened_total{default}"], found["stream_gaps_total{default}"]) == (2, 1)
    assert found["stream_open{default}"] == 1
    assert found["stream_silent_seconds{default}"] < 60


def test_a_message_that_no_worker_takes_tells_how_long(flow: Flow) -> None:
    old = {"message_timestamp": 1, "queue_name": "briefs"}
    flow.client.rpush(keys.QUEUE("briefs"), "m")
    flow.client.hset(keys.MESSAGES("briefs"), "m", json.dumps(old))
    assert figures(flow.client, flow.settings)["queue_oldest_seconds{briefs}"] > 1e9
    flow.client.delete(keys.QUEUE("briefs"), keys.MESSAGES("briefs"))


@pytest.mark.parametrize("entry", [b"\xff\xfe", b"{}", b'{"brief_id": "x"}'])
def test_a_foreign_entry_of_the_queue_does_no_harm(flow: Flow, entry: bytes) -> None:
    flow.client.rpush(keys.QUEUE("briefs"), entry)
    flow.client.hset(keys.MESSAGES("briefs"), entry, entry)
    found = figures(flow.client, flow.settings)
    flow.client.delete(keys.QUEUE("briefs"), keys.MESSAGES("briefs"))
    assert (found["queue_messages{briefs}"], found["queue_oldest_seconds{briefs}"]) == (1, 0)


def test_what_is_read_does_not_grow_with_the_briefs(flow: Flow) -> None:
    def cost() -> int:
        before = flow.client.info("stats")["total_commands_processed"]
        read(flow.client, flow.settings)
        return int(flow.client.info("stats")["total_commands_processed"] - before)

    for _ in range(12):
        flow.accept()
    few = cost()
    for _ in range(60):
        flow.accept()
    assert cost() == few


def test_openmetrics_is_told_to_whoever_asks_for_it(flow: Flow) -> None:
    flow.accept(**brief(name='a "name"'))
    told = text(flow.client, flow.settings, "application/openmetrics-text; version=1.0.0")
    assert told.endswith("# EOF\n")
    assert "# TYPE identity_worker_spent_credits counter" in told
