"""What makes two briefs the same: values and not their writing, and ids that are made from them."""

import json
import random
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import brief

from worker.briefs.brief import Brief, parse
from worker.briefs.equality import content, digest, made_id, parts, request_digest, source

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def rewritten(value: Any, rng: random.Random) -> Any:
    """The same value as another program may write it."""
    if isinstance(value, Mapping):
        pairs = [(name, rewritten(each, rng)) for name, each in value.items()]
        rng.shuffle(pairs)
        return dict(pairs)
    if isinstance(value, list):
        return [rewritten(each, rng) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


@given(JSON_VALUES, st.randoms(use_true_random=False))
def test_neither_the_order_of_names_nor_the_writing_of_numbers_counts(value: Any, rng: random.Random) -> None:
    assert digest(value) == digest(rewritten(value, rng))


@given(st.lists(JSON_VALUES, min_size=2, max_size=2))
def test_values_that_differ_have_other_digests(values: list[Any]) -> None:
    one, other = (json.dumps(rewritten(value, random.Random(0)), sort_keys=True) for value in values)
    if digest(values[0]) != digest(values[1]):
        assert one != other
    elif unicodedata.is_normalized("NFC", one) and unicodedata.is_normalized("NFC", other):
        assert json.loads(one) == json.loads(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (0, None), ("1", 1), ([], {}), ({"a": 1}, ["a", 1]), ("", None), ([[]], [])],
)
def test_what_only_looks_alike_is_not_the_same(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


def test_two_names_that_look_alike_in_an_object_stay_two() -> None:
    composed, decomposed = "\u00e9", "e\u0301"
    assert digest(composed) == digest(decomposed)
    assert digest({composed: 1, decomposed: 2}) == digest({decomposed: 2, composed: 1})
    assert digest({composed: 1, decomposed: 2}) != digest({composed: 1})


@pytest.mark.parametrize(
    "more",
    [
        {"account": "default"},
        {"priority": 0},
        {"batch": None},
        {"metadata": {}},
        {"choose": "first"},
        {"choose": ["first"]},
        {"on_name_taken": "suffix"},
        {"options": {"model": "auto"}},
        {"options": {}},
        {"reference_image": None},
    ],
)
def test_what_was_left_out_is_what_its_default_says(more: dict[str, Any]) -> None:
    assert parts(parse(brief())) == parts(parse(brief(**more)))


def test_each_part_that_differs_is_named() -> None:
    one = parse(brief(metadata={"a": 1}))
    other = parse(brief(instructions=[{"appearance": {"gender": "female", "age": 29}, "num_variations": 2}]))
    differing = {path for path, said in parts(one).items() if parts(other).get(path) != said}
    assert differing == {"metadata", "instructions[0].appearance"}


def test_the_content_is_what_is_bought_whoever_it_is_for() -> None:
    def bought(**fields: Any) -> str:
        return content(parts(parse(brief(**fields))))

    whole = {"account": "a", "batch": "b", "metadata": {"c": 1}, "priority": 3, "choose": "all"}
    assert bought() == bought(**whole)
    others = [{"name": "Another"}, {"reference_image": "ada.jpg"}, {"options": {"model": "seedream"}}]
    assert len({bought(), *(bought(**other) for other in others)}) == 4


def test_an_id_changes_with_all_that_a_brief_says_but_its_priority() -> None:
    plain = made_id(parse(brief()))
    assert made_id(parse(brief(priority=50))) == plain
    others = [
        {"batch": "b"},
        {"account": "a"},
        {"metadata": {"sku": 1}},
        {"choose": "all"},
        {"name": "Other"},
    ]
    assert len({plain, *(made_id(parse(brief(**other))) for other in others)}) == 1 + len(others)


def test_the_ids_of_briefs_are_these_for_ever() -> None:
    """Of another id a brief of yesterday's file would be bought again: such a change needs a way over."""
    assert made_id(parse(brief())) == "Spring-catalog-model-d3c643b494527b27"
    whole = brief(batch="b", account="a", metadata={"k": [1, 2.5]}, choose="all", reference_image="ada.jpg")
    assert made_id(parse(whole), 2) == "Spring-catalog-model-66e9f64151875180-2"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Frühling & Söhne", "Fruhling-Sohne-"),
        ("モデル", ""),
        ("Весна 2026", "2026-"),
        ("-nal", "nal-"),
        ("../../etc", "etc-"),
        ("x" * 200, "x" * 40 + "-"),
        (None, ""),
        ("…", ""),
    ],
)
def test_an_id_begins_with_what_latin_letters_say_of_the_name(name: str | None, slug: str) -> None:
    found = made_id(parse(brief(name=name)))
    assert re.fullmatch(re.escape(slug) + "[0-9a-f]{16}", found)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf"]), max_size=200), st.integers(1, 9)
)
def test_an_id_is_one_that_a_brief_may_have_and_no_option(name: str, number: int) -> None:
    found = made_id(Brief.model_validate(brief(name=name)), number)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", found)


def test_whatever_a_message_holds_it_can_be_told_by() -> None:
    assert source('{"a":1,"b":2}') == source({"b": 2.0, "a": 1})
    odd: list[Any] = [b"\xff", "{", "[" * 100_000, '{"a":NaN}', None, [1], "\ud800", {"a": {1, 2}}]
    assert len({source(each) for each in odd}) == len(odd)


def test_the_id_and_the_content_of_a_brief_outlive_versions() -> None:
    """What an installation has bought must be known again after fields were added to the body."""
    written = parse(
        {
            "name": "Ann",
            "instructions": [
                {"appearance": {"gender": "female", "age": 30}, "num_variations": 2, "outfit": {"top": "x"}},
                {
                    "prompt": "a man",
                    "input_assets": [{"file_id": "i1"}, {"file": "https://x.example/a.png"}],
                    "options": {"size": "1K"},
                },
            ],
            "options": {"model": "auto"},
            "batch": "b",
            "metadata": {"a": 1},
        }
    )
    assert made_id(written) == "Ann-a9c8bbdbaf5322b0"
    assert content(parts(written)) == "9c3be0404b256dbb"
    assert request_digest(written) == "f3f4c09242a745b8"
