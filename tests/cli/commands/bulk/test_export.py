"""`identity-worker export`: one command from briefs on record to a folder that people can use."""

import csv
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from commandline import Command
from stepping import Flow, inlet_message
from support import eventually

from config import keys
from worker.ledger.transition import Transition


def variables(flow: Flow) -> dict[str, Any]:
    return {"PIKTID_API_URL": flow.api.url, "PIKTID_API_TOKEN": flow.api.token}


def test_a_batch_becomes_a_folder_of_pictures_named_by_sku(
    command: Command, heard: Flow, tmp_path: Path
) -> None:
    for sku in ("=1+1", "007"):
        heard.finish(heard.accept(batch="b", metadata={"sku": sku, "size": -5, "a": {"b": "ü"}}))
    heard.accept(batch="other")
    order = ("export", "--batch", "b", "--to", str(tmp_path / "out"), "--names", "{metadata.sku}_{n}")
    answer = command(*order, "--html", str(tmp_path / "b.html"), "--json", **variables(heard))
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "b.html").read_text(encoding="utf-8").count("<img") == 2
    assert json.loads(answer.stdout)["fetched"] == 2
    with (tmp_path / "out" / "b" / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    # What a spreadsheet would run is told as a text; numbers and zeros stay.
    assert [row["metadata.sku"] for row in found] == ["'=1+1", "007"]
    assert [row["metadata.size"] for row in found] == ["-5", "-5"]
    assert [row["metadata.a.b"] for row in found] == ["ü", "ü"]
    assert [row["file"] for row in found] == ["_=1+1_1/_=1+1_1.jpg", "007_1/007_1.jpg"]
    assert all((tmp_path / "out" / "b" / row["file"]).stat().st_size == int(row["size"]) for row in found)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b"]


def test_a_misspelled_field_of_a_name_is_told(command: Command, heard: Flow, tmp_path: Path) -> None:
    brief_id = heard.accept(metadata={"sku": "7"})
    assert heard.finish(brief_id).state == "done"
    heard.finish(heard.accept(metadata={"SKU": "8"}))
    order = ("export", "--state", "done", "--to", str(tmp_path / "out"), "--names", "{metadata.SKU}")
    answer = command(*order, **variables(heard))
    assert answer.returncode == 0
    assert "1 brief called by id: nothing is on record of what --names names" in answer.stderr
    assert {each.name for each in (tmp_path / "out" / "no-batch").glob("*/")} >= {brief_id, "8"}
    assert "called by id" not in command(*order[:-1], "{brief_id}", **variables(heard)).stderr


def test_a_picture_that_would_be_called_otherwise_by_now_is_told(
    command: Command, heard: Flow, tmp_path: Path
) -> None:
    brief_id = heard.accept(metadata={"sku": "7"})
    assert heard.finish(brief_id).state == "done"
    folder = tmp_path / "out" / "no-batch"
    order = ("export", "--state", "done", "--to", str(tmp_path / "out"), "--names", "{metadata.sku}")
    assert "earlier run" not in command(*order, **variables(heard)).stderr
    assert command("update", brief_id, "--metadata", "sku=8").returncode == 0
    answer = command(*order, **variables(heard))
    assert (answer.returncode, [each.name for each in folder.glob("*/")]) == (0, ["7"])
    assert "1 picture under the name of an earlier run, not under that of --names now" in answer.stderr
    shutil.rmtree(folder / "7")
    assert "earlier run" not in command(*order, **variables(heard)).stderr
    assert [each.name for each in folder.glob("*/")] == ["8"]


def test_what_its_sheet_says_of_picks_does_as_it_says(command: Command, heard: Flow, tmp_path: Path) -> None:
    faces = [
        {"prompt": prompt, "num_variations": 2, "options": {"size": "1K"}}
        for prompt in ("a cook", "a nurse", "a sailor")
    ]
    one = heard.accept(instructions=faces[:2], choose=["first", "manual"])
    two = heard.accept(instructions=faces, choose=["manual", "first", "manual"])
    for brief_id in (one, two):
        heard.until(brief_id, "choosing")
    order = ("export", "--drafts", "--to", str(tmp_path / "out"), "--html", str(tmp_path / "s.html"))
    assert command(*order, **variables(heard)).returncode == 0
    page = (tmp_path / "s.html").read_text(encoding="utf-8")
    commands = [found.split()[1:] for found in re.findall("<code>(.*?)</code>", page)]
    assert [len([each for each in commands if each[1] == brief_id]) for brief_id in (one, two)] == [2, 4]
    assert page.count("instructions [2]; or none") == page.count("instructions [0]; or none") == 2
    assert command(*next(each for each in commands if each[1] == one)).returncode == 0
    of_two = [each for each in commands if each[1] == two]
    assert of_two[0][3] == "DRAFT..."
    assert command(*of_two[0][:3], of_two[-1][2]).returncode == 0


def test_what_is_asked_wrongly_is_named_before_anything_is_done(alone: Command, tmp_path: Path) -> None:
    soon = ("--stall", "soon", "--follow")
    for wrong in (
        ("--names", "{sku}"),
        ("--names", "{metadata.}"),
        ("--names", "all"),
        ("--to", "ftp://x"),
        ("--timeout", "1s"),
        soon,
    ):
        answer = alone("export", "--to", str(tmp_path / "out"), *wrong)
        assert answer.returncode == 2, answer.stdout
        assert f"{wrong[0]} " in answer.stderr
    assert not (tmp_path / "out").exists()


def test_followed_it_exports_what_finishes_until_all_has(
    command: Command, heard: Flow, tmp_path: Path
) -> None:
    brief_id = heard.accept(choose="manual")
    drafts = heard.until(brief_id, "choosing").json("drafts")

    def finish() -> None:
        eventually(heard.client, (tmp_path / "out" / "no-batch" / "index.jsonl").exists)
        assert command("pick", brief_id, str(drafts[0]["image_result_id"])).returncode == 0
        heard.finish(brief_id)

    with ThreadPoolExecutor() as threads:
        order = ("export", "--follow", "--to", str(tmp_path / "out"), "--json")
        answer = threads.submit(command, *order, **variables(heard))
        finish()
    assert json.loads(answer.result().stdout) | {"bytes": 0} == {
        "to": str(tmp_path / "out"),
        "briefs": 1,
        "pictures": 1,
        "fetched": 1,
        "gone": 0,
        "unavailable": 0,
        "marked": 0,
        "unmarked": 0,
        "unnamed": 0,
        "named_before": 0,
        "bytes": 0,
    }


def test_followed_it_waits_for_what_is_still_queued(command: Command, heard: Flow, tmp_path: Path) -> None:
    heard.finish(heard.accept(batch="b"))
    body = {"brief_id": "late", "batch": "b", "instructions": [{"prompt": "a sailor"}]}
    heard.broker.enqueue(inlet_message(body))
    with ThreadPoolExecutor() as threads:
        order = ("export", "--follow", "--batch", "b", "--to", str(tmp_path / "out"), "--json")
        answer = threads.submit(command, *order, **variables(heard))
        eventually(heard.client, (tmp_path / "out" / "b" / "index.jsonl").exists)
        heard.steps.run(keys.INLET)
        heard.finish("late")
    assert json.loads(answer.result().stdout)["pictures"] == 2


def test_followed_it_ends_by_its_limits_with_what_has_finished(
    command: Command, heard: Flow, tmp_path: Path
) -> None:
    heard.finish(heard.accept(batch="autumn"))
    heard.accept(brief_id="open", batch="autumn")
    heard.accept(brief_id="held", batch="spring")
    for state in ("submitting", "uncertain", "held"):
        heard.ledger.apply(heard.brief("held"), Transition(state, fields={"question": "which job?"}))

    def run(batch: str, *limit: str) -> tuple[int, str]:
        to = tmp_path / f"{batch} {limit[0]}"
        answer = command("export", "--follow", "--batch", batch, "--to", str(to), *limit, **variables(heard))
        rows = (to / batch / "index.jsonl").read_text(encoding="utf-8").splitlines()
        files = [json.loads(row)["file"] is not None for row in rows]
        assert files == ([True, False] if batch == "autumn" else [False])
        return answer.returncode, answer.stderr.removeprefix("identity-worker: ").strip()

    with ThreadPoolExecutor() as threads:
        stalled, late, held = (
            threads.submit(run, *each)
            for each in (
                ("autumn", "--stall", "1s"),
                ("autumn", "--timeout", "1s"),
                ("spring", "--stall", "1s"),
            )
        )
    code, told = stalled.result()
    still, *_, ask = told.splitlines()
    assert (code, still) == (4, "nothing has moved for too long")
    assert re.fullmatch(r"open is waiting, for .+: see `identity-worker why open`", ask)
    assert late.result() == (5, "the time is over")
    person = "the rest waits for a person: see `identity-worker status --state held,choosing`"
    assert held.result() == (3, person)
