"""What the demo leaves behind: the table on 80 columns, and the folders of this run alone."""

import io
import json
from pathlib import Path
from typing import Any, cast

from ended_runs import brief, summary
from rich.console import Console

from cli.demo import identity_folders
from cli.demo.results import write_summary
from cli.demo.summary import table
from cli.shared.output import print_drawing
from worker.piktid.pictures import Picture

PICTURE = Picture(b"a picture", "image/png", ".png")


def printed(*briefs: dict[str, Any]) -> list[str]:
    console = Console(width=80, file=io.StringIO())
    print_drawing(console, table(summary(*briefs), console.width))
    return cast(io.StringIO, console.file).getvalue().splitlines()


def test_each_identity_has_a_row_and_the_briefs_stands_first() -> None:
    heading, first, second, *_ = printed(brief("a", "code12345678", "code87654321"))
    assert heading.split() == ["BRIEF", "IDENTITY", "IDENTITY_CODE", "DRAFTS", "CREDITS"]
    assert first.split()[0] == "a"
    assert first.split()[-3:] == ["code12345678", "3", "59"]
    assert first.index("code") == second.index("code") == heading.index("IDENTITY_CODE")
    assert second.endswith("code87654321")


def test_a_long_id_is_whole_in_place_of_the_name() -> None:
    brief_id = "0f8fad5b-d9cb-469f-a165-70867728950e"
    row = printed(brief(brief_id, "code12345678"))[1]
    assert row.startswith(f"{brief_id} A name that i… ")
    assert "code12345678" in row


def test_what_went_wrong_stands_whole_under_the_row() -> None:
    error = "400: the name of a living person is blocked " * 4
    lines = printed(brief("famous", error=error.strip()))
    assert lines[1].split() == ["famous", "failed", "3", "59"]
    assert " ".join(" ".join(lines[2:5]).split()) == error.strip()


def test_no_line_is_wider_than_the_terminal_or_ends_in_blanks() -> None:
    lines = printed(brief("x" * 128, "code12345678"), brief("b", error="y" * 300))
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]


def write(output: Path, *codes: str) -> None:
    """Leave behind what a run with these identities does."""
    for code in codes:
        identity_folders.write(output / code, {"identity_code": code}, PICTURE)
    write_summary(output, summary(brief("a", *codes)))


def folders(output: Path) -> list[str]:
    return sorted(path.name for path in output.iterdir() if path.is_dir())


def test_the_folders_of_the_run_before_are_removed_unless_used_again(tmp_path: Path) -> None:
    write(tmp_path, "one", "two")
    write(tmp_path, "two", "three")
    assert folders(tmp_path) == ["three", "two"]
    assert (tmp_path / "two" / "picture.png").read_bytes() == PICTURE.content


def test_what_no_run_wrote_stays(tmp_path: Path) -> None:
    write(tmp_path, "one")
    (tmp_path / "mine").mkdir()
    (tmp_path / "one" / "notes.txt").write_text("mine too")
    write(tmp_path, "two")
    assert folders(tmp_path) == ["mine", "one", "two"]
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["notes.txt"]


def test_a_summary_that_leads_elsewhere_removes_nothing(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    identity_folders.write(outside, {}, PICTURE)
    output = tmp_path / "output"
    output.mkdir()
    for text in ("{", "[]", json.dumps(summary(brief("a", "../outside", "", ".")))):
        (output / "summary.json").write_text(text)
        write(output, "two")
    assert (outside / "metadata.json").exists()
    assert folders(output) == ["two"]
