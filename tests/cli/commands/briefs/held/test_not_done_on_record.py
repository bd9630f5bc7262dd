"""What commands did not do: `actions` tells of it as such, and what was done before is not told of again."""

import pytest
from commandline import Command
from stepping import Flow

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
