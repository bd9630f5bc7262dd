"""Validates a brief beyond single fields: rules between fields, and pydantic's errors as faults.

The joint rules read the plain JSON and not the validated fields: pydantic runs no joint check where a field
is bad, and a brief's author wants all faults at once.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from config.text import nearest
from worker.briefs.body import (
    Appearance,
    Asset,
    Face,
    Hair,
    Instruction,
    InstructionOptions,
    JobOptions,
    Part,
    is_blank,
)
from worker.briefs.choices import BriefKind
from worker.briefs.envelope import Envelope
from worker.briefs.faults import Fault, fault, path_of
from worker.briefs.names import GROUPS, is_url
from worker.briefs.sources import is_plain_http

Location = tuple[str | int, ...]

#: Which fields may stand where.
_MODELS: Mapping[str, type[Part]] = {
    "": Envelope,
    "options": JobOptions,
    "instructions[]": Instruction,
    "instructions[].appearance": Appearance,
    "instructions[].face": Face,
    "instructions[].hair": Hair,
    "instructions[].input_assets[]": Asset,
    "instructions[].options": InstructionOptions,
}
_ORBITA_REFUSES = {"size": ("2K", "4K"), "ar": ("4:5", "5:4", "21:9")}


def field_faults(error: ValidationError, limit: int) -> list[Fault]:
    """Translate at most `limit` of pydantic's errors; the rule is the description of the field at fault."""
    return [
        fault(
            each["loc"],
            None if each["type"] == "missing" else each["input"],
            _rule(each["type"], each["loc"]),
        )
        for each in error.errors(include_url=False, include_context=False)[:limit]
        # Pydantic counts the items that passed, so one bad instruction alone would also be too few of them.
        if each["type"] != "too_short" or not each["input"]
    ]


def joint_faults(tree: Mapping[str, Any], *, plain_http: bool = False) -> Iterator[Fault]:
    """Yield the faults that no single field can show (guide, *Limits and validation*).

    `plain_http` allows http URLs.
    """
    model = _fields(tree.get("options")).get("model")
    if not plain_http:
        yield from _http_faults(tree)
    reference, instructions = tree.get("reference_image"), tree.get("instructions")
    yield from _kind_faults(tree)
    if instructions is None:
        if reference is None:
            yield fault(("instructions",), None, f"is required: {_description(Envelope, 'instructions')}")
            return
        instructions = [{}]
    if not isinstance(instructions, list):
        return
    if reference is not None and len(instructions) > 1:
        yield fault(("instructions",), instructions, "with reference_image at most one")
    choose = tree.get("choose")
    if isinstance(choose, list) and len(choose) != len(instructions):
        yield fault(
            ("choose",), choose, f"a list has one choice for each of the {len(instructions)} instructions"
        )
    for index, instruction in enumerate(instructions):
        if isinstance(instruction, dict):
            yield from _asset_faults(instruction, ("instructions", index))
            if reference is None and _is_empty(instruction):
                rule = "needs a non-empty prompt, or a filled field of appearance, face or hair"
                yield fault(("instructions", index), instruction, rule)
            if model == "orbita":
                yield from _orbita_faults(instruction, ("instructions", index))


#: What an import has no use for.
_NOT_IMPORTED = ("instructions", "options", "choose")


def _kind_faults(tree: Mapping[str, Any]) -> Iterator[Fault]:
    kind, reference = tree.get("kind"), tree.get("reference_image")
    if kind in (BriefKind.DESCRIPTION, BriefKind.IMPORT) and reference is None:
        yield fault(("reference_image",), None, f"is required where kind is {kind}")
    if kind != BriefKind.IMPORT:
        if tree.get("tag") is not None:
            yield fault(("tag",), tree["tag"], "is for imports alone (kind)")
        return
    if isinstance(reference, str) and is_url(reference):
        yield fault(("reference_image",), reference, "of an import it is a path, and no URL")
    for name in _NOT_IMPORTED:
        if tree.get(name) is not None:
            yield fault((name,), tree[name], "an import has none: its portrait is the identity")


def _http_faults(tree: Mapping[str, Any]) -> Iterator[Fault]:
    sources: list[tuple[Location, Any]] = [(("reference_image",), tree.get("reference_image"))]
    for index, instruction in enumerate(_items(tree.get("instructions"))):
        for number, asset in enumerate(_items(_fields(instruction).get("input_assets"))):
            where = ("instructions", index, "input_assets", number, "file")
            sources.append((where, _fields(asset).get("file")))
    for location, source in sources:
        if isinstance(source, str) and is_plain_http(source):
            yield fault(location, source, "a URL must be https")


def _asset_faults(instruction: Mapping[str, Any], location: Location) -> Iterator[Fault]:
    for number, asset in enumerate(_items(instruction.get("input_assets"))):
        given = [name for name in ("file_id", "file") if _fields(asset).get(name) is not None]
        if isinstance(asset, dict) and len(given) != 1:
            where = (*location, "input_assets", number, "file_id")
            yield fault(where, asset.get("file_id"), "one of file_id and file is needed, and not both")


def _orbita_faults(instruction: Mapping[str, Any], location: Location) -> Iterator[Fault]:
    options = _fields(instruction.get("options"))
    for name, refused in _ORBITA_REFUSES.items():
        if options.get(name) in refused:
            yield fault((*location, "options", name), options[name], f"orbita refuses {', '.join(refused)}")
    if instruction.get("input_assets"):
        yield fault((*location, "input_assets"), instruction["input_assets"], "orbita takes no input_assets")


def _is_empty(instruction: Mapping[str, Any]) -> bool:
    values = [instruction.get("prompt")]
    for name in GROUPS:
        group = instruction.get(name)
        values += group.values() if isinstance(group, dict) else [group]
    return all(map(is_blank, values))


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _fields(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _rule(kind: str, location: Location) -> str:
    while isinstance(location[-1], int):
        location = location[:-1]
    parent, name = re.sub(r"\[\d+\]", "[]", path_of(location[:-1])), str(location[-1])
    if kind == "extra_forbidden":
        return _unknown(parent, name)
    description = _description(_MODELS[parent], name)
    return f"is required: {description}" if kind == "missing" else description


def _description(part: type[Part], name: str) -> str:
    return str(part.model_fields[name].description)


def _unknown(parent: str, name: str) -> str:
    fields = _MODELS[parent].model_fields
    found = [f"{where}.{name}" for where, part in _MODELS.items() if name in part.model_fields]
    if not found and (near := nearest(name, fields)):
        found = [f"{parent}.{near}"]
    if not found:
        return f"is not known here; the known names are {', '.join(fields)}"
    return "is not known here; the nearest known name is " + " or ".join(
        path.removeprefix(".") for path in found
    )
