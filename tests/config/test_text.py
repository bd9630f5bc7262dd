"""Counts and credits as people read them."""

import pytest

from config.text import counted, credits_text, printable


@pytest.mark.parametrize(
    ("amount", "text"), [(20.0, "20"), (12.345, "12.3"), (0.04, "0"), (1_234_567.25, "1234567.2")]
)
def test_credits_have_one_decimal_at_the_most_however_many_they_are(amount: float, text: str) -> None:
    assert credits_text(amount) == text


def test_a_noun_goes_with_its_count() -> None:
    assert [counted(count, "slot") for count in (0, 1, 2)] == ["0 slots", "1 slot", "2 slots"]
    assert counted(2, "identity", "identities") == "2 identities"


def test_what_acts_on_a_terminal_or_ends_a_line_is_escaped() -> None:
    assert printable("a\x1b[2J\n\u202eb\ud800é") == "a\\x1b[2J\\n\\u202eb\\ud800é"
