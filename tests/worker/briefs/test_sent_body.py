"""What is sent to the API for a brief, what is noted beside it, and what is chosen of it."""

from typing import Any

import pytest
from brief_bodies import brief, paths_of, sent, with_options

from worker.briefs.brief import Brief, parse, schema
from worker.briefs.choices import Choose, OnNameTaken

WOMAN: dict[str, Any] = {"appearance": {"gender": "female", "age": 28}, "num_variations": 3}
PROMPTED: dict[str, Any] = {"prompt": "A man of 40 with grey eyes.", "num_variations": 2}


class TestWhatIsSent:
    def test_the_defaults_of_both_levels_are_written_out(self) -> None:
        assert parse(brief(WOMAN)).body() == {
            "instructions": [
                {
                    "appearance": {"gender": "female", "age": 28},
                    "num_variations": 3,
                    "options": {"size": "2K", "ar": "3:4", "format": "jpg"},
                }
            ],
            "options": {"model": "auto", "add_ai_watermark": False},
        }

    def test_the_envelope_is_not_sent(self) -> None:
        envelope = {
            "brief_id": "spring-1",
            "account": "main",
            "batch": "Spring, first drop",
            "priority": -100,
            "choose": "all",
            "metadata": {"order": 7, "tags": [None, ""]},
            "on_name_taken": "fail",
        }
        parsed = parse(brief(WOMAN, **envelope))
        assert parsed.body() == parse(brief(WOMAN)).body()
        assert parsed.metadata == {"order": 7, "tags": [None, ""]}
        assert (parsed.brief_id, parsed.account, parsed.batch) == ("spring-1", "main", "Spring, first drop")
        assert (parsed.priority, parsed.on_name_taken) == (-100, OnNameTaken.FAIL)

    def test_without_an_envelope_its_defaults_hold(self) -> None:
        parsed = parse(brief(WOMAN))
        assert (parsed.brief_id, parsed.account, parsed.batch, parsed.name) == (None, None, None, None)
        assert (parsed.priority, parsed.choose, parsed.metadata) == (0, Choose.FIRST, {})
        assert parsed.on_name_taken is OnNameTaken.SUFFIX

    def test_every_sub_field_of_the_guide_passes_as_it_came(self) -> None:
        fields = {
            "appearance": "gender age ethnicity skin build size height expression",
            "face": "eyes eyebrows nose lips smile face_shape facial_hair makeup marks",
            "hair": "color length style",
        }
        groups = {group: {name: f"a {name}" for name in names.split()} for group, names in fields.items()}
        body = sent(groups)
        assert {group: body[group] for group in groups} == groups

    @pytest.mark.parametrize("value", [28, 28.5, "25-30", 0, "  padded "])
    def test_text_and_numbers_pass_unchanged(self, value: object) -> None:
        age = sent({"appearance": {"age": value}})["appearance"]["age"]
        assert age == value
        assert type(age) is type(value)

    def test_blanks_and_nulls_are_dropped(self) -> None:
        blanks = {"appearance": {"age": 30, "skin": " ", "build": None}, "face": {"eyes": ""}, "hair": None}
        assert sent(blanks | {"prompt": "\t", "input_assets": [], "options": None}) == {
            "appearance": {"age": 30},
            "num_variations": 1,
            "options": {"size": "2K", "ar": "3:4", "format": "jpg"},
        }

    def test_null_is_the_same_as_leaving_a_field_out(self) -> None:
        nothing = dict.fromkeys(schema()["properties"].keys() - {"instructions"})
        assert parse(brief(WOMAN, **nothing)) == parse(brief(WOMAN))

    def test_a_prompt_is_sent_verbatim_beside_its_structured_fields(self) -> None:
        prompt = " Line one,\n\tline two. "
        body = sent({"prompt": prompt, "hair": {"color": "red"}, "input_assets": [{"file_id": "img_1"}]})
        assert body["prompt"] == prompt
        assert body["hair"] == {"color": "red"}
        assert body["input_assets"] == [{"file_id": "img_1"}]

    def test_a_name_is_sent_and_a_blank_one_is_not(self) -> None:
        assert parse(brief(WOMAN, name="Été 2025 / Zoë")).body()["name"] == "Été 2025 / Zoë"
        assert "name" not in parse(brief(WOMAN, name="  ")).body()

    def test_a_brief_cannot_be_changed(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            parse(brief()).priority = 5

    def test_a_brief_survives_being_written_down_and_read_again(self) -> None:
        parsed = parse(brief(WOMAN, PROMPTED, choose=["all", "manual"], metadata={"a": [1]}))
        assert Brief.model_validate_json(parsed.model_dump_json()) == parsed


class TestWhatIsNoted:
    def test_an_omitted_number_of_variations_becomes_one(self) -> None:
        parsed = parse(brief({"prompt": "A man."}))
        assert parsed.instructions[0].num_variations == 1
        assert parsed.notes == ["instructions[0].num_variations was not given: 1 draft, the cheapest"]

    def test_orbita_without_a_size_gets_1k(self) -> None:
        parsed = parse(with_options("orbita", ar="1:1"))
        assert parsed.instructions[0].options.size == "1K"
        assert parsed.body()["instructions"][0]["options"] == {"size": "1K", "ar": "1:1", "format": "jpg"}
        told = "instructions[0].options.size was not given: 1K, the only one that orbita makes"
        assert told in parsed.notes

    def test_orbita_with_1k_given_needs_no_note(self) -> None:
        assert "size" not in " ".join(parse(with_options("orbita", size="1K")).notes)

    @pytest.mark.parametrize("group", ["outfit", "style", "scene", "camera"])
    def test_an_ignored_group_is_passed_on_as_it_came_and_noted(self, group: str) -> None:
        value = {"top": None, "layers": ["", {"a": 1}]}
        parsed = parse(brief(PROMPTED, WOMAN | {group: value}))
        assert parsed.body()["instructions"][1][group] == value
        assert [note.split(" is ignored")[0] for note in parsed.notes] == [f"instructions[1].{group}"]

    def test_assets_without_a_prompt_are_sent_and_noted(self) -> None:
        parsed = parse(brief(WOMAN | {"input_assets": [{"file_id": "img_1"}]}))
        assert parsed.body()["instructions"][0]["input_assets"] == [{"file_id": "img_1"}]
        assert parsed.notes == [
            "instructions[0].input_assets are meant to go with a prompt, and there is none"
        ]

    def test_a_brief_that_says_everything_has_no_notes(self) -> None:
        assert parse(brief(PROMPTED | {"input_assets": [{"file_id": "img_1"}]})).notes == []


class TestChoices:
    def test_one_choice_serves_every_instruction(self) -> None:
        parsed = parse(brief(WOMAN, PROMPTED, choose="manual"))
        assert parsed.choices() == (Choose.MANUAL, Choose.MANUAL)

    def test_a_list_chooses_for_each_instruction(self) -> None:
        parsed = parse(brief(WOMAN, PROMPTED, choose=["all", "first"]))
        assert parsed.choices() == (Choose.ALL, Choose.FIRST)

    @pytest.mark.parametrize(
        ("choose", "slots"), [("first", 2), ("manual", 2), ("all", 5), (["all", "first"], 4)]
    )
    def test_slots_are_the_most_identities_that_may_be_promoted(self, choose: Any, slots: int) -> None:
        parsed = parse(brief(WOMAN, PROMPTED, choose=choose))
        assert parsed.slots() == slots
        assert parsed.total_variations == 5

    @pytest.mark.parametrize("choose", [[], ["all"], ["all", "all", "all"]])
    def test_a_list_of_another_length_is_refused(self, choose: list[str]) -> None:
        assert paths_of(brief(WOMAN, PROMPTED, choose=choose)) == ["choose"]

    @pytest.mark.parametrize("choose", ["worst", 1, {}, ["first", "plugin:"], ["first", {}], "plugin:a b"])
    def test_an_unknown_choice_is_refused(self, choose: object) -> None:
        assert paths_of(brief(WOMAN, PROMPTED, choose=choose)) == ["choose"]
