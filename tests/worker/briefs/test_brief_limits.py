"""The limits of the guide: what a brief may hold of each field, and what the model Orbita takes."""

from typing import Any, get_args

import pytest
from brief_bodies import brief, faults_of, paths_of, sent, with_options

from worker.briefs.body import MODELS, Format, Ratio, Size
from worker.briefs.brief import parse

WOMAN: dict[str, Any] = {"appearance": {"gender": "female", "age": 28}, "num_variations": 3}
PROMPTED: dict[str, Any] = {"prompt": "A man of 40 with grey eyes.", "num_variations": 2}


class TestLimitsOfTheGuide:
    @pytest.mark.parametrize("count", [1, 5])
    def test_one_to_five_instructions_are_accepted(self, count: int) -> None:
        assert len(parse(brief(*[WOMAN] * count)).instructions) == count

    @pytest.mark.parametrize("instructions", [[], [WOMAN] * 6, None, {}, "WOMAN"])
    def test_any_other_number_of_instructions_is_refused(self, instructions: object) -> None:
        assert paths_of({"instructions": instructions}) == ["instructions"]

    def test_a_brief_without_instructions_is_told_that_they_are_required(self) -> None:
        (fault,) = faults_of({})
        assert fault.path == "instructions"
        assert fault.rule.startswith("is required")

    @pytest.mark.parametrize("number", range(1, 9))
    def test_one_to_eight_variations_are_accepted(self, number: int) -> None:
        assert sent(WOMAN | {"num_variations": number})["num_variations"] == number

    @pytest.mark.parametrize("number", [0, 9, -1, 2.5, "3", True, [1]])
    def test_any_other_number_of_variations_is_refused(self, number: object) -> None:
        assert paths_of(brief(WOMAN | {"num_variations": number})) == ["instructions[0].num_variations"]

    @pytest.mark.parametrize("model", MODELS)
    def test_every_model_that_is_known_is_accepted(self, model: str) -> None:
        assert parse(with_options(model)).body()["options"]["model"] == model

    def test_a_model_of_the_vendors_newer_client_is_known(self) -> None:
        assert not any("not known" in note for note in parse(with_options("nano_banana_2")).notes)

    @pytest.mark.parametrize(
        ("model", "like"), [("onda", ""), ("Orbita", " (the nearest known name is orbita)")]
    )
    def test_any_other_model_is_accepted_with_a_note_as_the_api_decides(self, model: str, like: str) -> None:
        parsed = parse(with_options(model, size="4K", ar="21:9"))
        assert parsed.body()["options"]["model"] == model
        assert f"options.model {model} is not known here{like}: the API decides" in parsed.notes

    @pytest.mark.parametrize("model", ["", " ", 3, ["auto"], "two words", "a\nb", "ö", "x" * 65, "-x"])
    def test_what_is_no_name_of_a_model_is_refused(self, model: Any) -> None:
        (fault,) = faults_of(with_options(model))
        assert fault.path == "options.model"
        assert "auto, nano_banana_pro, nano_banana_2, seedream, orbita" in fault.rule

    @pytest.mark.parametrize("model", sorted({*MODELS, "onda"} - {"auto"}))
    def test_it_is_noted_that_a_forced_model_has_no_fallback(self, model: str) -> None:
        told = f"options.model {model} has no fallback: if this engine refuses, the job fails"
        assert told in parse(with_options(model)).notes

    def test_the_platforms_own_choice_of_a_model_needs_no_note(self) -> None:
        assert parse(brief(WOMAN | {"num_variations": 1}, options={"model": "auto"})).notes == []

    @pytest.mark.parametrize("watermark", [1, "true", []])
    def test_the_watermark_is_true_or_false(self, watermark: object) -> None:
        assert parse(brief(options={"add_ai_watermark": True})).body()["options"]["add_ai_watermark"] is True
        assert paths_of(brief(options={"add_ai_watermark": watermark})) == ["options.add_ai_watermark"]

    def test_it_is_noted_that_the_watermark_does_nothing_outside_enterprise(self) -> None:
        for asked in (True, False):
            notes = parse(brief(options={"add_ai_watermark": asked})).notes
            assert any("nothing outside Enterprise" in note for note in notes) is asked

    @pytest.mark.parametrize(
        ("name", "value"),
        [(n, v) for n, kind in (("size", Size), ("ar", Ratio), ("format", Format)) for v in get_args(kind)],
    )
    def test_every_size_ratio_and_format_is_accepted(self, name: str, value: str) -> None:
        assert sent(WOMAN | {"options": {name: value}})["options"][name] == value

    @pytest.mark.parametrize(
        ("name", "value"), [("size", "8K"), ("size", 2), ("ar", "4:6"), ("format", "jpeg"), ("ar", "")]
    )
    def test_any_other_size_ratio_or_format_is_refused(self, name: str, value: Any) -> None:
        assert paths_of(with_options(**{name: value})) == [f"instructions[0].options.{name}"]

    @pytest.mark.parametrize(
        "empty",
        [
            {},
            {"num_variations": 2},
            {"prompt": " \n"},
            {"appearance": {"age": "", "skin": None}, "hair": {}},
            {"outfit": {"top": "white shirt"}, "camera": {"angle": "front"}},
            {"input_assets": [{"file_id": "img_1"}]},
        ],
    )
    def test_an_instruction_needs_a_prompt_or_a_filled_field(self, empty: dict[str, Any]) -> None:
        (fault,) = faults_of(brief(WOMAN, empty))
        assert fault.path == "instructions[1]"
        assert "non-empty prompt" in fault.rule

    @pytest.mark.parametrize(
        "filled",
        [{"prompt": "x"}, {"appearance": {"age": 0}}, {"face": {"nose": "x"}}, {"hair": {"color": 1}}],
    )
    def test_one_filled_field_is_enough(self, filled: dict[str, Any]) -> None:
        assert sent(filled).items() >= filled.items()

    @pytest.mark.parametrize("value", [True, ["blue"], {"left": "blue"}])
    def test_a_structured_field_is_text_or_a_number(self, value: object) -> None:
        assert paths_of(brief({"face": {"eyes": value}})) == ["instructions[0].face.eyes"]

    @pytest.mark.parametrize("group", ["appearance", "face", "hair", "outfit", "style", "scene", "camera"])
    def test_a_group_is_an_object(self, group: str) -> None:
        assert paths_of(brief(PROMPTED | {group: "blonde"})) == [f"instructions[0].{group}"]

    @pytest.mark.parametrize("prompt", [5, ["a"], {}])
    def test_a_prompt_is_text(self, prompt: object) -> None:
        assert paths_of(brief(WOMAN | {"prompt": prompt})) == ["instructions[0].prompt"]

    def test_three_assets_are_accepted_and_a_fourth_is_refused(self) -> None:
        assets = [{"file_id": f"img_{number}"} for number in range(4)]
        assert sent(PROMPTED | {"input_assets": assets[:3]})["input_assets"] == assets[:3]
        assert paths_of(brief(PROMPTED | {"input_assets": assets})) == ["instructions[0].input_assets"]

    def test_an_asset_may_be_a_file_to_upload_first(self) -> None:
        assets = [{"file": "moods/one.png"}, {"file_id": "img_1"}]
        parsed = parse(brief(PROMPTED | {"input_assets": assets}))
        assert parsed.needs_files()
        assert parsed.body()["instructions"][0]["input_assets"] == assets

    @pytest.mark.parametrize(
        "asset", [{}, {"file_id": " "}, {"file_id": None}, {"file_id": 7}, {"file_id": "a", "file": "a.jpg"}]
    )
    def test_an_asset_needs_its_file_id(self, asset: dict[str, Any]) -> None:
        (path,) = paths_of(brief(PROMPTED | {"input_assets": [asset]}))
        assert path == "instructions[0].input_assets[0].file_id"


class TestOrbita:
    @pytest.mark.parametrize("size", ["2K", "4K"])
    def test_it_refuses_every_size_but_1k(self, size: str) -> None:
        assert paths_of(with_options("orbita", size=size)) == ["instructions[0].options.size"]

    @pytest.mark.parametrize("ratio", ["4:5", "5:4", "21:9"])
    def test_it_refuses_three_ratios(self, ratio: str) -> None:
        assert paths_of(with_options("orbita", ar=ratio)) == ["instructions[0].options.ar"]

    @pytest.mark.parametrize("ratio", sorted({*get_args(Ratio)} - {"4:5", "5:4", "21:9"}))
    def test_it_takes_all_other_ratios(self, ratio: str) -> None:
        assert parse(with_options("orbita", ar=ratio)).instructions[0].options.ar == ratio

    def test_what_it_refuses_is_told_with_its_rule(self) -> None:
        asked = PROMPTED | {"options": {"ar": "5:4"}, "input_assets": [{"file_id": "img_1"}]}
        told = {
            fault.path: (fault.value, fault.rule)
            for fault in faults_of(brief(asked, options={"model": "orbita"}))
        }
        assert told == {
            "instructions[0].options.ar": ("5:4", "orbita refuses 4:5, 5:4, 21:9"),
            "instructions[0].input_assets": ('[{"file_id": "img_1"}]', "orbita takes no input_assets"),
        }

    def test_it_refuses_assets(self) -> None:
        assets = PROMPTED | {"input_assets": [{"file_id": "img_1"}]}
        assert paths_of(brief(assets, options={"model": "orbita"})) == ["instructions[0].input_assets"]

    def test_its_rules_hold_for_no_other_model(self) -> None:
        assert parse(with_options("seedream", size="4K", ar="21:9")).instructions[0].options.ar == "21:9"
