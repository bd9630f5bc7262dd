"""Makes spans of the stages that the ledger has put on record (`worker/ledger/lua/lib/stages.lua`).

The ids of a span follow from what it is about, so a span that is sent twice is one. Names and attributes are
those of OpenTelemetry's semantic conventions (messaging, HTTP client); our own begin with `identity_worker`.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from config import keys
from config.settings import Settings

#: What a span is to the others: the work itself, a call that goes out, a message that comes in or goes out.
SpanKind = Literal["internal", "client", "consumer", "producer"]
Value = str | int | float | bool | list[str]

_MS = 1_000_000


@dataclass(frozen=True)
class Span:
    """One span. Times are ns since 1970; a parent of 0 is none."""

    trace_id: int
    span_id: int
    parent_id: int
    name: str
    kind: SpanKind
    start: int
    end: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    error: str | None = None
    """What went wrong, where it ended so."""


class _Stage(NamedTuple):
    """What the span of a state is."""

    name: str
    kind: SpanKind = "internal"
    path: str = ""
    """Of a call: the path of the API."""


_STAGES: Mapping[tuple[str, str], _Stage] = {
    ("brief", "preparing"): _Stage("prepare files"),
    ("brief", "waiting"): _Stage("wait for permits"),
    ("brief", "submitting"): _Stage("POST /identity/create", "client", "/identity/create"),
    ("brief", "uncertain"): _Stage("resolve create"),
    ("brief", "generating"): _Stage("remote job"),
    ("brief", "choosing"): _Stage("choose drafts"),
    ("brief", "promoting"): _Stage("promote drafts"),
    ("brief", "held"): _Stage("wait for an operator"),
    ("promotion", "planned"): _Stage("wait for permits"),
    ("promotion", "promoting"): _Stage(
        "POST /identity/promote-generated", "client", "/identity/promote-generated"
    ),
    ("promotion", "preprocessing"): _Stage("preprocessing"),
    ("promotion", "held"): _Stage("wait for an operator"),
}
#: What of a record's fields is told as which attribute.
_NAMES = {
    "job_id": "identity_worker.job.id",
    "preprocessing_job_id": "identity_worker.preprocessing_job.id",
    "identity_code": "identity_worker.identity.code",
}
#: The states in which a record ends that has come to nothing.
_BAD = ("failed", "uncertain")


def span_of(text: str, settings: Settings) -> Span:
    """Return the span of a stage as it is on record."""
    stage = json.loads(text)
    if stage["stage"] == "delivery":
        return _delivery(stage)
    trace_id, root, remote = _trace(stage)
    times = {"start": round(stage["from_ms"] * _MS), "end": round(stage["to_ms"] * _MS)}
    own = _attributes(stage)
    error = _error(stage)
    if stage["stage"] == "whole":
        told = {**own, **_messaging("process", stage)}
        return Span(
            trace_id,
            root,
            remote,
            f"process {_queue(stage)}",
            "consumer",
            **times,
            attributes=told,
            error=error,
        )
    if stage["stage"] == "sent":
        told = {**own, **_messaging("receive", stage)}
        name, span_id = f"receive {_queue(stage)}", _id(stage["brief"], stage["accepted_at"], "sent")
        return Span(trace_id, span_id, root, name, "consumer", **times, attributes=told)
    kind = stage["subject"].partition(":")[0]
    of = _STAGES.get((kind, stage["stage"]), _Stage(stage["stage"]))
    span_id = _id(stage["subject"], stage["accepted_at"], stage["stage"], stage["from_ms"])
    if of.path:
        own |= _call(of.path, settings)
    return Span(trace_id, span_id, root, of.name, of.kind, **times, attributes=own, error=error)


def own_trace() -> str:
    """Return the traceparent of a brief that came without one: a new trace, and the brief's span in it."""
    trace_id = secrets.token_hex(16)
    return f"00-{trace_id}-{_own_root(int(trace_id, 16)):016x}-01"


def _own_root(trace_id: int) -> int:
    return _id("brief", trace_id)


def _trace(stage: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return the ids of the trace, of the brief's span, and of that which its sender named, 0 for none."""
    _, trace, parent, _ = stage["trace"].split("-")
    trace_id, named = int(trace, 16), int(parent, 16)
    if not trace_id:
        # An id of zeros would have a collector refuse all spans that come with it (W3C Trace Context,
        # 3.2.2.3).
        raise ValueError("a trace of zeros is none")
    if named == _own_root(trace_id):
        return trace_id, named, 0
    return trace_id, _id(stage["brief"], stage["accepted_at"]), named


def _id(*of: object) -> int:
    """Return the id of the span that is about these."""
    return int.from_bytes(hashlib.sha256(json.dumps(of).encode()).digest()[:8]) or 1


def _queue(stage: Mapping[str, Any]) -> str:
    return str(stage.get("inlet") or keys.INLET)


def _messaging(operation: Literal["process", "receive"], stage: Mapping[str, Any]) -> dict[str, Value]:
    # https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
    return {
        "messaging.system": "redis",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": _queue(stage),
    }


def _call(path: str, settings: Settings) -> dict[str, Value]:
    # https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
    parts = urlsplit(settings.api_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {
        "http.request.method": "POST",
        "url.full": f"{settings.api_url}{path}",
        "url.template": path,
        "server.address": parts.hostname or "",
        "server.port": port,
    }


def _attributes(stage: Mapping[str, Any]) -> dict[str, Value]:
    told = stage.get("told") or {}
    found: dict[str, Value] = {
        "identity_worker.brief.id": stage["brief"],
        "identity_worker.account": stage["account"],
        "identity_worker.subject": stage["subject"],
        "identity_worker.state": stage["stage"],
        "identity_worker.next_state": stage["to"],
    }
    found |= {name: str(told[each]) for each, name in _NAMES.items() if told.get(each)}
    if told.get("grants"):
        found["identity_worker.attempt"] = int(told["grants"])
    if told.get("lacked"):
        found["identity_worker.lacked"] = str(told["lacked"]).split(",")
    return found


def _error(stage: Mapping[str, Any]) -> str | None:
    if stage["to"] not in _BAD:
        return None
    return str((stage.get("told") or {}).get("error") or stage["to"])


def _delivery(stage: Mapping[str, Any]) -> Span:
    """Return the span of a message to an endpoint of webhooks, from its first try to its last."""
    event, line = json.loads(stage["event"]), json.loads(stage["line"])
    brief = event["data"].get("brief_id") or event["subject"]
    _, trace, parent, _ = stage["trace"].split("-")
    attributes: dict[str, Value] = {
        "http.request.method": "POST",
        "http.request.resend_count": max(0, int(stage.get("tries") or 1) - 1),
        "cloudevents.event_id": event["id"],
        "cloudevents.event_source": event["source"],
        "cloudevents.event_type": event["type"],
        "identity_worker.brief.id": str(brief),
        "identity_worker.hook": stage["hook"],
        "identity_worker.outcome": stage["to"],
    }
    if line.get("status") is not None:
        attributes["http.response.status_code"] = int(line["status"])
    return Span(
        int(trace, 16),
        _id("delivery", stage["hook"], line["entry"], stage["from_ms"]),
        int(parent, 16),
        "POST",
        "client",
        round(stage["from_ms"] * _MS),
        round(stage["to_ms"] * _MS),
        attributes,
        None if stage["to"] == "taken" else str(line.get("error") or stage["to"]),
    )
