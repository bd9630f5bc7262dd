"""Which files and pipes are read for briefs: of a folder, named twice, not readable, from a terminal."""

import io
import json
import os
import sys
import threading
from pathlib import Path

import pytest
from reading_files import read, write

from cli.reading import folders, photo_places
from cli.sending.files import How, Reading
from cli.shared import progress
from config import durations
from config.settings import Settings

ONE = {"name": "one"}
TWO = {"name": "two"}


def skipped(path: Path, *, recursive: bool = False) -> list[str]:
    reading = Reading([str(path)], io.BytesIO(), How(recursive=recursive))
    assert list(reading.items()) is not None
    return [str(each).removeprefix(f"{path}: not read: ") for each in reading.skipped]


def test_a_folder_gives_its_json_and_jsonl_files_by_name(tmp_path: Path) -> None:
    write(tmp_path / "b.json", json.dumps(ONE))
    write(tmp_path / "a.jsonl", json.dumps(TWO))
    write(tmp_path / "c.txt", "no brief")
    assert [Path(item.file).name for item in read(tmp_path)] == ["a.jsonl", "b.json"]


@pytest.mark.parametrize(
    ("name", "begins", "told"),
    [
        ("a.heic", b"\0\0\0\x18ftypheic", "HEIC"),
        ("a.jsonl", b"\xff\xd8\xff\xe0\0", "is a photo"),
        ("a.csv", b"PK\x03\x04", ".xlsx"),
        ("a.csv", b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_no_text_is_told_for_what_it_is(name: str, begins: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(begins + b" and more")
    (found,) = read(tmp_path / name)
    assert told in found.faults[0].rule


@pytest.mark.parametrize("text", [f"{json.dumps(ONE)}\n{{", f"{{\n{json.dumps(ONE)},\n{json.dumps(ONE)}"])
def test_a_bad_line_does_not_spoil_others_and_is_no_document(text: str, tmp_path: Path) -> None:
    for ending in ("jsonl", "json"):
        found = read(write(tmp_path / f"a.{ending}", text))
        assert len(found) == len(text.split("\n"))
        assert ONE in [item.value for item in found]


def test_files_of_a_folder_are_known_by_their_endings_in_any_case(tmp_path: Path) -> None:
    for name in ("B.JSON", "a.NdJson", "c.JSONL"):
        write(tmp_path / name, json.dumps(ONE))
    assert [Path(item.source).name for item in read(tmp_path)] == ["B.JSON", "a.NdJson:1", "c.JSONL:1"]


def test_what_of_a_folder_is_passed_over_is_told_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path / "a.json", json.dumps(ONE))
    for name in ("._a.json", ".DS_Store", "notes.txt", "photo.jpg"):
        (tmp_path / name).write_bytes(b"\x00")
    (tmp_path / "deep.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    assert [item.value for item in read(tmp_path)] == [ONE]
    assert skipped(tmp_path) == [
        ".DS_Store, ._a.json (hidden)",
        "deep.json (a folder; --recursive reads it)",
        f"notes.txt ({folders.OTHER})",
        "pipe.json (no regular file)",
        f"photo.jpg ({folders.PHOTO})",
    ]


def test_the_folders_of_a_folder_are_read_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for path in ("z.json", "deep/er/a.json", "deep/b.json"):
        write(tmp_path / path, json.dumps(ONE))
    (tmp_path / "deep" / "round").symlink_to(tmp_path)
    found = [str(Path(item.source).relative_to(tmp_path)) for item in read(tmp_path, recursive=True)]
    assert found == ["z.json", "deep/b.json", "deep/er/a.json"]
    assert skipped(tmp_path, recursive=True) == [f"{tmp_path}/deep: not read: round (a link to a folder)"]


def test_one_file_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    write(tmp_path / "good.json", json.dumps(ONE))
    (tmp_path / "broken.json").symlink_to("nowhere.json")
    (tmp_path / "round.json").symlink_to("round.json")
    broken, good, round_ = read(tmp_path)
    assert (good.value, bool(good.faults)) == (ONE, False)
    assert [broken.faults[0].rule, round_.faults[0].rule] == [
        "can't be read: No such file or directory",
        "can't be read: Too many levels of symbolic links",
    ]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", json.dumps(ONE))
    assert [item.value for item in read(path, tmp_path, path)] == [ONE]


def test_standard_input_that_is_named_twice_is_read_once() -> None:
    reading = Reading(["-", "-"], io.BytesIO(json.dumps(ONE).encode()))
    assert [item.value for item in reading.items()] == [ONE]
    assert list(map(str, reading.skipped)) == ["-: not read: stdin (it was read already)"]


def test_a_named_pipe_is_read_when_it_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b'{"name": "one"}',))
    writer.start()
    assert [item.value for item in read(tmp_path / "pipe")] == [ONE]
    writer.join()


def test_a_place_with_nothing_to_read_is_a_fault_and_missed(tmp_path: Path) -> None:
    reading = Reading([str(tmp_path / "missing.json"), str(tmp_path)], io.BytesIO())
    nothing = (
        "has no file of briefs (.json, .jsonl, .csv, .xlsx ...) and no photo"
        "; --recursive looks into the folders in it as well"
    )
    rules = [item.faults[0].rule for item in reading.items()]
    assert rules == ["No such file or directory", nothing]
    assert reading.missed == [
        f"{tmp_path / 'missing.json'}: No such file or directory",
        f"{tmp_path}: {nothing}",
    ]


def test_an_empty_name_is_no_file_and_never_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "one.json", json.dumps(ONE))
    monkeypatch.chdir(tmp_path)
    reading = Reading([""], io.BytesIO())
    assert [item.value for item in reading.items() if not item.faults] == []
    assert reading.missed == [f"'': {photo_places.NO_NAME}"]
    with pytest.raises(photo_places.PlaceError, match="must be the name of a file or folder"):
        photo_places.PhotoPlaces(Settings(reference_dir=tmp_path)).photos([""])


def test_on_a_terminal_reading_many_shows_progress_and_wipes_it_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(durations, "PROGRESS_SECONDS", 0)
    assert list(progress.told([1, 2], "briefs read")) == [1, 2]
    assert capsys.readouterr().err == "", "no terminal"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress.told([1, 2], "briefs read")) == [1, 2]
    assert capsys.readouterr().err == f"\r1 briefs read\r\r2 briefs read\r\r{' ' * 13}\r"
