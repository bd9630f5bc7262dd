"""`identity-worker enqueue` of what was sent before: in another file, another order, in part, changed."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from commandline import Command
from own_account import CREATE
from stepping import Flow
from support import brief, event_types

from cli.sending.outgoing import EQUAL
from config import keys
from worker.briefs.to_type import answers
from worker.operations.operator import Operator
from worker.views.snapshots import brief as view

ROWS = [brief(name=f"Model {number}", metadata={"sku": number}) for number in range(3)]


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


class Desk:
    """Who enqueues files, and the worker that takes what was sent."""

    def __init__(self, command: Command, flow: Flow, folder: Path) -> None:
        self._command, self.flow, self._folder = command, flow, folder

    def enqueue(self, *arguments: str, stdin: str = "") -> tuple[int, list[str]]:
        """Enqueue, let the worker take all of it; return the exit code and each one's status."""
        answer = self._command("enqueue", *arguments, "--json", stdin=stdin)
        while self.flow.client.llen(keys.QUEUE(keys.INLET)):
            self.flow.steps.run(keys.INLET)
        self.told = json.loads(answer.stdout)
        return answer.returncode, [each["status"] for each in self.told]

    def write(self, name: str, *rows: Any) -> str:
        """Write a file of briefs; return its name."""
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(lines(*rows))
        return name

    def on_record(self) -> int:
        """Return how many briefs are on record."""
        client = self.flow.client
        return int(client.zcard(keys.UNFINISHED())) + int(client.zcard(keys.FINISHED()))


@pytest.fixture
def desk(command: Command, flow: Flow, tmp_path: Path) -> Desk:
    return Desk(command, flow, tmp_path)


def test_rows_are_the_same_in_any_order_file_folder_and_part(desk: Desk) -> None:
    assert desk.enqueue(desk.write("one.jsonl", *ROWS[:1])) == (0, ["sent"]), "a sample first"
    assert desk.enqueue(desk.write("all.jsonl", *ROWS)) == (0, ["same", "sent", "sent"]), "then all"
    new = brief(name="New")
    assert desk.enqueue(desk.write("all.jsonl", new, *ROWS[::-1])) == (0, ["sent", "same", "same", "same"])
    (Path(desk._folder) / "all.jsonl").rename(desk._folder / "copy.jsonl")
    assert desk.enqueue("copy.jsonl") == (0, ["same"] * 4)
    assert desk.enqueue("-", stdin=lines(*ROWS)) == (0, ["same"] * 3)
    first, second = desk.write("a/x.jsonl", ROWS[0]), desk.write("b/x.jsonl", brief(name="In b"))
    assert desk.enqueue(first, second) == (0, ["same", "sent"]), "one file's name in two folders"
    assert desk.on_record() == 5


def test_standard_input_sent_twice_is_one_brief_and_told_where_it_stands(desk: Desk) -> None:
    assert desk.enqueue("-", stdin=lines(ROWS[0])) == (0, ["sent"])
    assert desk.enqueue("-", stdin=lines(ROWS[0])) == (0, ["same"])
    assert desk.told[0]["state"] == "waiting"
    assert desk.on_record() == 1


def test_what_was_sent_and_not_taken_yet_is_one_brief(desk: Desk, command: Command) -> None:
    for _ in range(2):
        assert command("enqueue", "-", stdin=lines(ROWS[0])).returncode == 0
    desk.flow.steps.run(keys.INLET)
    desk.flow.steps.run(keys.INLET)
    assert desk.on_record() == 1
    assert event_types(desk.flow.client) == ["identity.brief.accepted"]


def test_equal_rows_of_one_file_count_each_and_of_two_files_once(desk: Desk) -> None:
    file = desk.write("a.jsonl", ROWS[0], ROWS[1], ROWS[0])
    assert desk.enqueue(file) == (0, ["sent"] * 3)
    ids = [each["brief_id"] for each in desk.told]
    assert ids[2] == f"{ids[0]}-2"
    assert [EQUAL in each["notes"] for each in desk.told] == [False, False, True]
    assert desk.enqueue(file) == (0, ["same"] * 3)
    assert desk.enqueue(desk.write("b.jsonl", ROWS[2]), desk.write("c.jsonl", ROWS[2])) == (
        0,
        ["sent", "same"],
    )
    assert desk.told[1]["same_as"] == "b.jsonl:1"


def test_equal_rows_are_told_with_where_they_stand(alone: Command, tmp_path: Path) -> None:
    rows = [f"a sailor {number}" for number in (*range(24), 3, 3)]
    (tmp_path / "rows.csv").write_text("prompt\n" + "\n".join(rows) + "\n")
    told = alone("enqueue", "rows.csv", "--dry-run").stdout
    assert f"note on 2 briefs: {EQUAL}\n  rows.csv row 26, rows.csv row 27\n" in told


def test_a_row_of_another_batch_account_or_metadata_is_another_brief(desk: Desk) -> None:
    file = desk.write("a.jsonl", ROWS[0])
    assert desk.enqueue(file, "--batch", "one") == (0, ["sent"])
    assert desk.enqueue(file, "--batch", "two") == (0, ["sent"])
    assert desk.enqueue(desk.write("b.jsonl", ROWS[0] | {"metadata": {"sku": "x"}})) == (0, ["sent"])


def test_a_row_sent_again_with_another_priority_is_no_second_brief(desk: Desk) -> None:
    file = desk.write("a.jsonl", ROWS[0])
    desk.enqueue(file)
    assert desk.enqueue(file, "--priority", "50") == (1, ["conflict"])
    assert desk.told[0]["differs"] == ["priority"]
    assert desk.enqueue(file, "--priority", "50", "--update") == (0, ["updated"])
    assert desk.enqueue(file, "--priority", "50") == (0, ["same"])


def test_another_brief_under_an_id_that_runs_is_refused_with_what_differs(
    desk: Desk, command: Command
) -> None:
    file = desk.write("a.jsonl", ROWS[0] | {"brief_id": "b"})
    desk.enqueue(file)
    desk.write("a.jsonl", ROWS[0] | {"brief_id": "b", "name": "Other", "batch": "x"})
    text = command("enqueue", file)
    assert text.returncode == 1
    assert "b: not sent: another brief has this id (waiting), which differs in batch, name" in text.stdout
    assert desk.enqueue(file, "--rejects", "again.jsonl") == (1, ["conflict"])
    assert json.loads((desk._folder / "again.jsonl").read_text())["name"] == "Other"
    assert "identity.brief.conflict" not in event_types(desk.flow.client), "it was not even sent"


def test_a_corrected_row_takes_the_place_of_one_that_failed_unpaid(desk: Desk, command: Command) -> None:
    desk.flow.api.refuse(CREATE, 400)
    file = desk.write("a.jsonl", ROWS[0] | {"brief_id": "b"})
    desk.enqueue(file)
    assert desk.flow.finish("b").state == "failed"
    assert desk.enqueue(file) == (0, ["same"])
    assert desk.told[0]["state"] == "failed"
    desk.write("a.jsonl", ROWS[0] | {"brief_id": "b", "instructions": [{"prompt": "A man."}]})
    assert desk.enqueue(file) == (0, ["replaced"])
    assert desk.flow.brief("b").state == "waiting"
    shown = command("status", "b").stdout
    assert "briefs whose place it has taken:\n" in shown
    assert "replaced failed" in shown


def test_a_row_of_a_cancelled_brief_that_was_changed_is_sent(desk: Desk) -> None:
    file = desk.write("a.jsonl", ROWS[0] | {"brief_id": "b"})
    desk.enqueue(file)
    Operator(desk.flow.client, desk.flow.settings, "test").cancel(desk.flow.brief("b"))
    desk.write("a.jsonl", ROWS[1] | {"brief_id": "b"})
    assert desk.enqueue(file) == (0, ["replaced"])


def buy(desk: Desk, row: dict[str, Any]) -> str:
    """Have a row bought, and its record run out."""
    desk.enqueue(desk.write("bought.jsonl", row))
    brief_id = str(desk.told[0]["brief_id"])
    desk.flow.until(brief_id, "generating")
    return brief_id


def test_what_was_bought_is_not_bought_again_after_its_record_ends(desk: Desk, command: Command) -> None:
    brief_id = buy(desk, ROWS[0])
    client = desk.flow.client
    client.delete(keys.RECORD(f"brief:{brief_id}"))
    answer = command("enqueue", "bought.jsonl")
    assert answer.returncode == 1
    assert f"not sent: the same was bought on {time.strftime('%Y-')}" in answer.stdout
    assert f"as brief {brief_id} of account default; --again buys it once more" in answer.stdout
    assert desk.enqueue("bought.jsonl") == (1, ["bought"])
    assert desk.told[0]["bought_before"]["brief_id"] == brief_id
    client.delete(keys.UNFINISHED())
    assert desk.enqueue("bought.jsonl", "--again") == (0, ["sent"])


def test_what_another_id_bought_is_asked_about_or_noted_from_the_queue(desk: Desk, command: Command) -> None:
    brief_id = buy(desk, ROWS[0])
    other = ROWS[0] | {"brief_id": "other", "batch": "b", "metadata": {}}
    assert desk.enqueue(desk.write("other.jsonl", other)) == (1, ["bought"])
    desk.flow.accept(**other)
    found = view(desk.flow.client, "other")
    assert found is not None
    assert found.bought_before is not None
    assert (found.bought_before.brief_id, found.bought_before.account) == (brief_id, "default")
    assert f"as {brief_id} of default" in command("status", "other").stdout


def test_a_dry_run_tells_what_is_on_record_as_sending_would(desk: Desk) -> None:
    desk.enqueue(desk.write("a.jsonl", ROWS[0], ROWS[1] | {"brief_id": "b"}))
    rows = [ROWS[0], ROWS[1] | {"brief_id": "b", "name": "Other"}, ROWS[2]]
    answer = desk._command("enqueue", desk.write("a.jsonl", *rows), "--dry-run", "--json")
    assert [each["status"] for each in json.loads(answer.stdout)["briefs"]] == ["same", "conflict", "valid"]
    assert answer.returncode == 1


def test_files_update_metadata_batch_and_priority_of_what_is_on_record(desk: Desk) -> None:
    desk.enqueue(desk.write("a.jsonl", ROWS[0] | {"brief_id": "b"}, ROWS[1] | {"brief_id": "c"}))
    changed = {"metadata": {"sku": "new"}, "batch": "spring", "priority": 4}
    rows = [
        ROWS[0] | {"brief_id": "b"} | changed,
        ROWS[1] | {"brief_id": "c", "name": "Other"} | changed,
        ROWS[2] | {"brief_id": "d"},
    ]
    file = desk.write("a.jsonl", *rows)
    assert desk.enqueue(file, "--update") == (1, ["updated", "conflict", "unknown"])
    found = view(desk.flow.client, "b")
    assert found is not None
    assert (found.metadata, found.batch, found.priority) == ({"sku": "new"}, "spring", 4)
    assert desk.enqueue(file, "--update") == (1, ["same", "conflict", "unknown"])


def test_rows_without_an_id_are_found_to_be_updated_without_options(desk: Desk) -> None:
    file = desk.write("a.jsonl", *ROWS[:2])
    desk.enqueue(file)
    assert desk.enqueue(file, "--update", "--batch", "spring") == (0, ["updated"] * 2)
    assert desk.flow.client.zcard(keys.BATCH("spring")) == 2
    assert desk.on_record() == 2


def test_an_id_like_an_option_is_told_how_to_be_given(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="-nal")
    wrong = command("status", "-nal")
    assert wrong.returncode == 2
    assert "identity-worker status -- -nal" in " ".join(wrong.stderr.split())
    right = command("status", "--", "-nal")
    assert (right.returncode, "brief:     -nal" in right.stdout) == (0, True)


@pytest.mark.parametrize(
    ("brief_id", "told"),
    [
        ("nal", "identity-worker resolve nal --resend"),
        ("n 1", "identity-worker resolve 'n 1' --resend"),
        ("-nal", "identity-worker resolve --resend -- -nal"),
    ],
)
def test_a_told_command_can_be_typed_whatever_the_id_begins_with(brief_id: str, told: str) -> None:
    assert answers(brief_id, jobs=[]) == [told, told.replace("--resend", "--give-up")]
