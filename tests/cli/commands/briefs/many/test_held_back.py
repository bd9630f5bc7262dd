"""What a budget or a pause holds back: told by status, wait and accounts, with a command to paste."""

import json
import shlex

import pytest
from commandline import Command
from stepping import Flow

from config import keys

BATCH = "Frühling 2027"
RAISED = f"identity-worker limits default --budget '{BATCH}=N'"


@pytest.fixture
def held_back(flow: Flow, command: Command) -> Flow:
    """Two briefs of a batch whose budget pays for neither."""
    flow.accept(brief_id="first")
    flow.client.hset(keys.RECORD("account:default"), "drafts_ended", 1)  # else one goes first, for its price
    command("limits", "default", "--budget", f"{BATCH}=10")
    for name in ("a", "b"):
        flow.accept(brief_id=name, batch=BATCH)
    assert flow.client.zcard(keys.PARKED(BATCH)) == 2
    return flow


def said(command: Command, *words: str) -> str:
    answer = command(*words)
    return " ".join((answer.stdout + answer.stderr).split())


@pytest.mark.usefixtures("held_back")
def test_a_budget_that_holds_back_is_named_with_its_figures(command: Command) -> None:
    told = "by its budget: of 10 credits 0 are spent, 0 reserved"
    assert f"batch {BATCH}: 2 held back {told}; to raise it: `{RAISED}`" in said(
        command, "status", "--batch", BATCH
    )
    assert f"batch {BATCH}: 2 held back {told} `{RAISED}`" in said(command, "accounts")
    assert f"`{RAISED}`" in said(command, "why", "a")
    assert told not in said(command, "status", "--batch", "another")


def test_a_wait_that_stands_still_says_what_holds_it_up(command: Command, held_back: Flow) -> None:
    held_back.client.delete(keys.WORKERS())
    order = ("wait", "--batch", BATCH, "--stall", "1s")
    answer = command(*order)
    assert answer.returncode == 4
    assert "no worker runs; start one by `identity-worker work`" in answer.stderr
    assert f"to raise it: `{RAISED}`" in answer.stderr
    assert any(RAISED in each for each in json.loads(command(*order, "--json").stdout)["because"])


def test_the_commands_that_are_told_can_be_pasted(command: Command, held_back: Flow) -> None:
    pasted = RAISED.replace("=N", "=1000")
    assert command(*shlex.split(pasted)[1:]).returncode == 0
    assert held_back.client.zcard(keys.PARKED(BATCH)) == 0
    command("pause", "--batch", BATCH)
    held_back.accept(brief_id="c", batch=BATCH)
    lifted = f"identity-worker unpause --batch '{BATCH}'"
    assert f"`{lifted}` lets it go on" in said(command, "why", "c")
    assert f"1 held back as a person has paused it `{lifted}`" in said(command, "accounts")
    assert command(*shlex.split(lifted)[1:]).returncode == 0
    assert held_back.client.zcard(keys.PARKED(BATCH)) == 0
