"""Columns of text are as wide as they are shown, and what does not fit in one is folded."""

import pytest
from rich.cells import cell_len

from cli.render.columns import drawn, fold, width_of


@pytest.mark.parametrize(
    "text", ["", "plain", "Zo\u00eb", "Zoe\u0308", "\u4e2d\u6587", "a\u200bb", "\uff21b"]
)
def test_a_text_is_as_wide_as_rich_says(text: str) -> None:
    assert width_of(text) == cell_len(text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("two words", ["two", "words"]),
        ("a bc d", ["a bc", "d"]),
        ("abcdefghijkl m", ["abcde", "fghij", "kl m"]),
        ("a abcdefg", ["a", "abcde", "fg"]),
        ("one\ntwo", ["one", "two"]),
        ("\u4e2d\u6587\u5b57", ["\u4e2d\u6587", "\u5b57"]),
    ],
)
def test_a_text_is_folded_at_blanks_and_a_longer_word_anywhere(text: str, lines: list[str]) -> None:
    assert fold(text, 5) == lines


def test_a_row_is_as_high_as_its_highest_cell() -> None:
    rows = [("ID", "T", "SAID"), ("\u4e2d\u6587\u5b57", "5s", "it is"), ("b", "1m", "")]
    assert list(drawn(rows, [4, 3, 5], right=1)) == [
        "ID      T  SAID",
        "\u4e2d\u6587   5s  it is",
        "\u5b57",
        "b      1m",
    ]
