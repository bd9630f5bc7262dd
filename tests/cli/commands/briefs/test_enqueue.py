"""`identity-worker enqueue`: what is sent, under which id, and what is refused before anything is sent."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis
from commandline import SCRIPT, Command, environment
from enqueued import BAD, GOOD, ids, queued
from stepping import Flow
from support import brief

from worker.briefs.brief import parse
from worker.briefs.equality import made_id
from worker.ledger.transition import Answer, Transition
from worker.lifecycle.record_fields import body_fields


def test_a_brief_is_sent_as_it_stands_under_an_id_from_it(
    command: Command, client: "redis.Redis", tmp_path: Path
) -> None:
    written = brief(metadata={"price": 1.0, "who": "Änne ✂"}, batch="autumn")
    (tmp_path / "spring.json").write_text(json.dumps(written))
    answer = command("enqueue", "spring.json")
    (sent,) = queued(client)
    made = sent.pop("brief_id")
    assert (answer.returncode, answer.stdout) == (0, f"spring.json: {made}: sent\n1 sent\n")
    assert sent == written


def test_a_brief_keeps_an_id_of_its_own(command: Command, client: "redis.Redis") -> None:
    assert command("enqueue", "-", stdin=json.dumps(brief(brief_id="mine"))).returncode == 0
    assert ids(client) == ["mine"]


def test_a_brief_from_standard_input_is_told_its_id(command: Command, client: "redis.Redis") -> None:
    answer = command("enqueue", "-", "--json", stdin=GOOD)
    (told,) = json.loads(answer.stdout)
    assert (told["source"], told["status"]) == ("stdin", "sent")
    assert ids(client) == [told["brief_id"]]


def test_options_replace_the_envelope_s_fields_only_if_given(
    command: Command, client: "redis.Redis", tmp_path: Path
) -> None:
    written = brief(account="default", batch="autumn", priority=1, brief_id="a")
    (tmp_path / "a.json").write_text(json.dumps(written))
    assert command("enqueue", "a.json", "--batch", "spring", "--priority", "0").returncode == 0
    assert queued(client) == [written | {"batch": "spring", "priority": 0}]


def test_many_files_lines_and_items_are_sent_in_their_order(
    command: Command, client: "redis.Redis", tmp_path: Path
) -> None:
    named = {name: json.dumps(brief(brief_id=name)) for name in ("c", "a-1", "a-2", "b-1", "b-2")}
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.jsonl").write_text(f"{named['b-1']}\n{named['b-2']}\n")
    (tmp_path / "in" / "a.json").write_text(f"[{named['a-1']},{named['a-2']}]")
    (tmp_path / "c.json").write_text(named["c"])
    assert command("enqueue", "c.json", "in").returncode == 0
    assert ids(client) == ["c", "a-1", "a-2", "b-1", "b-2"]


def test_one_bad_brief_keeps_all_back_with_its_faults_listed(
    command: Command, client: "redis.Redis", tmp_path: Path
) -> None:
    (tmp_path / "all.jsonl").write_text(f"{GOOD}\n{BAD}\n{{\n")
    answer = command("enqueue", "all.jsonl")
    assert answer.returncode == 1
    for line in (
        f"all.jsonl:1: {made_id(parse(GOOD))}: valid, not sent",
        "all.jsonl:2: bad",
        "  priority: a whole number from -100 to 100",
        "  choose: first, all, manual, best or plugin:NAME",
        "all.jsonl:3: bad",
        "  brief: must be JSON",
        "Nothing was enqueued",
    ):
        assert f"\n{line}" in f"\n{answer.stdout}"
    assert queued(client) == []


def test_keep_going_sends_the_good_ones_and_still_ends_with_1(
    command: Command, client: "redis.Redis", tmp_path: Path
) -> None:
    (tmp_path / "all.jsonl").write_text(f"{BAD}\n{GOOD}\n")
    answer = command("enqueue", "all.jsonl", "--keep-going", "--json")
    assert answer.returncode == 1
    bad, sent = json.loads(answer.stdout)
    assert (bad["status"], sent["status"]) == ("bad", "sent")
    assert ids(client) == [sent["brief_id"]]


def test_two_different_briefs_of_one_id_are_a_fault(
    command: Command, client: "redis.Redis", tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(brief(brief_id="one")))
    (tmp_path / "b.json").write_text(json.dumps(brief(brief_id="one", name="Another")))
    answer = command("enqueue", ".")
    assert answer.returncode == 1
    assert "b.json: one: bad\n  brief_id: is the id of a.json already" in answer.stdout
    assert queued(client) == []


def test_a_brief_on_record_is_not_sent_again_but_located(
    command: Command, flow: Flow, tmp_path: Path
) -> None:
    (tmp_path / "spring.json").write_text(json.dumps(brief(brief_id="spring")))
    flow.accept(brief_id="spring")
    answer = command("enqueue", "spring.json")
    assert answer.returncode == 0
    assert "spring: the same is on record already (waiting), not sent again" in answer.stdout
    assert queued(flow.client) == []


def test_a_brief_filled_in_by_its_photos_description_is_the_same(
    command: Command, flow: Flow, tmp_path: Path
) -> None:
    photo = {"reference_image": "ada.jpg", "brief_id": "ada"}
    (tmp_path / "ada.json").write_text(json.dumps(photo))
    flow.accept(instructions=None, name=None, **photo)
    described = body_fields({"instructions": [{"hair": {"color": "red"}, "num_variations": 1}]})
    assert flow.ledger.apply(flow.brief("ada"), Transition("waiting", fields=described)) is Answer.APPLIED
    answer = command("enqueue", "ada.json")
    assert (answer.returncode, queued(flow.client)) == (0, [])
    assert "ada: the same is on record already (waiting), not sent again" in answer.stdout


@pytest.mark.parametrize("other", [{"reference_image": "eve.jpg"}, {"choose": "all"}, {"name": "Eve"}])
def test_a_brief_that_asks_for_something_else_is_another_one(
    other: dict[str, Any], command: Command, flow: Flow, tmp_path: Path
) -> None:
    photo = {"reference_image": "ada.jpg", "brief_id": "ada"}
    (tmp_path / "ada.json").write_text(json.dumps(photo | other))
    flow.accept(instructions=None, name=None, **photo)
    answer = command("enqueue", "ada.json")
    assert answer.returncode == 1
    assert "another brief has this id" in answer.stdout


def test_another_brief_under_an_id_that_is_on_record_is_refused(
    command: Command, flow: Flow, tmp_path: Path
) -> None:
    (tmp_path / "spring.json").write_text(json.dumps(brief(brief_id="spring", name="Another")))
    flow.accept(brief_id="spring")
    answer = command("enqueue", "spring.json")
    assert answer.returncode == 1
    assert "another brief has this id" in answer.stdout
    assert queued(flow.client) == []


def test_a_batch_s_new_budget_is_told_also_when_nothing_is_sent(
    command: Command, flow: Flow, tmp_path: Path
) -> None:
    (tmp_path / "spring.json").write_text(json.dumps(brief(brief_id="spring", batch="b")))
    flow.accept(brief_id="spring", batch="b")
    answer = command("enqueue", "spring.json", "--max-credits", "500")
    assert answer.returncode == 0
    assert "batch b may cost 500 credits in all now\n" in answer.stdout
    assert "spring: the same is on record already (waiting), not sent again\n" in answer.stdout


def test_a_field_that_is_missing_is_not_shown_as_null(alone: Command) -> None:
    answer = alone("enqueue", "-", "--dry-run", stdin="{}")
    assert "instructions: is required" in answer.stdout
    assert "got null" not in answer.stdout


@pytest.mark.parametrize("text", ['{"\x1b[31m": 1}', '{"name": "\u202ehidden", "instructions": []}'])
def test_nothing_that_was_read_acts_on_the_terminal(text: str, alone: Command) -> None:
    answer = alone("enqueue", "-", "--dry-run", stdin=text)
    assert answer.returncode == 1
    assert not [each for each in answer.stdout if not each.isprintable() and each != "\n"]


def test_a_closed_standard_input_stops_no_files(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(GOOD)
    command = ["sh", "-c", 'exec "$0" "$@" <&-', SCRIPT, "enqueue", "a.json", "--dry-run", "--json"]
    answer = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=60
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert [each["status"] for each in json.loads(answer.stdout)["briefs"]] == ["valid"]
