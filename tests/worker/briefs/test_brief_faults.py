"""What a brief is refused for: its envelope, unknown fields, and how each fault is told."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from brief_bodies import brief, faults_of, paths_of, with_options

from worker.briefs.brief import parse
from worker.briefs.faults import MAX_BYTES, MAX_FAULTS, MAX_PATH, BriefError, Fault, fault

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

    def test_files_are_needed_where_one_is_to_be_uploaded(self) -> None:
        known, local = {"file_id": "img_1"}, {"file": "a.png"}
        assert not parse(brief(WOMAN)).needs_files()
        assert not parse(brief(PROMPTED | {"input_assets": [known]})).needs_files()
        assert parse(brief(WOMAN, PROMPTED | {"input_assets": [known, local]})).needs_files()

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
            r'batch: 1 to 128 printable characters on one line (got "a\nb")',
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
        assert len(json.dumps([asdict(fault) for fault in faults])) <= MAX_BYTES
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


def test_control_characters_of_a_quoted_value_are_escaped_once() -> None:
    told = str(fault(("name",), 'two\r\nlines, a \\ and a "', "on one line"))
    assert told == r"""name: on one line (got "two\r\nlines, a \ and a \"")"""
