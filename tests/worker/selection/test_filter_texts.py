"""What a filter may say, how it is refused, and that its line is read as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from worker.selection.filter import META, STATES, Filter, FilterError, filter_of
from worker.selection.language import parse, written

AGES = some.from_regex(r"[1-9][0-9]{0,3}[smhdw]", fullmatch=True)
TEXTS = some.text(min_size=1)
FIELDS = some.one_of(
    some.tuples(some.just("state"), some.sampled_from(STATES)),
    some.tuples(some.just("account"), some.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)),
    some.tuples(some.just("batch"), some.text()),
    some.tuples(some.just("error"), TEXTS),
    some.tuples(TEXTS.map(META.__add__), some.text()),
)


@given(some.lists(FIELDS), some.none() | AGES, some.none() | some.integers(1, 10**8))
def test_the_line_of_a_filter_is_read_as_the_same_filter(
    fields: list[tuple[str, str]], age: str | None, limit: int | None
) -> None:
    once = [("older", age)] if age else []
    once += [("limit", str(limit))] if limit else []
    wanted = filter_of([*fields, *once])
    assert parse(written(wanted)) == wanted


def test_a_line_says_what_the_options_say() -> None:
    assert parse(
        '  state:held,failed account:shop meta.sku:4711 error:"not found" older:1h30m '
    ) == filter_of(
        [
            ("state", "held"),
            ("state", "failed"),
            ("account", "shop"),
            ("meta.sku", "4711"),
            ("error", "not found"),
            ("older", "1h30m"),
        ]
    )
    assert parse("") == Filter()
    assert not parse("limit:3").chooses


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("state:hold", "state 'hold': must be one of preparing, waiting"),
        ("state:hold", "(is held meant?)"),
        ("stat:held", "stat 'held': is no field of a filter (is state meant?); known: state, account"),
        ("older:soon", "older 'soon': must be an age, as 45s"),
        ("older:1h older:2h", "older '2h': is given twice, and was '1h' before"),
        ("limit:0", "limit '0': must be a whole number from 1"),
        ("after:x", "after 'x': must be a cursor"),
        ("meta.:x", "meta. 'x': must name a key"),
        ("kind:promotion", "kind 'promotion': must be one of brief"),
        ("held", "filter 'held': must be FIELD:VALUE"),
        ('batch:"a', "filter 'batch:\"a': must be FIELD:VALUE"),
        ("error:", "error '': must be a text"),
    ],
)
def test_a_bad_filter_is_refused_with_field_value_and_rule(line: str, told: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse(line)
    assert told in str(refused.value)
