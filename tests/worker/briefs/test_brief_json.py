"""A brief as JSON: what is no JSON of a brief, and the schema that says what is."""

import json
import re
from typing import Any

import pytest
from brief_bodies import brief, faults_of, paths_of

from worker.briefs.body import MODELS, Appearance, Face, Hair
from worker.briefs.brief import Brief, parse, schema


class TestJson:
    def test_text_bytes_and_mappings_are_the_same_brief(self) -> None:
        text = json.dumps(brief(name="Zoë"), ensure_ascii=False)
        assert parse(text) == parse(text.encode()) == parse(json.loads(text))

    def test_a_byte_order_mark_is_ignored(self) -> None:
        assert parse("\ufeff" + json.dumps(brief())) == parse(brief())

    @pytest.mark.parametrize("raw", ["", "{", "nonsense", "[]", "5", "null", b"\xff\xfe", "[" * 100_000])
    def test_what_is_no_json_object_is_one_fault_of_the_brief_itself(self, raw: Any) -> None:
        assert paths_of(raw) == [""]

    @pytest.mark.parametrize("raw", [{"metadata": object()}, {("a",): 1}, {"metadata": b"x"}])
    def test_a_mapping_of_what_json_cannot_say_is_refused(self, raw: Any) -> None:
        assert paths_of(raw) == [""]

    def test_a_mapping_that_holds_itself_is_refused(self) -> None:
        endless: dict[str, Any] = {}
        endless["metadata"] = endless
        assert paths_of(endless) == [""]

    def test_a_name_given_twice_is_refused(self) -> None:
        (fault,) = faults_of('{"name": "a", "instructions": [{"prompt": "x"}], "name": "b"}')
        assert fault.value == "name"

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 20, "-" + "9" * 4000])
    def test_a_number_that_others_cannot_read_is_refused_with_its_path(self, number: str) -> None:
        assert paths_of('{"metadata": {"a": [0, ' + number + "]}}") == ["metadata.a[1]"]

    def test_a_huge_integer_is_shown_as_text(self) -> None:
        (fault,) = faults_of('{"metadata": {"a": ' + "9" * 20 + "}}")
        assert fault.value == "9" * 20

    def test_a_number_too_long_for_python_is_refused(self) -> None:
        (fault,) = faults_of('{"priority": ' + "9" * 5000 + "}")
        assert (fault.path, fault.rule) == ("", "must hold no number of thousands of digits")

    def test_a_lone_surrogate_is_refused_in_values_and_names(self) -> None:
        assert paths_of(r'{"metadata": {"a": "\ud800", "\udfff": 1}}') == ["metadata.a", r"metadata.\udfff"]
        assert paths_of('{"name": "\ud800"}') == ["name"]

    def test_32_levels_are_accepted_and_one_more_is_refused(self) -> None:
        def nested(levels: int) -> Any:
            return {"a": nested(levels - 1)} if levels else 1

        assert parse(brief(metadata=nested(31)))
        (fault,) = faults_of(brief(metadata=nested(32)))
        assert "32 levels" in fault.rule

    def test_a_brief_of_more_bytes_than_allowed_is_refused(self) -> None:
        text = json.dumps(brief(name="é" * 10), ensure_ascii=False)
        size = len(text.encode())
        assert parse(text, max_bytes=size)
        assert [fault.value for fault in faults_of(text, max_bytes=size - 1)] == [size]


class TestSchema:
    def test_it_names_its_dialect_and_every_field(self) -> None:
        described = schema()
        assert described["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert {*described["properties"]} == {*Brief.model_fields} - {"notes"}
        assert described["anyOf"] == [{"required": ["instructions"]}, {"required": ["reference_image"]}]
        for group in (Appearance, Face, Hair):
            assert {*described["$defs"][group.__name__]["properties"]} == {*group.model_fields}

    def test_every_object_is_closed_and_every_field_described(self) -> None:
        described = schema()
        for part in (described, *described["$defs"].values()):
            if part["type"] == "object":
                assert part["additionalProperties"] is False
                assert all("description" in json.dumps(field) for field in part["properties"].values())

    def test_it_carries_the_limits(self) -> None:
        instruction = schema()["$defs"]["Instruction"]["properties"]
        number, null = instruction["num_variations"]["anyOf"]
        assert (number["minimum"], number["maximum"], number["default"]) == (1, 8, 1)
        assert null == {"type": "null"}
        assert instruction["input_assets"]["anyOf"][0]["maxItems"] == 3

    @pytest.mark.parametrize(
        ("model", "fits"), [*((m, True) for m in MODELS), ("onda", True), ("a b", False)]
    )
    def test_it_allows_the_models_that_a_brief_may_name(self, model: str, fits: bool) -> None:
        described = schema()["$defs"]["JobOptions"]["properties"]["model"]["anyOf"][0]
        assert "enum" not in described
        assert bool(re.search(described["pattern"], model)) is fits
