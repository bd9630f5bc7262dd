"""Whatever comes is parsed or refused with its faults, and nothing else happens."""

import json
from typing import Any

from brief_bodies import brief
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.briefs.body import MODELS
from worker.briefs.brief import parse, schema
from worker.briefs.faults import BriefError

PROMPTED: dict[str, Any] = {"prompt": "A man of 40 with grey eyes.", "num_variations": 2}

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
        [fault.model_dump() for fault in refused.faults], ensure_ascii=False, allow_nan=False
    ).encode()


class TestWhateverComes:
    @given(st.text() | st.binary())
    @settings(max_examples=100, deadline=None)
    def test_any_text_is_parsed_or_refused(self, raw: str | bytes) -> None:
        check_parsed_or_refused(raw)

    @given(st.dictionaries(words | st.text(), anything, max_size=8))
    @settings(max_examples=200, deadline=None)
    def test_any_mapping_is_parsed_or_refused(self, raw: dict[str, Any]) -> None:
        check_parsed_or_refused(raw)

    @given(anything)
    @settings(max_examples=200, deadline=None)
    def test_any_instruction_is_parsed_or_refused(self, instruction: Any) -> None:
        check_parsed_or_refused(json.dumps(brief(instruction, PROMPTED)))

    @given(good_briefs)
    @settings(max_examples=150, deadline=None)
    def test_the_body_of_a_brief_is_a_brief_with_the_same_body(self, raw: dict[str, Any]) -> None:
        parsed = parse(raw)
        assert parse(parsed.body()).body() == parsed.body()
        assert parsed.total_variations == sum(each.get("num_variations") or 1 for each in raw["instructions"])
