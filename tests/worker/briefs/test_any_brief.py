"""Made-up briefs: whatever comes is parsed or refused, and what is sent of a brief is that brief again."""

import json
import random
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support import brief

from worker.briefs.body import MODELS
from worker.briefs.brief import Brief, parse, schema
from worker.briefs.equality import digest, made_id
from worker.briefs.faults import BriefError

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
words = st.sampled_from(
    [
        *schema()["properties"],
        *schema()["$defs"]["Instruction"]["properties"],
        "file_id",
        "size",
        "ar",
        "model",
    ]
)
anything = st.recursive(
    scalars | st.sampled_from(["orbita", "all", "1K", "5:4"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(words | st.text(), inner, max_size=6),
    max_leaves=12,
)
traits = st.text() | st.integers(-(2**63), 2**63 - 1) | st.none()
instructions = st.fixed_dictionaries(
    {"prompt": st.text(min_size=1).filter(str.strip)},
    optional={
        "hair": st.dictionaries(st.sampled_from(["color", "length", "style"]), traits) | st.none(),
        "camera": st.dictionaries(st.text(), traits),
        "num_variations": st.integers(1, 8) | st.none(),
        "options": st.fixed_dictionaries({}, optional={"ar": st.sampled_from(["1:1", "9:16"])}),
    },
)
good_briefs = st.fixed_dictionaries(
    {"instructions": st.lists(instructions, min_size=1, max_size=5)},
    optional={
        "options": st.fixed_dictionaries({"model": st.sampled_from(MODELS)}),
        "name": st.text(st.characters(categories=["L", "N", "Zs"]), max_size=200),
        "priority": st.integers(-100, 100),
    },
)


def check_parsed_or_refused(raw: Any) -> None:
    try:
        parsed = parse(raw)
    except BriefError as error:
        refused = error
    else:
        # A photo's description is not in the body yet, which may be empty without it.
        if parsed.reference_image is None:
            assert parse(parsed.body()).body() == parsed.body()
        return
    assert refused.faults
    assert len(str(refused).splitlines()) == len(refused.faults)
    assert json.dumps(
        [asdict(fault) for fault in refused.faults], ensure_ascii=False, allow_nan=False
    ).encode()


@given(st.text() | st.binary())
@settings(max_examples=100)
def test_any_text_is_parsed_or_refused(raw: str | bytes) -> None:
    check_parsed_or_refused(raw)


@given(st.dictionaries(words | st.text(), anything, max_size=8))
@settings(max_examples=100)
def test_any_mapping_is_parsed_or_refused(raw: dict[str, Any]) -> None:
    check_parsed_or_refused(raw)


@given(anything)
@settings(max_examples=100)
def test_any_instruction_is_parsed_or_refused(instruction: Any) -> None:
    check_parsed_or_refused(json.dumps({"instructions": [instruction, {"prompt": "A face."}]}))


@given(good_briefs)
@settings(max_examples=75)
def test_the_body_of_a_brief_is_a_brief_with_the_same_body(raw: dict[str, Any]) -> None:
    parsed = parse(raw)
    assert parse(parsed.body()).body() == parsed.body()
    assert parsed.total_variations == sum(each.get("num_variations") or 1 for each in raw["instructions"])


# --- what makes two the same -----------------------------------------------------------------------------

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


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf"]), max_size=200), st.integers(1, 9)
)
def test_an_id_is_one_that_a_brief_may_have_and_no_option(name: str, number: int) -> None:
    found = made_id(Brief.model_validate(brief(name=name)), number)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", found)
