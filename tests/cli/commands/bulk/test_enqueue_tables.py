"""`enqueue` of the spreadsheet in examples/bulk: what is good is sent, the rest mended and sent."""

import shutil
from pathlib import Path
from types import ModuleType

import pytest
import redis
from bulk_example import BULK, HOW, program, read
from commandline import Command
from enqueued import ids, queued


@pytest.fixture
def bulk(tmp_path: Path) -> ModuleType:
    """The example's files in the folder where the command runs, and the program that wrote its table."""
    for path in BULK.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    return program("make")


def test_the_examples_table_is_what_its_program_writes(bulk: ModuleType, tmp_path: Path) -> None:
    bulk.write(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (BULK / "people.csv").read_bytes()


def test_the_examples_page_and_script_enqueue_it_as_these_tests_do() -> None:
    for name, times in (("README.md", 3), ("run.sh", 1)):
        assert (BULK / name).read_text(encoding="utf-8").count(" ".join(HOW)) == times


def test_the_examples_rejects_are_mended_and_sent_alone(
    command: Command, client: "redis.Redis", bulk: ModuleType, tmp_path: Path
) -> None:
    answer = command("enqueue", "people.csv", *HOW, "--keep-going", "--rejects", "bad.csv")
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1] == "280 sent, 20 bad"
    sent = ids(client)
    assert len(set(sent)) == 280
    header, *bad = read(tmp_path / "bad.csv")
    whole, mended = list(bulk.rows()), list(bulk.rows(mended=True))
    assert header == bulk.HEADER
    assert bad == [whole[number] for number in bulk.BAD]
    bulk.mend(tmp_path / "bad.csv")
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
