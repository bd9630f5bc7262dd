"""Which columns a table may have: each field of a brief, by its path or shorter."""

from typing import Any

import pytest
from reading_tables import faults, prepared

from cli.reading.tables.columns import METADATA, column, nearest, put
from worker.briefs.body import (
    Appearance,
    Body,
    Face,
    Group,
    Hair,
    Instruction,
    InstructionOptions,
    JobOptions,
)
from worker.briefs.envelope import Envelope

GROUPS: list[tuple[str, type[Group]]] = [("appearance", Appearance), ("face", Face), ("hair", Hair)]
LAST_NAMES = {
    name
    for part in (Appearance, Face, Hair, InstructionOptions, JobOptions, Instruction, Body, Envelope)
    for name in part.model_fields
}


@pytest.mark.parametrize(("group", "part"), GROUPS)
def test_each_trait_is_a_column_with_and_without_its_instruction(group: str, part: type[Group]) -> None:
    for name in part.model_fields:
        path = ("instructions", 0, group, name)
        for written in (f"instructions[0].{group}.{name}", f"{group}.{name}", f"{group} {name}".upper()):
            found = column(written)
            assert found is not None
            assert found.path == path
        second = column(f"instructions[1].{group}.{name}")
        assert second is not None
        assert (second.path, second.every) == (("instructions", 1, group, name), False)


def test_every_last_name_alone_is_a_column() -> None:
    assert [name for name in sorted(LAST_NAMES) if column(name) is None] == []


def test_a_word_for_all_of_the_hair_is_told_its_columns() -> None:
    (told,) = faults(prepared(b"name,prompt,hair\nAda,a sailor,red\n"))
    assert "must be JSON" in told
    assert "; its parts may have columns of their own: hair.color, hair.length, hair.style (got" in told


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("size", ("instructions", 0, "options", "size")),
        ("style", ("instructions", 0, "hair", "style")),
        ("Hair_Color", ("instructions", 0, "hair", "color")),
        ("options", ("options",)),
        ("options.model", ("options", "model")),
        ("model", ("options", "model")),
        ("options.ar", ("instructions", 0, "options", "ar")),
        ("name", ("name",)),
        ("input_assets[1].file", ("instructions", 0, "input_assets", 1, "file")),
        ("instructions[2].input_assets[1].file_id", ("instructions", 2, "input_assets", 1, "file_id")),
        ("metadata.SKU", (METADATA, "SKU")),
        ("Metadata.shop.sku", (METADATA, "shop", "sku")),
        ("reference image", ("reference_image",)),
    ],
)
def test_a_name_means_one_field(name: str, path: tuple[Any, ...]) -> None:
    found = column(name)
    assert found is not None
    assert found.path == path


@pytest.mark.parametrize(
    "name", ["", "colour", "sku", "metadata.", "metadata..a", "instructions[99].prompt", "name[0]", "a[0][1]"]
)
def test_what_is_no_field_is_none(name: str) -> None:
    assert column(name) is None


def test_the_nearest_field_is_told_as_short_as_it_may_be_written() -> None:
    assert [nearest(name) for name in ("hair colour", "num_variation", "agee", "aple")] == [
        "hair.color",
        "num_variations",
        "age",
        None,
    ]


def test_what_is_missing_on_the_way_is_made() -> None:
    tree: dict[str, Any] = {"instructions": None}
    put(tree, ("instructions", 1, "hair", "color"), "red")
    put(tree, ("metadata", "a", "b"), 1)
    assert tree == {"instructions": [{}, {"hair": {"color": "red"}}], "metadata": {"a": {"b": 1}}}
    with pytest.raises(TypeError):
        put(tree, ("instructions", 1, "hair", "color", "tone"), "dark")
