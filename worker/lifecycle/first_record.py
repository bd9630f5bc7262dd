"""Makes the first record of a brief that arrives: of a valid one, and of one that breaks rules."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from config.accounts.names import ACCOUNT_NAME, DEFAULT
from worker.briefs import equality
from worker.briefs.brief import Brief, parse
from worker.briefs.choices import BriefKind
from worker.briefs.envelope import BRIEF_ID, TRACEPARENT
from worker.briefs.faults import BriefError, Fault
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefAccepted, BriefFailed
from worker.ledger.records import inside
from worker.ledger.told import ToldFault
from worker.lifecycle import importing
from worker.lifecycle.record_fields import body_fields


def arrival(brief: Brief, brief_id: str, source: str) -> Arrival:
    """Return a valid brief as an arrival; `source` is the digest of what it was read from."""
    account, body = brief.account or DEFAULT, brief.body()
    event = BriefAccepted(
        instructions=len(brief.instructions), variations=brief.total_variations, notes=brief.notes
    )
    if brief.kind is not BriefKind.IDENTITY:
        event = event.model_copy(update={"kind": brief.kind})
    return Arrival(
        brief_id,
        account,
        brief.batch,
        brief.priority,
        _fields(brief, brief_id, account, body) | {"source": source},
        event,
        state=_begins(brief),
        request_digest=equality.request_digest(brief, body),
        promotions=(importing.promotion(brief),) if brief.kind is BriefKind.IMPORT else (),
    )


def _begins(brief: Brief) -> str:
    if brief.kind is BriefKind.IMPORT:
        return "choosing"
    return "preparing" if brief.needs_files() else "waiting"


def _fields(brief: Brief, brief_id: str, account: str, body: Mapping[str, Any]) -> dict[str, str]:
    parts = equality.parts(brief, body)
    fields = {
        "envelope": envelope(brief_id, brief.batch, account, brief.metadata),
        **body_fields(body),
        "parts": json.dumps(parts),
        "content": equality.content(parts),
        "choose": json.dumps(brief.choices()),
        "on_name_taken": brief.on_name_taken,
        "need": str(brief.slots()),
        "variations": str(brief.total_variations),
        "notes": json.dumps(brief.notes, ensure_ascii=False),
    }
    optional = {
        "name": brief.name,
        "reference_image": brief.reference_image,
        "keep_exif": "1" if brief.keep_exif else None,
        "job_name": importing.name(brief) if brief.kind is BriefKind.IMPORT else None,
        "kind": None if brief.kind is BriefKind.IDENTITY else brief.kind,
        "trace": brief.traceparent,
    }
    return fields | {name: value for name, value in optional.items() if value is not None}


def invalid_arrival(raw: Any, message_id: str, broken: list[Fault]) -> Arrival:
    """Return a brief that breaks rules as an arrival, with what of it can be read."""
    said = _readable(raw)
    brief_id = matching(BRIEF_ID, said.get("brief_id")) or safe_id(message_id)
    account = account_of(said)
    batch, metadata = _good(said, "batch", None), _good(said, "metadata", {})
    faults = [asdict(fault) for fault in broken]
    source = equality.source(raw)
    fields = {
        "envelope": envelope(brief_id, batch, account, metadata),
        "parts": json.dumps({"brief": source}),
        "source": source,
        "faults": json.dumps(faults, ensure_ascii=False),
        "error": "the brief breaks rules",
    }
    if trace := matching(TRACEPARENT, said.get("traceparent")):
        fields["trace"] = trace
    event = BriefFailed(error=fields["error"], faults=[ToldFault(**fault) for fault in faults])
    return Arrival(brief_id, account, batch, 0, fields, event, state="failed")


def envelope(brief_id: str, batch: str | None, account: str, metadata: Mapping[str, Any]) -> str:
    """Return the data that each event of the brief carries, as the inside of a JSON object."""
    return inside({"brief_id": brief_id, "batch": batch, "account": account, "metadata": metadata})


def account_of(raw: Any) -> str:
    """Return the account that a brief is on record under, whether it is valid or not."""
    return matching(ACCOUNT_NAME, _readable(raw).get("account")) or DEFAULT


def _readable(raw: Any) -> Mapping[str, Any]:
    """Return the fields of an invalid brief that can be read, so that its owner is on record."""
    try:
        value = json.loads(raw) if isinstance(raw, str | bytes) else raw
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, Mapping) else {}


def _good(said: Mapping[str, Any], field: str, otherwise: Any) -> Any:
    """Return a field of an invalid brief's envelope if that field alone is valid."""
    if field not in said:
        return otherwise
    try:
        return getattr(parse({"instructions": [{"prompt": "-"}], field: said[field]}), field)
    except BriefError:
        return otherwise


def matching(pattern: re.Pattern[str], value: object) -> str | None:
    """Return a value if it is a text of this pattern as a whole."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def safe_id(message_id: str) -> str:
    """Return a message's id as a brief's id: itself where its characters allow it, else its digest."""
    if BRIEF_ID.fullmatch(message_id):
        return message_id
    return hashlib.sha256(message_id.encode(errors="replace")).hexdigest()
