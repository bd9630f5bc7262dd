"""What commands did not do: `actions` tells of it as such, and what was done before is not told of again."""

import json
import sys

import pytest
from commandline import Command
from forked import QUICK
from processes import ProcessFactory
from stepping import Flow
from support import DEADLINE, event_types

from config import keys
from tests.chaos.harness.points import CRASH_POINT
from worker.operations import actions

MANUAL = {"choose": "manual", "instructions": [{"prompt": "one", "num_variations": 2}]}


def outcomes(flow: Flow) -> list[tuple[str, str | None]]:
    """What is on record, the first first, with its outcome."""
    return [(each["what"], each.get("outcome")) for each in reversed(actions.actions(flow.client))]


@pytest.mark.parametrize(
    "typed",
    [("retry", "b"), ("pick", "b", "1"), ("resolve", "b", "--give-up")],
)
def test_a_command_that_is_refused_is_marked(command: Command, flow: Flow, typed: tuple[str, ...]) -> None:
    flow.accept(brief_id="b")
    assert command("cancel", "b").returncode == 0
    answer = command(*typed)
    assert answer.returncode == 1, answer.stderr
    assert outcomes(flow) == [("cancel", None), (typed[0], actions.NOT_DONE)]
    assert command("actions", "--limit", "1").stdout.count("outcome not done") == 1


def test_a_brief_that_is_done_is_not_cancelled(command: Command, heard: Flow) -> None:
    heard.accept(brief_id="b")
    heard.finish("b")
    assert command("cancel", "b").returncode == 1
    assert outcomes(heard) == [("cancel", actions.NOT_DONE)]


@pytest.mark.parametrize("what", ["unpause", "resume"])
def test_lifting_what_was_not_paused_is_marked(command: Command, flow: Flow, what: str) -> None:
    flow.accept(brief_id="b")
    named = ("--account", "default") if what == "unpause" else ("default",)
    answer = command(what, *named)
    assert (answer.returncode, "was not paused" in answer.stdout) == (0, True), answer.stderr
    assert outcomes(flow) == [(what, actions.NOT_DONE)]


def test_the_same_pick_twice_is_one_and_no_error(command: Command, heard: Flow) -> None:
    brief = heard.until(heard.accept(brief_id="b", **MANUAL), "choosing")
    first, second = (str(each["image_result_id"]) for each in brief.json("drafts"))
    assert command("pick", "b", first).returncode == 0
    again = command("pick", "b", first)
    assert (again.returncode, again.stdout) == (0, f"b: promoting {first}, as was said before\n")
    assert outcomes(heard) == [("pick", None)]
    assert command("pick", "b", second).returncode == 1
    assert outcomes(heard) == [("pick", None), ("pick", actions.NOT_DONE)]


def test_what_was_so_already_is_marked(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="b", batch="spring")
    for typed in (("update", "b", "--to-batch", "spring"), ("cancel", "b"), ("cancel", "b")):
        assert command(*typed).returncode == 0
    assert outcomes(flow) == [("update", actions.NOT_DONE), ("cancel", None), ("cancel", actions.NOT_DONE)]


#: The calls of `cancel b`: its record in the log, what it does, the mark where it did nothing.
RECORD, DOES, MARK = "LPUSH+LTRIM", "stop b cancelled", "LINSERT+LREM"


@pytest.mark.parametrize(
    ("call", "after", "state", "marked"),
    [
        (RECORD, True, "waiting", None),
        (DOES, True, "cancelled", None),
        (MARK, False, "cancelled", None),
        (MARK, True, "cancelled", actions.NOT_DONE),
    ],
)
def test_a_command_killed_before_its_mark_is_told_of_without_one(
    command: Command,
    flow: Flow,
    start: ProcessFactory,
    call: str,
    after: bool,
    state: str,
    marked: str | None,
) -> None:
    """Nobody knows what it did: the brief does. Said again, it is one cancel, and told of as it is."""
    flow.accept(brief_id="b")
    flow.accept(brief_id="another")
    program = [sys.executable, "-m", QUICK, "cancel"]
    # It loads the functions as its settings make them, so that each is called once from here on.
    first = start("first", [*program, "b" if call == MARK else "another"])
    assert first.process.wait(DEADLINE) == 0
    before = len(outcomes(flow))
    point = json.dumps(["cancel", call if call == DOES else f"{call} {keys.ACTIONS()}", 1, after])
    killed = start("cancel", [*program, "b"], **{CRASH_POINT: point})
    assert killed.process.wait(DEADLINE) == -9
    assert outcomes(flow)[before:] == [("cancel", marked)]
    assert flow.brief("b").state == state
    assert command("cancel", "b").returncode == 0
    assert flow.brief("b").state == "cancelled"
    assert outcomes(flow)[before:] == [
        ("cancel", marked),
        ("cancel", None if call == RECORD else actions.NOT_DONE),
    ]
    assert event_types(flow.client, "b").count("identity.brief.cancelled") == 1
