"""Reads settings: fields of a dataclass, each given as a value or read from a variable as text.

Not by pydantic: its import would take as long as everything else that a command of an operator does.
"""

import ast
import inspect
import math
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import Field, field, fields
from itertools import pairwise
from pathlib import Path
from types import NoneType
from typing import Any, Literal, Self, cast, get_args, get_origin

#: What a setting of yes or no may be called, in any case.
YES, _NO = {"1", "true", "t", "yes", "y", "on"}, {"0", "false", "f", "no", "n", "off"}


class SecretText:
    """A text that is shown to nobody who does not ask for it by name."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "SecretText('**********')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Copied:
    """Settings of which there may be copies."""

    def model_copy(self, update: Mapping[str, Any]) -> Self:
        """Return a copy with these values, which are taken as they are."""
        made = copy(self)
        vars(made).update(update)
        return made


def setting(
    default: Any,
    *,
    variable: str | None = None,
    gt: float | None = None,
    ge: float | None = None,
    le: float | None = None,
    unit: str | None = None,
) -> Any:
    """Declare a setting with its bounds, its unit, and its variable where this has a name of its own."""
    bounds = {"exclusiveMinimum": gt, "minimum": ge, "maximum": le}
    said = {name: value for name, value in bounds.items() if value is not None}
    more = {} if unit is None else {"unit": unit}
    return field(default=default, metadata={"variable": variable, "bounds": said, "more": more})


def own_variable(each: "Field[Any]") -> str | None:
    """Return the fixed name of a setting's variable, None where it has none."""
    variable: str | None = each.metadata.get("variable")
    return variable


def found_value(
    each: "Field[Any]", given: Mapping[str, Any], environment: Mapping[str, str], prefix: str
) -> Any:
    """Return what a setting is to be, unread: as it is given, else its variable, else its default.

    The names of the `environment` are in small letters. A fixed name goes before that of the field.
    """
    own = own_variable(each)
    for name in filter(None, (own, each.name)):
        if name in given:
            return given[name]
    for name in filter(None, (own, prefix + each.name)):
        if name.lower() in environment:
            return environment[name.lower()]
    return each.default


def read_value(each: "Field[Any]", value: Any) -> Any:
    """Return a value in a setting's type; raises ValueError, which says the rule and not the value."""
    kind, is_optional = _kind_of(each)
    if value is None and is_optional:
        return None
    read = _READ[kind](value) if kind in _READ else _choice(kind, value)
    bounds = each.metadata.get("bounds", {})
    if "exclusiveMinimum" in bounds and not read > bounds["exclusiveMinimum"]:
        raise ValueError(f"must be greater than {bounds['exclusiveMinimum']}")
    if "minimum" in bounds and not read >= bounds["minimum"]:
        raise ValueError(f"must be {bounds['minimum']} or more")
    if "maximum" in bounds and not read <= bounds["maximum"]:
        raise ValueError(f"must be {bounds['maximum']} or less")
    return read


def shape_of(each: "Field[Any]") -> dict[str, Any]:
    """Return a setting's JSON Schema."""
    kind, is_optional = _kind_of(each)
    shape = dict(_SHAPES[kind]) if kind in _SHAPES else {"type": "string", "enum": list(get_args(kind))}
    shape |= each.metadata.get("bounds", {})
    if is_optional:
        shape = {"anyOf": [shape, {"type": "null"}]}
    default = str(each.default) if isinstance(each.default, Path) else each.default
    title = each.name.replace("_", " ").title()
    return {**shape, **each.metadata.get("more", {}), "default": default, "title": title}


def schema_of(settings: type, variable: Callable[[str], str]) -> dict[str, Any]:
    """Return the JSON Schema of settings, by the names of their variables."""
    described = docstrings(settings)
    return {
        "title": settings.__name__,
        "description": inspect.cleandoc(settings.__doc__ or ""),
        "type": "object",
        "additionalProperties": False,
        "properties": {
            variable(own_variable(each) or each.name): {**shape_of(each), "description": described[each.name]}
            for each in fields(settings)
        },
    }


def names_of(settings: type) -> set[str]:
    """Return by which names settings may be given: those of the fields, and the fixed ones."""
    all_ = fields(settings)
    return {each.name for each in all_} | {name for each in all_ if (name := own_variable(each)) is not None}


def docstrings(settings: type) -> dict[str, str]:
    """Return what stands below each setting, read from the source, on one line."""
    shape = cast("ast.ClassDef", ast.parse(inspect.getsource(settings)).body[0])
    return {
        each.target.id: " ".join(ast.literal_eval(said.value).split())
        for each, said in pairwise(shape.body)
        if isinstance(each, ast.AnnAssign)
        and isinstance(each.target, ast.Name)
        and isinstance(said, ast.Expr)
    }


def _kind_of(each: "Field[Any]") -> tuple[Any, bool]:
    """Return the type of a setting, and whether it may be None."""
    kinds: tuple[Any, ...] = get_args(each.type) if get_origin(each.type) is not Literal else ()
    some = [kind for kind in kinds if kind is not NoneType]
    return (some[0], True) if len(some) < len(kinds) else (each.type, False)


def _choice(kind: Any, value: Any) -> Any:
    if value not in get_args(kind):
        raise ValueError(f"must be {' or '.join(map(repr, get_args(kind)))}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004  # as of every wrong value
    return value


def _secret(value: Any) -> Any:
    return value if hasattr(value, "get_secret_value") else SecretText(_text(value))


def _whole(value: Any) -> int:
    number = _number(value, "must be a whole number")
    if not number.is_integer():
        raise ValueError("must be a whole number")
    return int(value) if isinstance(value, int) else int(number)


def _number(value: Any, rule: str = "must be a number") -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(rule) from None
    if not math.isfinite(number):
        raise ValueError(rule)
    return number


def _yes_or_no(value: Any) -> bool:
    text = str(value).lower()
    if text not in YES | _NO:
        raise ValueError("must be true or false")
    return text in YES


_READ = {
    str: _text,
    SecretText: _secret,
    Path: Path,
    int: _whole,
    float: _number,
    bool: _yes_or_no,
}
_SHAPES: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    SecretText: {"type": "string", "format": "password", "writeOnly": True},
    Path: {"type": "string", "format": "path"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
}
