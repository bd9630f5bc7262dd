"""Accepts a brief: from a message's body to a record that waits, or that failed with every fault named."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, NamedTuple, Protocol

from config.accounts.names import ACCOUNT_NAME, DEFAULT
from config.limits import Limits
from config.settings import Settings
from worker.briefs import equality
from worker.briefs.brief import Brief, parse
from worker.briefs.choices import BriefKind
from worker.briefs.envelope import BRIEF_ID, TRACEPARENT
from worker.briefs.faults import BriefError, Fault
from worker.ledger.arrivals import Arrival, Arrived
from worker.ledger.events import BriefAccepted, BriefFailed
from worker.ledger.handed import Handed
from worker.ledger.ledger import Ledger
from worker.ledger.records import inside
from worker.ledger.told import ToldFault
from worker.lifecycle import importing
from worker.lifecycle.record_fields import body_fields
from worker.traces.spans import own_trace


class Accepted(NamedTuple):
    """What became of a message's brief: the brief's id, the outcome, the faults that failed it."""

    brief_id: str
    arrived: Arrived
    faults: list[Fault]

    def conflict(self) -> str:
        """Return in words why its brief, which is in conflict with another one, could not be accepted."""
        which = f"brief {self.brief_id} is on record already ({self.arrived.state}), and is another one"
        if self.faults:
            return f"{which}; this one breaks rules: {'; '.join(map(str, self.faults[:3]))}"
        return (
            f"{which}: it differs in {', '.join(self.arrived.differs)}. To have both, send this one under an "
            "id of its own; metadata, batch and priority of the other are changed by `identity-worker update`"
        )


#: Of a brief's id, account and inlet: the state of another account's brief of that id, in another shard.
Elsewhere = Callable[[str, str, str | None], str | None]


class HasLimits(Protocol):
    """What is asked about an account that a brief names."""

    @property
    def limits(self) -> Limits:
        """Its limits by the configuration."""


class Gate(Protocol):
    """What is asked of a brief that came by a further inlet (`worker/callers/gate.py`)."""

    def check(self, brief: Brief) -> None:
        """Raise BriefError of what the inlet may not use."""

    def admit(self, brief: Brief, arriving: Arrival) -> None:
        """Count what the brief may cost; raise BriefError where that is more than the inlet may spend."""


def check(raw: Any, accounts: Mapping[str, HasLimits], settings: Settings) -> Brief:
    """Return the brief that a message holds; raises BriefError with its faults, its account's too."""
    brief = parse(
        raw if isinstance(raw, str | bytes | Mapping) else json.dumps(raw),
        plain_http=settings.reference_private,
    )
    name = brief.account or DEFAULT
    if name not in accounts:
        known = ", ".join(sorted(accounts))
        rule = f"must be an account of this installation: {known}"
        if brief.account is None:
            rule = f"none here is called {DEFAULT}: name one by `account` or `--account`, of {known}"
        raise BriefError([Fault(path="account", value=brief.account, rule=rule)])
    slots = accounts[name].limits.slots
    if slots and brief.slots() > slots:
        rule = f"may promote {brief.slots()} drafts, but account {name} has {slots} identity slots in all"
        raise BriefError([Fault(path="choose", value=str(brief.choose), rule=rule)])
    return brief


def accept(
    ledger: Ledger,
    accounts: Mapping[str, HasLimits],
    settings: Settings,
    raw: Any,
    message_id: str,
    redis_id: str | None = None,
    handed: Handed | None = None,
    elsewhere: Elsewhere = lambda _id, _account, _inlet: None,
    trace: str | None = None,
    gate: Gate | None = None,
    sent_at: int = 0,
    origin: Mapping[str, str] | None = None,
) -> Accepted:
    """Put a message's brief on record, as `worker/ledger/lua/lib/briefs/arrivals.lua` decides.

    Without a `brief_id` the message's id serves, so that a redelivered message is no new brief. `redis_id` is
    the id in Redis of a message in a queue; one that is `handed` ends with this unless it is in conflict.
    `elsewhere` tells where a brief of its id stands that is another account's, in another shard. `trace` is
    the traceparent of the message, for a brief that has none itself. `gate` is that of a further inlet.
    `sent_at` is when the message was sent, ms since 1970; 0: nobody says. `origin` names whom it came from:
    an `inlet`, or a `sender` by HTTP.
    """
    faults: list[Fault] = []
    named = _matching(TRACEPARENT, trace)
    traced = ({"trace": named} if named else {}) | dict(origin or {})
    if settings.traces:
        traced = {"trace": own_trace(), **traced, **({"sent_at": str(sent_at)} if sent_at else {})}
    try:
        brief = check(raw, accounts, settings)
        if gate is not None:
            gate.check(brief)
        arriving = arrival(brief, brief.brief_id or safe_id(message_id), equality.source(raw))
    except BriefError as bad:
        faults, arriving = bad.faults, _bad_arrival(raw, message_id, bad.faults)
    found = elsewhere(arriving.brief_id, arriving.account, traced.get("inlet"))
    arriving = replace(arriving, fields={**traced, **arriving.fields}, elsewhere=found)
    if gate is not None and not faults:
        try:
            gate.admit(brief, arriving)
        except BriefError as bad:
            faults, broken = bad.faults, _bad_arrival(raw, message_id, bad.faults)
            arriving = replace(broken, fields={**traced, **broken.fields}, elsewhere=found)
    return Accepted(arriving.brief_id, ledger.accept(arriving, redis_id, handed), faults)


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


def _bad_arrival(raw: Any, message_id: str, broken: list[Fault]) -> Arrival:
    said = _readable(raw)
    brief_id = _matching(BRIEF_ID, said.get("brief_id")) or safe_id(message_id)
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
    if trace := _matching(TRACEPARENT, said.get("traceparent")):
        fields["trace"] = trace
    event = BriefFailed(error=fields["error"], faults=[ToldFault(**fault) for fault in faults])
    return Arrival(brief_id, account, batch, 0, fields, event, state="failed")


def envelope(brief_id: str, batch: str | None, account: str, metadata: Mapping[str, Any]) -> str:
    """Return the data that each event of the brief carries, as the inside of a JSON object."""
    return inside({"brief_id": brief_id, "batch": batch, "account": account, "metadata": metadata})


def account_of(raw: Any) -> str:
    """Return the account that a brief is on record under, whether it is valid or not."""
    return _matching(ACCOUNT_NAME, _readable(raw).get("account")) or DEFAULT


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


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def safe_id(message_id: str) -> str:
    """Return a message's id as a brief's id: itself where its characters allow it, else its digest."""
    if BRIEF_ID.fullmatch(message_id):
        return message_id
    return hashlib.sha256(message_id.encode(errors="replace")).hexdigest()
