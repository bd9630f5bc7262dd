"""Subjects: what steps, timers and permits are about, written and read in one place."""

import re
from pathlib import Path

import pytest

from worker.ledger.records import Subject, account_subject, brief_subject, parse_subject, promotion_subject

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("subject", "parts", "label"),
    [
        (brief_subject("a:b.1"), ("brief", "a:b.1", None), "a:b.1"),
        (promotion_subject("a:b.1", 12), ("promotion", "a:b.1", 12), "a:b.1#12"),
        (account_subject("shop"), ("account", "shop", None), "shop"),
    ],
)
def test_a_subject_is_read_as_it_was_written(
    subject: str, parts: tuple[str, str, int | None], label: str
) -> None:
    assert parse_subject(subject) == Subject(*parts)
    assert parse_subject(subject).label == label


@pytest.mark.parametrize("text", ["", "brief", "#", "promotion:a#", "promotion:a#x", "promotion:a#\u0664"])
def test_a_text_that_is_no_subject_is_read_without_a_number(text: str) -> None:
    assert parse_subject(text).number is None


def test_subjects_are_taken_apart_in_one_place_only() -> None:
    by_hand = re.compile(r"""subject\.(r?partition|r?split|removeprefix)\(|f"(brief|promotion|account):\{""")
    files = (path for room in ("worker", "actors", "cli", "web") for path in (ROOT / room).rglob("*.py"))
    found = [str(path) for path in files if by_hand.search(path.read_text(encoding="utf-8"))]
    assert found == [str(ROOT / "worker/ledger/records.py")]
