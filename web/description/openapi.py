"""The OpenAPI 3.1 document of `/v1`, made of the table of operations and of our models."""

from functools import cache
from typing import Any

from web.description import shapes
from web.description.components import Components
from web.description.operation import MEANINGS, Need, Operation, Parameter
from web.description.operations import OPERATIONS
from worker.ledger.events import CATALOGUE

_JSON, _PROBLEM = "application/json", "application/problem+json"
_NEEDS = {
    Need.NOTHING: "Needs no token.",
    Need.READ: "Needs a token; `caller` sees what it has sent alone.",
    Need.WRITE: "Needs a token of the role `caller`, for what it has sent itself, `operator` or `admin`.",
    Need.ADMIN: "Needs a token of the role `admin`.",
}
#: Headers that a status brings.
_HEADERS = {
    201: {"Location": "where it can be asked for"},
    401: {"WWW-Authenticate": "which kind of token is wanted"},
    429: {"Retry-After": "seconds until the next day (UTC)"},
    503: {"Retry-After": "seconds after which it is worth another try"},
}
_TEXT = {"type": "string"}
_ABOUT = (
    "Briefs, batches, accounts and events for programs. What is answered may gain fields and types of "
    "events in later versions: readers ignore what they do not know."
)


@cache
def document() -> dict[str, Any]:
    """Return the document as plain values."""
    parts = Components()
    paths: dict[str, Any] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, parts)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "identity-worker",
            "version": "1",
            "description": _ABOUT,
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "webhooks": {"event": {"post": _webhook(parts)}},
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`identity-worker token NAME` makes one.",
                }
            },
            "schemas": dict(sorted(parts.all.items())),
        },
    }


def _operation(of: Operation, parts: Components) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": of.name,
        "summary": of.summary,
        "description": _NEEDS[of.need],
        "parameters": [*_in_path(of), *(_parameter(each) for each in of.parameters)],
        "responses": {str(status): _response(of, status, parts) for status in sorted(of.statuses)},
    }
    if of.need is Need.NOTHING:
        told["security"] = []
    if of.need is Need.READ:
        # On the loopback, as long as nobody has a token.
        told["security"] = [{"token": []}, {}]
    if of.takes is not None or of.takes_briefs:
        told["requestBody"] = _body(of, parts)
    return told


def _in_path(of: Operation) -> list[dict[str, Any]]:
    names = [part.strip("{}") for part in of.path.split("/") if part.startswith("{")]
    schema = {"type": "string", "minLength": 1}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _parameter(of: Parameter) -> dict[str, Any]:
    return {"name": of.name, "in": of.place, "description": of.description, "schema": dict(of.schema)}


def _body(of: Operation, parts: Components) -> dict[str, Any]:
    if of.takes is not None:
        return {"content": {_JSON: {"schema": parts.body(of.takes)}}}
    brief = parts.brief()
    many = {"type": "array", "items": brief, "minItems": 1, "maxItems": 10_000}
    lines = {"type": "string", "description": "a brief a line"}
    return {
        "required": True,
        "content": {_JSON: {"schema": {"anyOf": [brief, many]}}, "application/x-ndjson": {"schema": lines}},
    }


def _response(of: Operation, status: int, parts: Components) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if status in of.answers:
        content[_JSON] = {"schema": _page(of.answers[status], parts)}
    if status in of.answers and of.streams:
        content["text/event-stream"] = {"schema": _TEXT}
    if status in of.problems:
        content[_PROBLEM] = {"schema": parts.answer(shapes.Problem)}
    told: dict[str, Any] = {"description": MEANINGS.get(status, "Done."), "content": content}
    headers = _HEADERS.get(status, {})
    if headers:
        told["headers"] = {name: {"description": text, "schema": _TEXT} for name, text in headers.items()}
    return told


def _page(models: tuple[type, ...], parts: Components) -> dict[str, Any]:
    schema = _any(models, parts)
    if models == (shapes.Events,):
        place = {"entryid": {**_TEXT, "description": "its place in the stream"}}
        items = [{**parts.event(type_), "properties": place, "required": ["entryid"]} for type_ in CATALOGUE]
        parts.all["Events"]["properties"]["events"]["items"] = {"anyOf": items}
    return schema


def _any(models: tuple[type, ...], parts: Components) -> dict[str, Any]:
    found = [parts.answer(each) for each in models]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _webhook(parts: Components) -> dict[str, Any]:
    """Return what `identity-worker deliver` sends to endpoints of others (docs/webhooks.md)."""
    events = {"anyOf": [parts.event(type_) for type_ in CATALOGUE]}
    return {
        "operationId": "takeEvent",
        "summary": "An event, sent to an endpoint",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": _TEXT}
            for name, text in WEBHOOK_HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/cloudevents+json": {"schema": events}}},
        "responses": {
            "2XX": {"description": "It was taken."},
            "410": {"description": "It is there no more."},
        },
    }


#: Headers of a webhook (https://www.standardwebhooks.com).
WEBHOOK_HEADERS = {
    "webhook-id": "`evt_` and the entry's id in the stream: the same at each try",
    "webhook-timestamp": "seconds since 1970, of this try",
    "webhook-signature": "`v1,` and an HMAC-SHA256 as base64; two while a secret is changed",
}
