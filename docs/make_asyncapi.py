"""Writes `asyncapi.yaml`, AsyncAPI 3.0: the queue that briefs come by, and the stream of events."""

from pathlib import Path
from typing import Any

import yaml

from config import keys
from worker.briefs import brief
from worker.ledger.events import CATALOGUE
from worker.views.event_schemas import schemas

PAGE = Path(__file__).parent / "asyncapi.yaml"


def page() -> str:
    """Return the whole document."""
    head = (
        "# Made from worker/ledger/events.py by `python -m docs.make`; a test keeps the two the same.\n"
        "# The data of each event may gain fields in later versions: readers ignore what they do not know.\n"
    )
    return head + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=110)


def document() -> dict[str, Any]:
    """Return the document as plain values."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "identity-worker",
            "version": "1",
            "description": "Briefs come in by a queue of Dramatiq on Redis; events go out by a Redis stream.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "briefs": {
                "address": keys.INLET,
                "description": "The Dramatiq queue; its actor `accept_brief` takes the brief as JSON text.",
                "messages": {"brief": {"$ref": "#/components/messages/brief"}},
            },
            "events": {
                "address": keys.EVENTS(),
                "description": "The Redis stream; the field `event` of an entry is a CloudEvent 1.0.",
                "messages": {type_: {"$ref": f"#/components/messages/{type_}"} for type_ in CATALOGUE},
            },
        },
        "operations": {
            "takeBriefs": {"action": "receive", "channel": {"$ref": "#/channels/briefs"}},
            "tellOfBriefs": {"action": "send", "channel": {"$ref": "#/channels/events"}},
        },
        "components": {
            "messages": {"brief": {"payload": _at("brief", brief.schema())}}
            | {type_: _message(type_) for type_ in CATALOGUE}
        },
    }


def _message(type_: str) -> dict[str, Any]:
    model = CATALOGUE[type_]
    text = {"type": "string"}
    attributes = {
        "specversion": {"const": "1.0"},
        "id": text,
        "source": text,
        "type": {"const": type_},
        "subject": text,
        "time": text | {"format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": _at(f"{type_}/payload/properties/data", schemas()[type_]),
    }
    summary = " ".join((model.__doc__ or "").split())
    payload = {"type": "object", "required": list(attributes), "properties": attributes}
    return {"name": type_, "summary": summary, "payload": payload}


def _at(place: str, schema: Any) -> Any:
    """Return a schema whose references to its own definitions hold inside this document."""
    base = f"#/components/messages/{place}" + ("/payload" if place == "brief" else "")
    if isinstance(schema, dict):
        return {
            name: value.replace("#/$defs", f"{base}/$defs", 1) if name == "$ref" else _at(place, value)
            for name, value in schema.items()
        }
    return [_at(place, each) for each in schema] if isinstance(schema, list) else schema
