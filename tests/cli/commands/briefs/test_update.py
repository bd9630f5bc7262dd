"""`identity-worker update`: metadata, batch and priority of a brief, changed by a person."""

import json

import pytest
from commandline import Command
from stepping import Flow

from worker.views.snapshots import brief as view


def test_what_is_named_is_changed_and_the_rest_stays(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="b", metadata={"sku": 1, "kept": True}, batch="x")
    answer = command("update", "b", "--metadata", "sku=a=b", "--priority", "7", "--by", "ada")
    assert (answer.returncode, answer.stdout) == (0, "b: metadata, priority changed\n")
    found = view(flow.client, "b")
    assert found is not None
    assert (found.metadata, found.batch, found.priority) == ({"sku": "a=b", "kept": True}, "x", 7)
    shown = command("status", "b").stdout
    assert "priority:  7\n" in shown
    assert "operator update  by=ada" in shown
    whole = command("update", "b", "--metadata-json", '{"n": 1}', "--batch", "", "--json")
    assert json.loads(whole.stdout) == {"brief_id": "b", "changed": ["metadata", "batch"]}
    again = command("update", "b", "--metadata-json", '{"n": 1.0}')
    assert again.stdout == "b: it was so already, nothing changed\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "say what to change"),
        (("--metadata", "sku"), 2, "--metadata 'sku': must be KEY=TEXT"),
        (("--metadata-json", "[1]"), 2, "--metadata-json: must be an object"),
        (("--metadata-json", "{"), 2, "--metadata-json: must be JSON"),
        (("--metadata-json", "{}", "--metadata", "a=b"), 2, "can't be given together"),
        (("--priority", "101"), 1, "priority: a whole number from -100 to 100"),
        (("--priority", "1"), 1, "no brief nobody is on record"),
    ],
)
def test_what_can_t_be_done_is_told(
    arguments: tuple[str, ...], code: int, says: str, command: Command, flow: Flow
) -> None:
    name = "nobody" if "no brief" in says else "b"
    flow.accept(brief_id="b")
    answer = command("update", name, *arguments)
    assert (answer.returncode, answer.stdout) == (code, "")
    assert says in answer.stderr
