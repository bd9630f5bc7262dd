"""`identity-worker import` sends each portrait once, from folders and from files of briefs."""

import json
from pathlib import Path
from typing import Any

import pytest
from commandline import Command
from own_account import Api
from stepping import Flow

from config import keys
from sandbox.pictures.draw import draw
from worker.selection.language import parse
from worker.selection.selecting import select


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "references"
    path.mkdir()
    for name in ("Ada", "Bo"):
        look = {"options": {"size": "1K", "ar": "1:1", "format": "jpg"}}
        (path / f"{name}.jpg").write_bytes(draw(look, name, 0))
    return path


@pytest.fixture
def environment(environment: dict[str, str], folder: Path) -> dict[str, str]:
    return {**environment, "IDENTITY_WORKER_REFERENCE_DIR": str(folder)}


def test_a_folder_and_a_file_of_rows_become_identities_once(
    command: Command, heard: Flow, api: Api, folder: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.jsonl"
    row = {"reference_image": "Bo.jpg", "name": "Beatrix", "metadata": {"sku": "0042"}}
    rows.write_text(json.dumps(row) + "\n")

    def run(*arguments: str) -> tuple[int, Any]:
        ended = command("import", *arguments, "--json", IDENTITY_WORKER_REFERENCE_DIR=str(folder))
        return ended.returncode, json.loads(ended.stdout)

    (folder / "Copy of Bo.jpg").write_bytes((folder / "Bo.jpg").read_bytes())
    code, plan = run(str(folder), str(rows), "--dry-run")
    told = plan["briefs"]
    assert [(each["slots"], each["promotion_credits"]) for each in plan["plan"]["accounts"]] == [(3, 0)]
    assert (code, [each["status"] for each in told]) == (0, ["valid"] * 3)
    assert {each["promotion_credits"] for each in told} == {0}
    code, told = run(str(folder), str(rows), "--tag", "spring")
    assert (code, [each["status"] for each in told]) == (0, ["sent"] * 3)
    for _ in told:
        heard.steps.run(keys.INLET)
    heard.steps.until(lambda: heard.client.zcard(keys.FINISHED()) == 3)
    identities = {each["name"]: each for each in api.ledger()["identities"]}
    assert set(identities) == {"Ada", "Bo", "Beatrix"}
    assert len(list(select(heard.client, parse("kind:import")))) == 3
    assert list(select(heard.client, parse("kind:identity"))) == []
    # The same again, one of them moved: nothing is sent.
    (folder / "Ada.jpg").rename(folder / "ada-moved.jpg")
    code, told = run(str(folder), str(rows), "--tag", "spring")
    assert (code, sorted(each["status"] for each in told)) == (1, ["conflict", "same", "same"])
    assert heard.client.llen(keys.QUEUE(keys.INLET)) == 0


def test_a_row_that_is_no_import_is_told_with_its_line(
    command: Command, folder: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"reference_image": "Bo.jpg"}\n{"name": "No portrait"}\n')
    ended = command("import", str(rows), IDENTITY_WORKER_REFERENCE_DIR=str(folder))
    assert ended.returncode == 1
    assert "rows.jsonl:2" in ended.stdout
    assert "reference_image" in ended.stdout
    assert "Nothing was sent" in ended.stdout
