"""Workbooks of Excel: what their cells mean, what is wrong with them, and rejects as a workbook."""

import io
import sys
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from reading_tables import faults, items, prepared

from cli.reading.formats import Format
from cli.reading.tables.errors import UsageError
from cli.sending.files import How, Reading
from cli.sending.rejects import rejects_to

HEADER = ["name", "age", "metadata.sku", "metadata.day", "ar", "num_variations"]


def workbook(*rows: list[Any], change: Callable[[Workbook], None] | None = None) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Summer"
    for row in rows:
        sheet.append(row)
    if change is not None:
        change(book)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def number_format(cell: str, how: str) -> Callable[[Workbook], None]:
    return lambda book: setattr(book["Summer"][cell], "number_format", how)


def test_cells_mean_what_they_show() -> None:
    row = ["Jo", 28.0, 471, date(2026, 11, 28), time(16, 9), 2.0]
    (found,) = items(workbook(HEADER, row, change=number_format("C2", "00000")), None)
    assert found.value == {
        "name": "Jo",
        "instructions": [{"appearance": {"age": 28}, "options": {"ar": "16:9"}, "num_variations": 2}],
        "metadata": {"sku": "00471", "day": "2026-11-28"},
    }
    assert found.source == "stdin row 2"


def test_a_number_shown_in_per_cent_is_text() -> None:
    content = workbook(["metadata.share"], [0.07], change=number_format("A2", "0%"))
    assert items(content, None)[0].value == {"metadata": {"share": "7%"}}


def test_ends_of_lines_that_excel_writes_as_words_are_ends_of_lines() -> None:
    content = workbook(["metadata.note_x000D_"], ["one_x000D_\ntwo_x0009_2"])
    assert items(content, None)[0].value == {"metadata": {"note": "one\ntwo\t2"}}


def test_blank_rows_are_counted_as_the_spreadsheet_counts_them() -> None:
    found = items(workbook([], HEADER, [], ["Jo", 1], [None, " "], ["Al", 2]), None)
    assert [item.place for item in found] == [" row 4", " row 6"]


def test_the_first_sheet_that_is_not_hidden_is_read() -> None:
    def hide(book: Workbook) -> None:
        book["Summer"].sheet_state = "hidden"
        book.create_sheet("Winter").append(["name"])
        book["Winter"].append(["Jo"])

    found = items(workbook(["unknown"], ["x"], change=hide), None)
    assert [item.value for item in found] == [{"name": "Jo"}]


def test_who_means_another_sheet_is_told_which_was_read() -> None:
    content = workbook(["Read the next sheet"], change=lambda book: book.create_sheet("People"))
    with pytest.raises(UsageError, match="sheet 'Summer' is read; --sheet names another of People"):
        items(content, None)


def test_misread_dates_formulas_without_values_and_errors_are_faults() -> None:
    def error(book: Workbook) -> None:
        book["Summer"]["A4"].data_type = "e"

    rows = [["Jo", date(2026, 10, 12)], ['=B2&"x"', 3], ["#N/A", 4]]
    told = faults(prepared(workbook(HEADER, *rows, change=error), None))
    assert [each.split(" (got")[0][:95] for each in told] == [
        "stdin row 2: instructions[0].appearance.age (column B: age): must be no date: it may be text of",
        "stdin row 3: name (column A: name): must be a value: this is a formula, and the program that wr",
        "stdin row 4: name (column A: name): must be a value: this is a spreadsheet's error",
    ]


def test_another_sheet_is_named_and_the_others_are_told() -> None:
    def winter(book: Workbook) -> None:
        for row in (["name"], ["Al"]):
            book["Winter"].append(row) if "Winter" in book.sheetnames else book.create_sheet("Winter").append(
                row
            )

    content = workbook(["name"], ["Jo"], change=winter)
    reading = Reading(["-"], io.BytesIO(content), How())
    assert [item.value for item in reading.items()] == [{"name": "Jo"}]
    assert reading.told == ["stdin: sheet 'Summer' is read; --sheet names another of Winter"]
    assert [item.value for item in items(content, None, sheet="Winter")] == [{"name": "Al"}]
    with pytest.raises(UsageError, match="the nearest is 'Winter'; there are Summer, Winter"):
        items(content, None, sheet="winter")


def test_rejects_are_a_workbook_with_the_same_cells(tmp_path: Path) -> None:
    rows = [["Jo", 28, 471, date(2026, 11, 28), "16:9", 2], ["Al", "x", 472, date(2026, 1, 2), "1:1", 99]]
    rows += [["=A1", 3, "0473", None, "1:1", 2]]
    content = workbook(HEADER, *rows, change=number_format("C3", "00000"))
    with rejects_to(tmp_path / "r.xlsx") as file:
        assert file is not None
        assert "2 briefs to mend" in file.write(prepared(content, None))
    sheet: Any = load_workbook(tmp_path / "r.xlsx")["Summer"]
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[0] == HEADER
    assert found[1][:3] == ["Al", "x", 472]
    assert found[1][3].date() == date(2026, 1, 2)
    assert sheet["C2"].number_format == "00000"
    assert (found[2][0], sheet["A3"].data_type, found[2][2]) == ("=A1", "s", "0473")
    assert len(items((tmp_path / "r.xlsx").read_bytes(), None)) == 2


def test_without_the_extra_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UsageError, match=r"pip install 'identity-worker\[xlsx\]'"):
        items(b"PK\x03\x04", Format.XLSX)


def test_a_broken_workbook_is_a_fault() -> None:
    whole = workbook(HEADER, ["Jo", 1])
    for content in (whole[:200], b"PK\x03\x04rest", whole.replace(b"sheet1", b"sheet9")):
        (bad,) = items(content, Format.XLSX)
        assert "ave it anew" in bad.faults[0].rule
