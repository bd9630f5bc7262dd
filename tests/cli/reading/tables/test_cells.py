"""What a cell means: numbers, dates, yes and no, and nothing."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from cli.reading.tables.cells import Cell, CellError, Kind, Wrong, text_of, value_of


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("28", 28),
        ("28.0", 28),
        (28.0, 28),
        ("1.75", 1.75),
        (0.1 + 0.2, 0.3),
        ("25-30", "25-30"),
        ("0471", "0471"),
        ("+49", "+49"),
        ("1.10", "1.10"),
        ("1e5", "1e5"),
        ("1,234", "1,234"),
        ("12345678901234567890", "12345678901234567890"),
        ("50 %", "50%"),
        ('="0471"', "0471"),
        ("'=mild", "=mild"),
        ("  blond\u00a0", "blond"),
        ("", None),
        (" \t", None),
        (None, None),
        ("n/a", "n/a"),
        ("TRUE", True),
        (False, False),
    ],
)
def test_a_number_is_one_only_where_nothing_of_its_writing_is_lost(cell: Cell, value: Any) -> None:
    for kind in (Kind.TRAIT, Kind.ANYTHING):
        found = value_of(cell, kind)
        assert (found, type(found)) == (value, type(value))


def test_a_whole_trait_may_have_a_decimal_comma() -> None:
    said = ("28,0", "28.00", "028.0", "1.75", "2,000")
    assert [value_of(each, Kind.TRAIT) for each in said] == [28, 28, "028.0", 1.75, "2,000"]
    assert value_of("28,0", Kind.ANYTHING) == "28,0"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *[("2", 2), ("2.0", 2), ("2,0", 2), ("2.00", 2), (2.0, 2), ("+2", 2), ("-5", -5), ("2.0000", 2)],
        # Three zeros may be thousands; the rules of briefs refuse what is no whole number.
        *[("2,000", "2,000"), ("2.000", "2.000"), ("2.5", "2.5"), (2.5, 2.5), ("two", "two")],
    ],
)
def test_a_whole_number_may_have_a_fraction_of_zeros(cell: Cell, value: Any) -> None:
    assert value_of(cell, Kind.WHOLE) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *[("yes", True), ("TRUE", True), ("1", True), (1.0, True), ("ja", True), (True, True)],
        *[("0", False), ("no", False), ("Falsch", False), ("maybe", "maybe")],
    ],
)
def test_yes_and_no_have_several_words(cell: Cell, value: Any) -> None:
    assert value_of(cell, Kind.BOOLEAN) == value


@pytest.mark.parametrize("cell", ["16:9", "16 / 9", "16x9", "16:09:00", time(16, 9)])
def test_a_ratio_of_which_a_spreadsheet_made_a_time_is_the_ratio(cell: Cell) -> None:
    assert value_of(cell, Kind.WORD, ("9:16", "16:9")) == "16:9"


def test_a_word_is_known_in_any_case_and_so_are_several() -> None:
    assert value_of("4k", Kind.WORD, ("2K", "4K")) == "4K"
    assert value_of("9K", Kind.WORD, ("2K", "4K")) == "9K", "for the rules to refuse"
    assert value_of("First; ALL", Kind.WORDS, ("first", "all")) == ["first", "all"]
    assert value_of("All", Kind.WORDS, ("first", "all")) == "all"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (date(2026, 11, 28), "2026-11-28"),
        (datetime(2026, 11, 28), "2026-11-28"),
        (datetime(2026, 11, 28, 3, 4), "2026-11-28T03:04:00"),
        (time(14, 30), "14:30:00"),
        (timedelta(hours=26), "1 day, 2:00:00"),
    ],
)
def test_a_date_is_text_in_metadata_and_a_fault_elsewhere(cell: Cell, text: str) -> None:
    assert value_of(cell, Kind.ANYTHING) == text
    with pytest.raises(CellError, match="must be no date"):
        value_of(cell, Kind.TRAIT)


@pytest.mark.parametrize("cell", ["=A1", " =SUM(A1:A3)", Wrong("#REF!", "must be a value")])
def test_a_formula_without_its_value_is_a_fault_in_every_field(cell: Cell) -> None:
    for kind in Kind:
        with pytest.raises(CellError, match="must be a value"):
            value_of(cell, kind)


def test_an_object_is_written_as_json() -> None:
    assert value_of('{"sku": "0471"}', Kind.JSON) == {"sku": "0471"}
    for text, rule in (("{", "must be JSON"), ('{"a": 1, "a": 2}', "only once")):
        with pytest.raises(CellError, match=rule):
            value_of(text, Kind.JSON)


def test_a_name_stays_as_it_is_written() -> None:
    assert [value_of(cell, Kind.TEXT) for cell in ("007", "28.0", 28.0, 7)] == ["007", "28.0", "28", "7"]


def test_within_a_text_a_cell_stands_as_a_person_reads_it() -> None:
    assert [text_of(cell) for cell in ("28.0", 28.0, "TRUE", " red ", None)] == [
        "28",
        "28",
        "TRUE",
        "red",
        "",
    ]
