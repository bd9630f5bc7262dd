"""Fills in what a file's brief may leave out, and what `--set` says of all of them."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from cli.reading.tables import columns
from cli.reading.tables.cells import CellError, value_of
from cli.reading.tables.columns import Column
from cli.reading.tables.errors import UsageError
from config.text import printable
from worker.briefs.body import Instruction, InstructionOptions
from worker.briefs.names import GROUPS

_INSTRUCTIONS = "instructions"
_MAKE_AN_INSTRUCTION = (*GROUPS, "prompt")


class Setting(NamedTuple):
    """A field of all briefs of a run, and what it is set to."""

    column: Column
    value: Any

    def apply(self, brief: dict[str, Any]) -> None:
        """Set it; in each instruction, where it names none. What is no object is left to the rules."""
        path, instructions = self.column.path, brief.get(_INSTRUCTIONS)
        numbers = range(len(instructions)) if self.column.every and isinstance(instructions, list) else ()
        for number in numbers or [path[1] if len(path) > 1 else 0]:
            where = (path[0], number, *path[2:]) if path[0] == _INSTRUCTIONS and len(path) > 1 else path
            try:
                columns.put(brief, where, deepcopy(self.value))
            except TypeError:
                continue


def settings(given: Sequence[str]) -> list[Setting]:
    """Return what `--set PATH=VALUE` says. Raises UsageError."""
    return [_setting(each) for each in given]


def _setting(given: str) -> Setting:
    name, equals, value = given.partition("=")
    told = f"--set {printable(given)}:"
    if not equals or not name.strip():
        raise UsageError(f"{told} must be PATH=VALUE, as in num_variations=2")
    column = columns.column(name)
    if column is None:
        near = columns.nearest(name)
        meant = f"; the nearest is {near}" if near else ""
        raise UsageError(f"{told} {printable(name.strip())!r} is no field of a brief{meant}")
    if column.path == ("brief_id",):
        raise UsageError(f"{told} each brief has an id of its own")
    try:
        return Setting(column, value_of(value, column.kind, column.words))
    except CellError as error:
        raise UsageError(f"{told} {error.rule}") from error


def whole(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a brief with its one instruction in `instructions`, if its fields stand beside the others.

    So the vendor's extraction describes a photo, and so do the columns of tables.
    """
    brief = dict(value)
    if brief.get(_INSTRUCTIONS) is not None or not any(name in brief for name in _MAKE_AN_INSTRUCTION):
        return brief
    own = {name: brief.pop(name) for name in Instruction.model_fields if name in brief and name != "options"}
    options = brief.get("options")
    if isinstance(options, dict):
        of_pictures = {name: options[name] for name in InstructionOptions.model_fields if name in options}
        of_job = {name: each for name, each in options.items() if name not in of_pictures}
        own |= {"options": of_pictures} if of_pictures else {}
        brief |= {"options": of_job}
    brief.pop(_INSTRUCTIONS, None)
    return brief | {_INSTRUCTIONS: [own]}
