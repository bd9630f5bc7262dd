"""JSON Schemas (2020-12) of our models, as components of one document that refer to each other."""

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from web.description import hook_shapes, shapes
from worker.briefs import brief
from worker.forecast.batch_plan import AccountPlan
from worker.ledger.arrivals import Bought
from worker.ledger.events import CATALOGUE
from worker.operations.halts import Halt
from worker.views.account import AccountSummary, PauseView
from worker.views.event_schemas import schemas
from worker.views.models import BriefView, PromotionView, published

BASE = "#/components/schemas/"
#: What is told as an object by its fields' names, where pydantic would take a list for it.
_NAMED = (Bought, Halt, PauseView)
#: Classes whose fields are described by the texts below them.
_DESCRIBED = {
    each.__name__: each
    for each in (
        *(
            of
            for of in (vars(shapes) | vars(hook_shapes)).values()
            if dataclasses.is_dataclass(of) and isinstance(of, type)
        ),
        *(AccountPlan, AccountSummary, BriefView, PromotionView, *_NAMED),
    )
}
#: Whose fields may be left out of an answer.
_MAY_LACK = (shapes.Problem.__name__,)
_TEXT = {"type": "string"}
#: What is told beside the fields: of a brief by `web.v1.finding.facts`, of a plan their sum.
_ADDED: dict[str, dict[str, Any]] = {
    "BriefView": {
        "finished": {"type": "boolean"},
        "identity_codes": {"type": "array", "items": _TEXT},
    },
    "AccountPlan": {"credits": {"type": "number"}},
    "Delivery": hook_shapes.DELIVERY_ADDED,
}


class Components:
    """The schemas that a document refers to."""

    def __init__(self) -> None:
        self.all: dict[str, Any] = {}

    def answer(self, model: type) -> dict[str, Any]:
        """Return a reference to the schema of what is answered, which is among all from now on."""
        if model is dict:
            return {"type": "object"}
        if model.__name__ not in self.all:
            self._put(model.__name__, _answered(model))
        return {"$ref": BASE + model.__name__}

    def body(self, model: type) -> dict[str, Any]:
        """Return a reference to the schema of what is sent, which is among all from now on."""
        self._put(model.__name__, TypeAdapter(model).json_schema())
        return {"$ref": BASE + model.__name__}

    def brief(self) -> dict[str, Any]:
        """Return a reference to the schema of what a brief may say."""
        self._put("Brief", brief.schema())
        return {"$ref": f"{BASE}Brief"}

    def event(self, type_: str) -> dict[str, Any]:
        """Return a reference to the schema of a whole event of a type."""
        if type_ not in self.all:
            self._put(f"{type_}.data", schemas()[type_])
            self.all[type_] = _event(type_)
        return {"$ref": BASE + type_}

    def _put(self, name: str, schema: Mapping[str, Any]) -> None:
        own = {of: value for of, value in schema.items() if of not in ("$defs", "$schema")}
        for of, value in {**schema.get("$defs", {}), name: own}.items():
            # Two schemas of one name count as one: where they are not, one of the classes needs another name.
            new = _described(of, _moved(value))
            if self.all.setdefault(of, new) != new:
                raise KeyError(of)


def _answered(model: type) -> dict[str, Any]:
    schema: dict[str, Any] = _open(TypeAdapter(model).json_schema(mode="serialization"))
    parts = {**schema.get("$defs", {}), model.__name__: schema}
    for each in _NAMED:
        if each.__name__ in parts:
            parts[each.__name__] = schema["$defs"][each.__name__] = _of_named(each)
    for name in _ADDED.keys() & parts.keys():
        known = {published(field): of for field, of in parts[name]["properties"].items()}
        parts[name]["properties"] = known | _ADDED[name]
    for name, part in parts.items():
        if name in _DESCRIBED and name not in _MAY_LACK:
            part["required"] = list(part["properties"])
    return schema


def _open(schema: Any) -> Any:
    """Return a schema that lets a reader meet fields which it does not know."""
    if isinstance(schema, dict):
        return {name: _open(value) for name, value in schema.items() if value is not False}
    return [_open(each) for each in schema] if isinstance(schema, list) else schema


def _of_named(model: Any) -> dict[str, Any]:
    """Return the schema of a named tuple as an object."""
    made = dataclasses.make_dataclass(model.__name__, list(inspect.get_annotations(model).items()))
    return TypeAdapter(made).json_schema(mode="serialization") | {"description": inspect.getdoc(model)}


def _event(type_: str) -> dict[str, Any]:
    attributes = {
        "specversion": {"const": "1.0"},
        "id": _TEXT,
        "source": _TEXT,
        "type": {"const": type_},
        "subject": _TEXT,
        "time": _TEXT | {"format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"$ref": f"{BASE}{type_}.data"},
    }
    summary = " ".join((CATALOGUE[type_].__doc__ or "").split())
    return {
        "type": "object",
        "description": summary,
        "required": list(attributes),
        "properties": attributes | {"traceparent": _TEXT},
    }


def _moved(schema: Any) -> Any:
    """Return a schema that refers to components; titles that only repeat a name are left out."""
    if isinstance(schema, dict):
        return {
            name: value.replace("#/$defs/", BASE, 1) if name == "$ref" else _moved(value)
            for name, value in schema.items()
            if name != "title" or not isinstance(value, str)
        }
    return [_moved(each) for each in schema] if isinstance(schema, list) else schema


def _described(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    if name not in _DESCRIBED or "properties" not in schema:
        return schema
    texts, told = dict(_texts(_DESCRIBED[name])), {}
    for field, of in schema["properties"].items():
        told[field] = of | {"description": texts[field]} if field in texts else of
    return schema | {"properties": told}


def _texts(model: type) -> Iterator[tuple[str, str]]:
    """Yield the fields of a class that have a text below them, with it."""
    (of,) = ast.parse(textwrap.dedent(_source(model))).body
    assert isinstance(of, ast.ClassDef)  # noqa: S101  # says what `ast` can't
    for each, after in zip(of.body, of.body[1:], strict=False):
        if (
            isinstance(each, ast.AnnAssign)
            and isinstance(each.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            yield each.target.id, re.sub(r"\bNone\b", "null", " ".join(after.value.value.split()))


@cache
def _source(model: type) -> str:
    return inspect.getsource(model)
