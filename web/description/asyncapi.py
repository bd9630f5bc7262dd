"""The AsyncAPI 3.0 document: the queue that briefs come by, the stream of events, and the webhooks."""

from functools import cache
from typing import Any

from config import keys
from web.description.components import BASE, Components
from web.description.openapi import WEBHOOK_HEADERS
from worker.ledger.events import CATALOGUE

_TEXT = {"type": "string"}
_ABOUT = (
    "Briefs come in by a queue of Dramatiq on Redis; events go out by a Redis stream, and as webhooks. The "
    "data of an event may gain fields in later versions: readers ignore what they do not know. Where there "
    "is a namespace, the keys of Redis begin with it."
)


@cache
def document() -> dict[str, Any]:
    """Return the document as plain values."""
    parts = Components()
    parts.brief()
    for type_ in CATALOGUE:
        parts.event(type_)
    briefs = {"brief": _brief(), "envelope": _envelope(), "pick": _pick()}
    events = {type_: _event(type_) for type_ in CATALOGUE}
    sent = {f"{type_}.webhook": of | {"headers": _headers()} for type_, of in events.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "identity-worker", "version": "1", "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {
            "briefs": _channel(
                keys.INLET,
                "The Dramatiq queue, a list; what an element names stands in the hash `.msgs` beside it.",
                briefs,
            ),
            "events": _channel(
                keys.EVENTS(),
                "The Redis stream; the field `event` of an entry is a CloudEvent 1.0.",
                events,
            ),
            "webhooks": _channel(
                None, "An endpoint of somebody else's: POSTs, signed by Standard Webhooks.", sent
            )
            | {"bindings": {"http": {}}},
        },
        "operations": {
            "takeBriefs": _operation("receive", "briefs"),
            "tellOfBriefs": _operation("send", "events"),
            "sendWebhooks": _operation("send", "webhooks") | {"bindings": {"http": {"method": "POST"}}},
        },
        "components": {"messages": briefs | events | sent, "schemas": dict(sorted(parts.all.items()))},
    }


def _channel(address: str | None, description: str, messages: dict[str, Any]) -> dict[str, Any]:
    refs = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {"address": address, "description": description, "messages": refs}


def _operation(action: str, channel: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _brief() -> dict[str, Any]:
    summary = "A brief as JSON, as an element of the list itself, or in an envelope"
    return {"name": "brief", "summary": summary, "payload": {"$ref": f"{BASE}Brief"}}


def _envelope() -> dict[str, Any]:
    brief = _TEXT | {"contentMediaType": "application/json", "description": "the brief as JSON text"}
    return {
        "name": "envelope",
        "summary": "A message of Dramatiq that holds a brief, in the hash under its `redis_message_id`",
        "payload": _message("accept_brief", [brief]),
    }


def _pick() -> dict[str, Any]:
    drafts = {"type": "array", "items": {"type": "integer"}, "description": "ids of drafts"}
    return {
        "name": "pick",
        "summary": "A choice among a brief's drafts, as a message of Dramatiq",
        "payload": _message("pick_drafts", [_TEXT | {"description": "the brief"}, drafts]),
    }


def _message(actor: str, arguments: list[Any]) -> dict[str, Any]:
    options = {"type": "object", "required": ["redis_message_id"], "properties": {"redis_message_id": _TEXT}}
    properties = {
        "queue_name": {"const": keys.INLET},
        "actor_name": {"const": actor},
        "args": {"type": "array", "items": arguments, "minItems": len(arguments)},
        "kwargs": {"type": "object"},
        "options": options,
        "message_id": _TEXT,
        "message_timestamp": {"type": "integer", "description": "ms since 1970"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _event(type_: str) -> dict[str, Any]:
    summary = " ".join((CATALOGUE[type_].__doc__ or "").split())
    return {"name": type_, "summary": summary, "payload": {"$ref": BASE + type_}}


def _headers() -> dict[str, Any]:
    told = {name: _TEXT | {"description": text} for name, text in WEBHOOK_HEADERS.items()}
    return {"type": "object", "required": list(told), "properties": told}
