"""`identity-worker pick`: a person's choice, checked before it is put on record."""

import json
from typing import Any

import pytest
import redis
from commandline import Command
from stepping import Flow

from worker.ledger.records import Record

MANUAL: dict[str, Any] = {
    "choose": ["manual", "first"],
    "instructions": [{"prompt": "one", "num_variations": 2}, {"prompt": "two"}],
}
TWO_MANUAL: dict[str, Any] = MANUAL | {"choose": ["manual", "manual"]}


def waiting(flow: Flow, **fields: Any) -> tuple[Record, list[int]]:
    """A brief whose drafts wait for a person, and the ids of its drafts."""
    brief = flow.until(flow.accept(brief_id="a", **fields), "choosing")
    return brief, [draft["image_result_id"] for draft in brief.json("drafts")]


def test_the_picked_draft_becomes_the_identity_and_other_instructions_keep_their_rule(
    command: Command, heard: Flow
) -> None:
    _, drafts = waiting(heard, **MANUAL)
    answer = command("pick", "a", str(drafts[1]))
    assert (answer.returncode, answer.stdout) == (0, f"a: promoting {drafts[1]}, {drafts[2]}\n")
    assert heard.finish("a").state == "done"
    promoted = [heard.promotion("a", number).json("candidates")[0]["image_result_id"] for number in (0, 1)]
    assert promoted == drafts[1:]


def test_for_programs_it_names_the_brief_and_the_drafts(command: Command, heard: Flow) -> None:
    _, drafts = waiting(heard, **MANUAL)
    answer = command("pick", "a", str(drafts[0]), "--json")
    assert json.loads(answer.stdout) == {"brief_id": "a", "promoting": [drafts[0], drafts[2]]}


def test_status_says_how_to_pick_until_the_pick_is_made(command: Command, heard: Flow) -> None:
    _, drafts = waiting(heard, **MANUAL)
    assert "wants a pick: see `status BRIEF`" in command("status").stdout
    wanted = "a person's pick among the drafts of instructions[0]: `identity-worker pick a DRAFT...`\n"
    assert wanted in command("status", "a").stdout
    assert command("pick", "a", str(drafts[0])).returncode == 0
    assert "pick" not in command("status").stdout + command("status", "a").stdout


def test_a_draft_not_on_offer_is_refused_with_those_that_are(command: Command, heard: Flow) -> None:
    _, drafts = waiting(heard, **MANUAL)
    answer = command("pick", "a", str(drafts[2]))
    assert answer.returncode == 1
    assert f"no draft to pick: {drafts[2]}; on offer: {drafts[0]}, {drafts[1]}" in answer.stderr
    assert heard.brief("a").state == "choosing"


def test_an_instruction_without_a_pick_is_asked_for(command: Command, heard: Flow) -> None:
    _, drafts = waiting(heard, **TWO_MANUAL)
    answer = command("pick", "a", str(drafts[0]))
    assert answer.returncode == 1
    assert "no pick for instructions[1]" in answer.stderr
    assert heard.brief("a").state == "choosing"
    assert command("pick", "a", str(drafts[0]), "--leave-rest").returncode == 0
    assert heard.finish("a").fields["promotions"] == "1"


def test_a_second_pick_comes_too_late(command: Command, heard: Flow) -> None:
    _, drafts = waiting(heard, **MANUAL)
    assert command("pick", "a", str(drafts[0])).returncode == 0
    answer = command("pick", "a", str(drafts[1]))
    assert answer.returncode == 1
    assert "only drafts of a brief that is choosing can be picked" in answer.stderr
    assert "`pick a DRAFT --again` makes one identity more, for its price." in answer.stderr


@pytest.mark.parametrize("brief_id", ["nobody", "a#0", "\x1b[31m"])
def test_an_unknown_brief_is_said_to_be_so(brief_id: str, command: Command, client: "redis.Redis") -> None:
    answer = command("pick", brief_id, "1")
    assert answer.returncode == 1
    assert "is on record" in answer.stderr
    assert "`identity-worker status` lists" in answer.stderr
    assert "\x1b" not in answer.stderr


def test_a_choice_is_made_again_beside_another_and_in_its_place(command: Command, heard: Flow) -> None:
    _, drafts = waiting(heard, choose="manual", instructions=[{"prompt": "one", "num_variations": 3}])
    first, second, third = map(str, drafts)
    heard.pause_promotes()
    assert command("pick", "a", second, "--again").returncode == 1, "no choice was made yet"
    assert command("pick", "a", first).returncode == 0
    assert command("pick", "a", second, third, "--again").returncode == 2
    refused = command("pick", "a", second, "--instead-of", third)
    assert (refused.returncode, f"draft {third} was not chosen" in refused.stderr) == (1, True)
    assert command("pick", "a", second, "--instead-of", first).stdout == f"a: promoting {second}\n"
    assert command("pick", "a", third, "--again").returncode == 0
    chosen = [heard.promotion("a", n).json("candidates")[0]["image_result_id"] for n in range(2)]
    assert chosen == drafts[1:]
