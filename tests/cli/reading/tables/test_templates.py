"""A template: a brief with places, filled by each row of a table; and `--set`, for all briefs."""

import json
from pathlib import Path
from typing import Any

import pytest
from reading_tables import faults, items, prepared

from cli.reading.formats import Format
from cli.reading.tables.errors import UsageError
from cli.reading.tables.naming import Naming
from cli.reading.tables.template import Template, read_template
from cli.sending.shorthand import settings

TEMPLATE = {
    "name": "{who} {{spring}}",
    "metadata": {"sku": "{sku}", "fixed": 7},
    "instructions": [
        {"prompt": "A {age}-year-old {hair}.", "num_variations": "{drafts}", "appearance": {"age": "{age}"}}
    ],
}
HEADER = "who,sku,age,hair,drafts"


def filled(*rows: str, header: str = HEADER, template: Any = TEMPLATE, **naming: Any) -> list[Any]:
    table = "\n".join([header, *rows])
    return [
        item.value for item in items(table.encode(), naming=Naming(template=Template(template), **naming))
    ]


def test_each_row_is_a_brief_and_values_keep_their_types() -> None:
    assert filled("Jo,0471,28.0,blonde,3") == [
        {
            "name": "Jo {spring}",
            "metadata": {"sku": "0471", "fixed": 7},
            "instructions": [
                {"prompt": "A 28-year-old blonde.", "num_variations": 3, "appearance": {"age": 28}}
            ],
        }
    ]


def test_an_empty_cell_leaves_its_field_out_but_no_gap_in_texts() -> None:
    naming = Naming(template=Template(TEMPLATE))
    table = f"{HEADER}\nJo,,28,blonde,\nAl,1,28,,2\n"
    found = items(table.encode(), naming=naming)
    assert found[0].value["metadata"] == {"fixed": 7}
    assert "num_variations" not in found[0].value["instructions"][0]
    assert faults(prepared(table.encode(), naming=naming)) == [
        "stdin row 3: instructions[0].prompt (column C: age, column D: hair): "
        'column hair must be filled: the template puts it within a text (got "")'
    ]


def test_a_fault_of_a_filled_field_names_its_column() -> None:
    told = faults(
        prepared(f"{HEADER}\nJo,1,28,red,nine\n".encode(), naming=Naming(template=Template(TEMPLATE)))
    )
    assert told[0].startswith(
        "stdin row 2: instructions[0].num_variations (column E: drafts): a whole number"
    )


def test_a_place_without_a_column_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"\{drafts\} is no column of the table; the nearest is 'draft'"):
        filled("Jo,1,28,red,2", header="who,sku,age,hair,draft")


def test_columns_that_are_not_used_are_told_or_kept() -> None:
    assert filled("Jo,x", header="who,more", template={"name": "{who}"}, extra_as_metadata=True) == [
        {"name": "Jo", "metadata": {"more": "x"}}
    ]
    assert filled("Jo,x", header="Wer,more", template={"name": "{who}"}, names={"Wer": "who"}) == [
        {"name": "Jo"}
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"name": "{"}', 'name: at "{": a place is {column}'),
        ('{"name": "a } b"}', 'name: at "} b"'),
        ('{"name": "{ }"}', "name: at"),
        ("[1]", "must be one brief"),
        ('{"name": "a", "name": "b"}', "each name stands once"),
        ("{", "must be JSON"),
    ],
)
def test_a_template_that_is_none_is_a_wrong_use(content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(UsageError) as refused:
        read_template(tmp_path / "t.json")
    assert f"--template {tmp_path / 't.json'}: " in str(refused.value)
    assert told in str(refused.value)


def test_with_a_template_nothing_but_a_table_is_read() -> None:
    (bad,) = items(b"{}", Format.JSON, naming=Naming(template=Template(TEMPLATE)))
    assert bad.faults[0].rule.startswith("must be a table")


def set_in(value: dict[str, Any], *given: str) -> dict[str, Any]:
    brief = json.loads(json.dumps(value))
    for each in settings(given):
        each.apply(brief)
    return brief


def test_what_is_set_is_set_in_every_instruction_unless_it_names_one() -> None:
    two = {"instructions": [{"prompt": "a"}, {"prompt": "b", "num_variations": 5}]}
    assert set_in(
        two, "num_variations=2", "size=4k", "options.model=seedream", "instructions[1].ar=16:9"
    ) == {
        "instructions": [
            {"prompt": "a", "num_variations": 2, "options": {"size": "4K"}},
            {"prompt": "b", "num_variations": 2, "options": {"size": "4K", "ar": "16:9"}},
        ],
        "options": {"model": "seedream"},
    }


def test_a_photo_s_brief_gets_an_instruction_for_what_is_set() -> None:
    assert set_in({"reference_image": "a.jpg"}, "num_variations=2", "metadata.sku=0471") == {
        "reference_image": "a.jpg",
        "instructions": [{"num_variations": 2}],
        "metadata": {"sku": "0471"},
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("model", "must be PATH=VALUE"),
        ("num_variation=2", "the nearest is num_variations"),
        ("brief_id=a", "each brief has an id of its own"),
        ("metadata={", "must be JSON"),
    ],
)
def test_what_cannot_be_set_is_a_wrong_use(given: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        settings([given])


def test_what_is_set_is_checked_like_what_is_written() -> None:
    assert (
        "a whole number of drafts" in faults(prepared(b"prompt,age\nx,1\n", set_to=("num_variations=9",)))[0]
    )


def test_the_vendor_s_description_of_a_photo_is_a_brief() -> None:
    described = {"appearance": {"gender": "female", "age": "25-30"}, "hair": {"color": "red"}}
    saved = {
        "instructions": [{**described, "num_variations": 2}],
        "options": {"model": "auto"},
        "name": "From a",
    }
    for value in (described, saved, {**described, "options": {"size": "2K", "model": "auto"}}):
        spool = prepared(json.dumps(value).encode(), Format.JSON)
        (each,) = list(spool)
        assert each.faults == []
        assert each.brief is not None
        assert each.brief.instructions[0].appearance.age == "25-30"
