"""What a brief may hold, what it is refused for, and what is sent for it."""

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.briefs.body import MODELS, Appearance, Face, Format, Hair, Ratio, Size
from worker.briefs.brief import Brief, parse, schema
from worker.briefs.envelope import Choose, OnNameTaken
from worker.briefs.faults import MAX_BYTES, MAX_FAULTS, MAX_PATH, BriefError, Fault

WOMAN: dict[str, Any] = {"appearance": {"gender": "female", "age": 28}, "num_variations": 3}
PROMPTED: dict[str, Any] = {"prompt": "A man of 40 with grey eyes.", "num_variations": 2}

HOSTILE_PLACES = [
    "",
    " ",
    "/etc/passwd",
    "~/.ssh/id_rsa",
    "..",
    "../a.jpg",
    "a/../../b.jpg",
    "a\\b.jpg",
    "C:\\a.jpg",
    "a\x00.jpg",
    "a\n.jpg",
    "a\u202egpj.exe",
    "x" * 1001,
    7,
    ["a.jpg"],
    "http://example.com/a.jpg",
    "HTTP://example.com/a.jpg",
    "ftp://example.com/a.jpg",
    "file:///etc/passwd",
    "https://",
    "https:///a.jpg",
    "https://user:word@example.com/a.jpg",
    "https://user@example.com/a.jpg",
    "https://example.com:0/a.jpg",
    "https://example.com:99999/a.jpg",
    "https://[::1/a.jpg",
    "//example.com/a.jpg",
]


def brief(*instructions: Any, **fields: Any) -> dict[str, Any]:
    return {"instructions": list(instructions or (WOMAN,)), **fields}


def with_options(model: Any = "auto", **options: Any) -> dict[str, Any]:
    return brief(WOMAN | {"options": options}, options={"model": model})


def faults_of(raw: Any, **settings: Any) -> list[Fault]:
    with pytest.raises(BriefError) as caught:
        parse(raw, **settings)
    return caught.value.faults


def paths_of(raw: Any) -> list[str]:
    return [fault.path for fault in faults_of(raw)]


def sent(instruction: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = parse(brief(instruction)).body()["instructions"][0]
    return body


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

    @pytest.mark.parametrize("choose", ["best", 1, {}, ["first", "best"], ["first", {}]])
    def test_an_unknown_choice_is_refused(self, choose: object) -> None:
        assert paths_of(brief(WOMAN, PROMPTED, choose=choose)) == ["choose"]


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

    def test_it_refuses_assets(self) -> None:
        assets = PROMPTED | {"input_assets": [{"file_id": "img_1"}]}
        assert paths_of(brief(assets, options={"model": "orbita"})) == ["instructions[0].input_assets"]

    def test_its_rules_hold_for_no_other_model(self) -> None:
        assert parse(with_options("seedream", size="4K", ar="21:9")).instructions[0].options.ar == "21:9"


class TestEnvelope:
    @pytest.mark.parametrize(
        ("field", "longest", "all_kinds"), [("brief_id", 128, "aZ09._:-"), ("account", 64, "aZ09._-")]
    )
    def test_an_id_is_short_and_of_plain_characters(self, field: str, longest: int, all_kinds: str) -> None:
        assert getattr(parse(brief(**{field: all_kinds})), field) == all_kinds
        assert parse(brief(**{field: "x" * longest}))
        for bad in ("", "a b", "é", "a\n", "a/b", "x" * (longest + 1), 7):
            assert paths_of(brief(**{field: bad})) == [field]

    def test_an_account_is_called_as_the_accounts_file_allows(self) -> None:
        assert paths_of(brief(account="a:b")) == ["account"]

    @pytest.mark.parametrize("batch", ["", "x" * 129, "a\x00b", "a\u2028b", 7])
    def test_a_batch_is_one_printable_line(self, batch: object) -> None:
        assert paths_of(brief(batch=batch)) == ["batch"]

    @pytest.mark.parametrize("name", ["x" * 201, "a\x1b[31mb", "a\x9b31mb", "a\nb", "\u202eabc", 7])
    def test_a_name_is_one_printable_line(self, name: object) -> None:
        assert paths_of(brief(name=name)) == ["name"]

    @pytest.mark.parametrize("priority", [-101, 101, 1.5, "5", True, 10**18])
    def test_a_priority_lies_between_minus_100_and_100(self, priority: object) -> None:
        assert parse(brief(priority=100)).priority == 100
        assert paths_of(brief(priority=priority)) == ["priority"]

    def test_metadata_of_16_kib_is_accepted_and_one_byte_more_is_refused(self) -> None:
        fits = {"a": "é" * ((16 * 1024 - len('{"a":""}')) // 2)}
        assert parse(brief(metadata=fits)).metadata == fits
        assert paths_of(brief(metadata={"a": fits["a"] + "x"})) == ["metadata"]
        assert paths_of(brief(metadata=["a"])) == ["metadata"]

    def test_an_unknown_way_with_taken_names_is_refused(self) -> None:
        assert paths_of(brief(on_name_taken="overwrite")) == ["on_name_taken"]

    @pytest.mark.parametrize(
        "image", ["photo.jpg", "a/b c.png", "https://example.com/a.webp?x=1", "x" * 1000]
    )
    def test_with_a_reference_image_the_instructions_may_be_left_out(self, image: str) -> None:
        (instruction,) = parse({"reference_image": image}).instructions
        assert (
            instruction.body()
            == parse(brief({**PROMPTED, "num_variations": 1}))
            .instructions[0]
            .model_copy(update={"prompt": None})
            .body()
        )

    def test_the_one_instruction_beside_a_reference_image_may_be_empty(self) -> None:
        parsed = parse(brief({"num_variations": 4}, reference_image="a.jpg"))
        assert (parsed.total_variations, parsed.needs_files()) == (4, True)

    def test_two_instructions_beside_a_reference_image_are_refused(self) -> None:
        assert paths_of(brief(WOMAN, PROMPTED, reference_image="a.jpg")) == ["instructions"]
        assert paths_of(brief(WOMAN, reference_image="a.jpg", choose=["all", "all"])) == ["choose"]
        assert paths_of({"reference_image": "a.jpg", "choose": ["all", "all"]}) == ["choose"]

    @pytest.mark.parametrize("place", HOSTILE_PLACES)
    def test_a_hostile_place_of_a_picture_is_refused(self, place: object) -> None:
        assert paths_of({"reference_image": place}) == ["reference_image"]
        assets = PROMPTED | {"input_assets": [{"file": place}]}
        assert paths_of(brief(assets)) == ["instructions[0].input_assets[0].file"]

    def test_plain_http_is_allowed_where_it_is_set(self) -> None:
        assert parse({"reference_image": "http://a.example/b.jpg"}, plain_http=True).reference_image


class TestUnknownFields:
    @pytest.mark.parametrize(
        ("raw", "path", "nearest"),
        [
            (brief(brief_ID="a"), "brief_ID", "brief_id"),
            (brief(option={}), "option", "options"),
            (brief({"hair": {"COLOR": "red"}}), "instructions[0].hair.COLOR", "hair.color"),
            (brief(options={"modle": "auto"}), "options.modle", "options.model"),
            (brief(WOMAN | {"numVariations": 2}), "instructions[0].numVariations", "num_variations"),
            (brief(WOMAN | {"hair": {"colour": "red"}}), "instructions[0].hair.colour", "hair.color"),
            (brief(WOMAN | {"face": {"eye": None}}), "instructions[0].face.eye", "face.eyes"),
            (with_options(sise="1K"), "instructions[0].options.sise", "options.size"),
            (brief(WOMAN | {"ar": "1:1"}), "instructions[0].ar", "instructions[].options.ar"),
            (brief(WOMAN | {"name": "Zoë"}), "instructions[0].name", "name"),
        ],
    )
    def test_one_is_refused_by_name_with_the_nearest_known_one(
        self, raw: dict[str, Any], path: str, nearest: str
    ) -> None:
        (fault,) = faults_of(raw)
        assert fault.path == path
        assert fault.rule.startswith("is not known here")
        assert fault.rule.endswith(nearest)

    def test_one_near_to_none_is_told_the_names_there_are(self) -> None:
        (fault,) = faults_of(brief(colour="red"))
        assert fault.rule.startswith("is not known here; the known names are brief_id, account, ")

    def test_a_field_of_the_record_is_none_of_the_brief(self) -> None:
        assert paths_of(brief(notes=["a"])) == ["notes"]


class TestFaults:
    def test_all_are_told_at_once(self) -> None:
        bad = brief(
            {"appearance": {"gendr": "f"}, "num_variations": 9, "options": {"ar": "5:4", "format": "gif"}},
            {"prompt": ""},
            "a woman",
            options={"model": "orbita", "watermark": True},
            priority=1000,
            choose=["first"],
        )
        assert sorted(paths_of(bad)) == [
            "choose",
            "instructions[0].appearance.gendr",
            "instructions[0].num_variations",
            "instructions[0].options.ar",
            "instructions[0].options.format",
            "instructions[1]",
            "instructions[2]",
            "options.watermark",
            "priority",
        ]

    def test_one_bad_instruction_is_not_called_too_few_as_well(self) -> None:
        assert paths_of(brief(WOMAN | {"num_variations": 9})) == ["instructions[0].num_variations"]

    def test_people_read_one_line_for_each(self) -> None:
        with pytest.raises(BriefError) as caught:
            parse(brief(WOMAN | {"num_variations": 9}, batch="a\nb"))
        assert str(caught.value).splitlines() == [
            r'batch: 1 to 128 printable characters on one line (got "a\\nb")',
            "instructions[0].num_variations: a whole number of drafts from 1 to 8; 1 if omitted (got 9)",
        ]

    def test_a_long_value_is_cut(self) -> None:
        (fault,) = faults_of(brief(name="x" * 5000))
        assert fault.value == "x" * 120 + "…"

    def test_control_characters_are_escaped_in_values_and_paths(self) -> None:
        (fault,) = faults_of(brief(**{"a\x1b[2J": "b\x1b[2J\u202e"}))
        assert fault.path == r"a\x1b[2J"
        assert fault.value == r"b\x1b[2J\u202e"

    def test_paths_and_all_faults_together_are_short_whatever_the_fields_are_called(self) -> None:
        name = "\U0001fbff\u202e" * 60  # written out, up to ten characters each
        deep: dict[str, Any] = {}
        for level in range(20):
            deep = {f"{level}{name}": deep, **{f"n{number}": 2**70 for number in range(9)}}
        faults = faults_of(brief({}, metadata=deep))
        assert max(len(fault.path) for fault in faults) <= MAX_PATH
        assert len(json.dumps([fault.model_dump() for fault in faults])) <= MAX_BYTES
        assert faults[-1].rule.startswith("and so many more faults")

    def test_how_many_more_there_are_is_told(self) -> None:
        many = [Fault(path="x" * 200, value=number, rule="r" * 100) for number in range(100)]
        *told, more = BriefError(many).faults
        assert told == many[: len(told)]
        assert more.value == 100 - len(told)

    def test_a_hostile_number_of_them_is_cut_off(self) -> None:
        unknown = {f"x{number}": 1 for number in range(10_000)}
        assert MAX_FAULTS / 2 < len(faults_of(brief({}, **unknown))) <= MAX_FAULTS
        assert len(faults_of('{"a": 1' + ', "a": 1' * 1000 + "}")) == MAX_FAULTS


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
        assert paths_of('{"priority": ' + "9" * 5000 + "}") == [""]

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


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://ann:geheim@example.com/a.jpg", "https://…example.com/a.jpg"),
        ("http://example.com/a.jpg?signature=geheim", "http://example.com/a.jpg?…"),
        ("ftp://ann:geheim@example.com/?key=geheim", "ftp://…example.com/?…"),
    ],
)
def test_what_gives_access_in_a_refused_url_is_not_told(url: str, told: str) -> None:
    with pytest.raises(BriefError) as bad:
        parse({"reference_image": url})
    assert told in str(bad.value)
    with pytest.raises(BriefError) as listed:
        parse({"reference_image": [url]})
    assert "geheim" not in str(listed.value)
