"""Odd values of the API's JSON: what is read of them, and what is as if it were missing."""

import json
import math
import time

import pytest

from worker.piktid.json_values import (
    MAX_ID_LENGTH,
    UnreadableError,
    decode,
    identifier,
    integer,
    moment,
    number,
    text,
)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 200_000, b"9" * 5000])
def test_what_is_no_whole_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"^the body is not whole JSON$"):
        decode(body)


@pytest.mark.parametrize("value", [None, 0, 1.5, "x", [1, "é"], {"a": None}])
def test_a_body_is_the_json_value_that_it_holds(value: object) -> None:
    assert decode(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("value", "read"),
    [("x", "x"), (" x ", " x "), ("", None), (" \n", None), (5, None), (None, None), ("a\ud800b", "a?b")],
)
def test_a_text_is_not_blank_and_fit_for_utf_8(value: object, read: str | None) -> None:
    assert text(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (7, "7"),
        ("x", "x"),
        (True, None),
        (1.5, None),
        ("", None),
        ("x" * MAX_ID_LENGTH, "x" * MAX_ID_LENGTH),
        ("x" * (MAX_ID_LENGTH + 1), None),
        (10**MAX_ID_LENGTH, None),
    ],
)
def test_an_id_is_text_or_a_whole_number_of_bounded_length(value: object, read: str | None) -> None:
    assert identifier(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (7, 7),
        (-7, -7),
        ("12", 12),
        ("-12", None),
        ("1.5", None),
        (1.5, None),
        (True, None),
        ("²", None),
        ("٣", None),
        ("0" * (MAX_ID_LENGTH - 1) + "1", 1),
        ("0" * MAX_ID_LENGTH + "1", None),
        ("9" * 5000, None),
    ],
)
def test_an_integer_is_one_or_spelt_by_digits(value: object, read: int | None) -> None:
    assert integer(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (7, 7.0),
        ("7.5", 7.5),
        (-1.5, -1.5),
        (True, None),
        ("much", None),
        ([], None),
        (math.inf, None),
        ("nan", None),
        (10**400, None),
    ],
)
def test_a_number_is_finite_or_spelt_so(value: object, read: float | None) -> None:
    assert number(value) == read


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1_750_000_000.5, 1_750_000_000.5),
        ("1970-01-01T00:01:00", 60.0),
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T01:01:00+01:00", 60.0),
        ("1970-01-01 00:01", 60.0),
        ("1970-01-02", None),
        ("yesterday", None),
        ("60", None),
        (None, None),
        (True, None),
    ],
)
def test_a_moment_is_seconds_or_iso_8601_in_utc_unless_it_says(
    monkeypatch: pytest.MonkeyPatch, value: object, seconds: float | None
) -> None:
    with monkeypatch.context() as here:
        here.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = moment(value)
    time.tzset()
    assert found == seconds
