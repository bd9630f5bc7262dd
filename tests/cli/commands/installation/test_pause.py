"""`identity-worker pause` and `unpause`: what waits is not begun, what runs goes on, all tell who did it."""

import json
from typing import Any

import pytest
import redis
from commandline import Command
from stepping import Flow

from config import keys
from worker.ledger.commands import Halted
from worker.operations import halts
from worker.operations.operator import Operator
from worker.views import snapshots

BATCH = Halted(None, "autumn")


@pytest.mark.parametrize("option", [("--batch", "autumn"), ("--account", "default")])
def test_what_waits_is_not_begun_until_it_is_let_go_on(
    command: Command, heard: Flow, client: "redis.Redis", option: tuple[str, str]
) -> None:
    heard.accept(brief_id="runs", batch="autumn")
    heard.until("runs", "generating")
    paused = command("pause", *option, "--by", "ada", "--why", "prices")
    assert (paused.returncode, paused.stdout) == (0, f"{option[0][2:]} {option[1]} is paused\n")
    heard.accept(brief_id="waits", batch="autumn")
    assert heard.finish("runs").state == "done", "what runs goes on, and its promotion is bought"
    assert heard.brief("waits").state == "waiting"
    assert heard.calls("waits") == []
    for told in (command("status").stdout, command("why", "waits").stdout, command("watch", "--once").stdout):
        assert "paused by ada since" in " ".join(told.split())
        assert "budget" not in told
    assert "`identity-worker unpause " + " ".join(option) in command("why", "waits").stdout
    lifted = json.loads(command("unpause", *option, "--json").stdout)
    assert (lifted["before"]["by"], lifted["before"]["why"]) == ("ada", "prices")
    assert heard.finish("waits").state == "done"
    assert [each["what"] for each in json.loads(command("actions", "--json").stdout)] == ["unpause", "pause"]


def test_a_batch_of_no_brief_is_paused_and_said_to_be_that(command: Command, flow: Flow) -> None:
    told = command("pause", "--batch", "atumn").stdout
    assert told.startswith("batch atumn is paused\nNo brief of it is on record yet;")
    halts.go_on(flow.ledger, Halted(None, "atumn"), "ada", None)


def test_doctor_tells_a_pause_by_a_person_from_a_budget(
    command: Command, environment: dict[str, str], flow: Flow
) -> None:
    def told() -> dict[str, str]:
        checks = json.loads(command("doctor", "--json", **environment).stdout)
        return next(each for each in checks if each["name"] == "budgets default")

    flow.client.hset(keys.RECORD("account:default"), "drafts_ended", 1)
    flow.ledger.set_budget("dear one", "default", 10, "ada")
    halts.halt(flow.ledger, Halted(None, "late"), "ada", None)
    for name, batch in (("a", "dear one"), ("b", "dear one"), ("c", "late")):
        flow.accept(brief_id=name, batch=batch)
    before = told()
    assert before["health"] == "warn"
    assert before["said"].startswith("3 records are held back with their batches: batch dear one by")
    assert before["remedy"].startswith("`identity-worker limits default --budget 'dear one=N'`; ")
    flow.ledger.set_budget("dear one", "default", 10_000, "ada")
    after = told()
    assert after["said"].endswith(": batch late as a person has paused it")
    assert after["remedy"].startswith("`identity-worker unpause --batch late`; ")


def test_accounts_and_doctor_tell_of_a_paused_account(
    command: Command, environment: dict[str, str], flow: Flow
) -> None:
    lifted = "`identity-worker unpause --account default` lets it go on"

    def told() -> dict[str, Any] | None:
        checks = json.loads(command("doctor", "--json", **environment).stdout)
        return next((each for each in checks if each["name"] == "halted default"), None)

    flow.accept(brief_id="a")
    assert told() is None
    assert json.loads(command("accounts", "--json").stdout)[0]["halted"] is None
    halts.halt(flow.ledger, Halted("default", None), "ada", "prices")
    halted = told()
    assert halted is not None
    assert (halted["health"], halted["remedy"]) == ("warn", lifted)
    assert halted["said"].startswith("paused by ada since ")
    shown = command("accounts").stdout
    assert "  halted    paused by ada since " in shown
    assert f": prices; {lifted}" in shown
    assert json.loads(command("accounts", "--json").stdout)[0]["halted"]["by"] == "ada"


def test_other_batches_go_past_one_that_is_paused(flow: Flow) -> None:
    halts.halt(flow.ledger, BATCH, "ada", None)
    for number in range(3):
        flow.accept(brief_id=f"a{number}", batch="autumn")
    flow.accept(brief_id="other", batch="spring")
    assert flow.until("other", "generating")
    flow.accept(brief_id="late", batch="autumn")
    assert {flow.brief(name).state for name in ("a0", "a1", "a2", "late")} == {"waiting"}


def test_a_paused_batch_of_very_many_is_kept_back_in_many_calls(flow: Flow, client: "redis.Redis") -> None:
    flow.accept(brief_id="first", batch="autumn")
    record = client.hgetall(keys.RECORD("brief:first"))
    halts.halt(flow.ledger, BATCH, "ada", None)
    with client.pipeline() as pipe:
        for number in range(450):
            pipe.hset(keys.RECORD(f"brief:m{number}"), mapping={**record, "state": "waiting"})
            pipe.zadd(keys.WAITING("default", "create"), {f"brief:m{number}": number})
        pipe.execute()
    flow.wake_timer("account:default")
    assert client.zcard(keys.PARKED("autumn")) == 200
    for _ in range(2):
        flow.wake_timer("account:default")
    assert client.zcard(keys.PARKED("autumn")) == 450
    client.flushall()


def test_a_brief_of_a_paused_batch_can_be_cancelled(flow: Flow) -> None:
    halts.halt(flow.ledger, BATCH, "ada", None)
    flow.accept(brief_id="a", batch="autumn")
    Operator(flow.client, flow.settings, "ada").cancel(flow.brief("a"))
    found = snapshots.brief(flow.client, "a")
    assert found is not None
    assert (found.state, flow.client.exists(keys.PARKED("autumn"))) == ("cancelled", 0)


def test_who_was_held_back_moves_up_behind_cancelled_ones(flow: Flow) -> None:
    halts.halt(flow.ledger, BATCH, "ada", None)
    for number in range(53):
        flow.accept(brief_id=f"b{number}", batch="autumn")
    halts.halt(flow.ledger, Halted("default", None), "ada", None)
    halts.go_on(flow.ledger, BATCH, "ada", None)
    waiting = flow.client.zrange(keys.WAITING("default", "create"), 0, -1)
    assert flow.client.zcard(keys.PARKED("autumn")) == 2, "a page of them at a time"
    for subject in waiting:
        Operator(flow.client, flow.settings, "ada").cancel(flow.brief(subject.removeprefix("brief:")))
    assert flow.client.zcard(keys.WAITING("default", "create")) == 2


@pytest.mark.parametrize("arguments", [(), ("--batch", "a", "--account", "default"), ("--account", "nobody")])
def test_what_is_meant_must_be_one_account_or_one_batch(command: Command, arguments: tuple[str, ...]) -> None:
    answer = command("pause", *arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr
