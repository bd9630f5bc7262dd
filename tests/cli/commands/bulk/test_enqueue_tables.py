"""`enqueue` of the spreadsheet in examples/bulk: what is good is sent, the rest mended and sent."""

import csv
import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest
import redis
from commandline import Command
from enqueued import ids, queued

BULK = Path(__file__).parents[4] / "examples" / "bulk"
HOW = ("--map", "columns.toml", "--template", "template.json", "--batch", "spring", "--set", "size=1K")


@pytest.fixture
def bulk(tmp_path: Path) -> ModuleType:
    """The example's files in the folder where the command runs, and its program."""
    for path in BULK.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    spec = importlib.util.spec_from_file_location("make_people", BULK / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_table_is_what_its_program_writes(bulk: ModuleType, tmp_path: Path) -> None:
    bulk.write(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (BULK / "people.csv").read_bytes()


def test_its_rejects_are_mended_and_sent_and_touch_nothing_else(
    command: Command, client: "redis.Redis", bulk: ModuleType, tmp_path: Path
) -> None:
    answer = command("enqueue", "people.csv", *HOW, "--keep-going", "--rejects", "bad.csv")
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1] == "280 sent, 20 bad"
    sent = ids(client)
    assert len(set(sent)) == 280
    header, *bad = _rows(tmp_path / "bad.csv")
    whole, mended = list(bulk.rows()), list(bulk.rows(mended=True))
    assert header == bulk.HEADER
    assert bad == [whole[number] for number in bulk.BAD]
    _write(tmp_path / "bad.csv", [header, *(mended[number] for number in bulk.BAD)])
    assert command("enqueue", "bad.csv", *HOW).returncode == 0
    assert ids(client)[:280] == sent
    found = {each["metadata"]["sku"]: each for each in queued(client)}
    assert sorted(found) == [row[0] for row in mended[1:]]
    assert found["00007"]["instructions"][0] == {
        "appearance": {"gender": "female", "age": 27},
        "face": {"eyes": "blue"},
        "hair": {"color": "auburn", "length": "shoulder-length"},
        "num_variations": 2,
        "options": {"ar": "1:1", "size": "1K"},
    }


def test_a_column_that_is_no_field_is_a_wrong_use(alone: Command, bulk: ModuleType) -> None:
    answer = alone("enqueue", "people.csv", "--dry-run")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "people.csv: column 'SKU' is no field of a brief" in answer.stderr


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";"))


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
