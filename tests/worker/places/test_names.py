"""Names that can be made on every system, whatever others have chosen."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.places.names import MOST_BYTES, MOST_CHARACTERS, safe_name

DEVICES = ["con", "PRN", "aux.txt", "NUL", "com1", "LPT9.jpg", "conin$", "com¹"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SKU 47.11_a", "SKU 47.11_a"),
        ("a/b\\c:d", "a-b-c-d"),
        ("../../etc", "_-..-etc"),
        ("=1+1", "_=1+1"),
        (" dots. . ", "dots"),
        ("", "_"),
        ("...", "_"),
        ("tab\tline\n", "tab-line-"),
        ("half \ud800 pair", "half - pair"),
        ("index.csv", "_index.csv"),
        *((name, f"_{name}") for name in DEVICES),
    ],
)
def test_what_can_not_be_made_everywhere_is_replaced(text: str, name: str) -> None:
    assert safe_name(text) == name


@given(st.text(max_size=400))
def test_a_name_is_one_short_part_of_a_path_and_safe_itself(text: str) -> None:
    name = safe_name(text)
    assert len(name) <= MOST_CHARACTERS + 1
    assert len(name.encode()) <= MOST_BYTES + 1
    assert not set(name) & set('<>:"/\\|?*')
    assert name == name.strip(" .")
    assert name == unicodedata.normalize("NFC", name)


def test_long_texts_that_begin_alike_are_told_apart() -> None:
    assert len({safe_name("x" * 100 + end) for end in "abc"}) == 3
