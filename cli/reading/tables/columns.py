"""The paths of a brief as names of columns: derived from the models of worker/briefs, never listed.

A path is written as faults write it: `instructions[0].hair.color`. What stands in `instructions[0]` may be
written without it, and a last name that only one field has alone: `hair.color`, `color`. Case does not count,
nor whether words have blanks, dots, dashes or underscores between them: `Hair Color` is `hair.color`.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from itertools import pairwise
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from cli.reading.tables.cells import Kind
from config import text
from worker.briefs.body import Part, Trait
from worker.briefs.envelope import Envelope
from worker.briefs.faults import path_of

Path = tuple[str | int, ...]

METADATA = "metadata"
_INSTRUCTIONS = "instructions"
#: What stands in a path for the number of an item.
_ITEM = "[]"
#: The last names that several fields have, with the one that is meant: a brief says most of its pictures'
#: size, and the API ignores the group `style`.
_OF_SEVERAL = {"size": "instructions.options.size", "style": "instructions.hair.style"}
#: The largest number of an item; no list of a brief has more.
_LAST_ITEM = 9
_INDEX = re.compile(r"\[(\d+)\]")
_OF_INSTRUCTION = re.compile(r"instructions\[(\d)\]\.(.+)", re.IGNORECASE)


class Column(NamedTuple):
    """A field of the brief that a column fills."""

    path: Path
    kind: Kind
    words: tuple[str, ...] = ()
    """What may stand there, of a field with a list of words."""
    every: bool = False
    """Whether the path names no instruction of several: it may be meant for all of them."""


class _Field(NamedTuple):
    path: tuple[str, ...]
    kind: Kind
    words: tuple[str, ...]


def column(name: str) -> Column | None:
    """Return what a column of this name fills, None for a name that is no path of a brief."""
    name = name.strip()
    first, dot, rest = name.partition(".")
    if dot and first.lower() == METADATA:
        names = rest.split(".")
        return Column((METADATA, *names), Kind.ANYTHING) if all(names) else None
    if of_instruction := _OF_INSTRUCTION.fullmatch(name):
        return _in_instruction(int(of_instruction[1]), of_instruction[2])
    found = _names().get(_plain(_INDEX.sub("", name)))
    given = [int(number) for number in _INDEX.findall(name)]
    if found is None or len(given) > found.path.count(_ITEM) or max(given, default=0) > _LAST_ITEM:
        return None
    missing = found.path.count(_ITEM) - len(given)
    numbers = iter([0] * missing + given)
    path = tuple(next(numbers) if part == _ITEM else part for part in found.path)
    return Column(path, found.kind, found.words, every=missing > 0 and path[0] == _INSTRUCTIONS)


def _in_instruction(number: int, name: str) -> Column | None:
    found = column(name)
    if found is None or not found.every:
        return None
    return found._replace(path=(_INSTRUCTIONS, number, *found.path[2:]), every=False)


def kind_at(path: Path) -> tuple[Kind, tuple[str, ...]]:
    """Return the kind of the field at a path, and its words; anything may stand where none is known."""
    generic = tuple(_ITEM if isinstance(part, int) else part for part in path)
    found = next((each for each in _fields() if each.path == generic), None)
    return (Kind.ANYTHING, ()) if found is None else (found.kind, found.words)


def parts_of(column: Column) -> str:
    """Return which columns a field's parts may have instead of one, as the end of a sentence; blank: none."""
    generic = tuple(_ITEM if isinstance(part, int) else part for part in column.path)
    below = [each for each in _fields() if each.path[:-1] == generic and each.kind is not Kind.JSON]
    names = ", ".join(".".join(_short(each)) for each in below)
    return f"; its parts may have columns of their own: {names}" if names else ""


def nearest(name: str) -> str | None:
    """Return the path that looks most like a name, as short as it may be written."""
    known = {plain: _told(plain, field) for plain, field in _names().items()}
    known[_plain(f"{METADATA}.name")] = f"{METADATA}.name"
    near = text.nearest(_plain(name), known)
    return None if near is None else known[near]


def _told(plain: str, field: _Field) -> str:
    """Return a field's name as it may be written: the last one alone where `plain` is that, else the path."""
    last = field.path[-1]
    return last if plain == _plain(last) else ".".join(_short(field))


def put(tree: dict[str, Any], path: Path, value: Any) -> None:
    """Set a value in a tree of objects and lists; what is missing on the way is made, items as objects.

    Raises TypeError where something else stands on the way.
    """
    at: Any = tree
    for part, following in pairwise(path):
        new: Any = [] if isinstance(following, int) else {}
        at = _into(at, part, new)
    if isinstance(path[-1], int):
        _into(at, path[-1], value)
    elif isinstance(at, dict):
        at[path[-1]] = value
    else:
        raise TypeError(path_of(path))


def _into(at: Any, part: str | int, new: Any) -> Any:
    if isinstance(part, int) and isinstance(at, list):
        at.extend({} for _ in range(part + 1 - len(at)))
        return at[part]
    if isinstance(part, str) and isinstance(at, dict):
        if at.get(part) is None:
            at[part] = new
        return at[part]
    raise TypeError(part)


def _plain(name: str) -> str:
    return re.sub(r"[\s._-]+", ".", name.strip().lower()).strip(".")


@cache
def _names() -> Mapping[str, _Field]:
    """Return the fields by each way in which they may be written; where two meet, the later one counts."""
    fields = _fields()
    last: dict[str, list[_Field]] = {}
    for field in fields:
        last.setdefault(_plain(field.path[-1]), []).append(field)
    several = {_plain(name): path for name, path in _OF_SEVERAL.items()}
    names = {_plain(".".join(_short(each))): each for each in fields if each.kind is Kind.JSON}
    for name, found in last.items():
        one = [each for each in found if each.kind is not Kind.JSON]
        if name in several:
            one = [each for each in found if _plain(_written(each.path)) == _plain(several[name])]
        if len(one) == 1:
            names[name] = one[0]
    names |= {_plain(".".join(_short(each))): each for each in fields if each.kind is not Kind.JSON}
    return names | {_plain(_written(each.path)): each for each in fields}


def _short(field: _Field) -> tuple[str, ...]:
    path = tuple(part for part in field.path if part != _ITEM)
    return path[1:] if path[0] == _INSTRUCTIONS and len(path) > 1 else path


def _written(path: tuple[str, ...]) -> str:
    return ".".join(part for part in path if part != _ITEM)


@cache
def _fields() -> tuple[_Field, ...]:
    return tuple(_of_part(Envelope, ()))


def _of_part(part: type[Part], above: tuple[str, ...]) -> Iterator[_Field]:
    for name, field in part.model_fields.items():
        path, annotation = (*above, name), field.annotation
        nested, many = _nested(annotation)
        kind, words = _kind(annotation)
        yield _Field(path, Kind.JSON if nested else kind, words)
        if nested:
            yield from _of_part(nested, (*path, _ITEM) if many else path)


def _nested(annotation: Any) -> tuple[type[Part] | None, bool]:
    """Return the object of the body that a field holds, and whether it is a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation, False
    if get_origin(annotation) is tuple:
        item = get_args(annotation)[0]
        if isinstance(item, type) and issubclass(item, Part):
            return item, True
    return None, False


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    if annotation in (Trait, get_args(Trait)[0]):
        return Kind.TRAIT, ()
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return Kind.WORD, tuple(map(str, get_args(annotation)))
    if get_origin(annotation) in (Union, UnionType):
        one, *others = [each for each in get_args(annotation) if each is not type(None)]
        kind, words = _kind(one)
        return (Kind.WORDS if others else kind), words
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return Kind.WORD, tuple(annotation)
    simple = {str: Kind.TEXT, int: Kind.WHOLE, bool: Kind.BOOLEAN}
    return simple.get(annotation, Kind.JSON), ()
