"""Accepts a brief: from a message to a record that waits, or that failed with every fault named."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from config.accounts.names import DEFAULT
from config.limits import Limits
from config.settings import Settings
from worker.briefs import equality
from worker.briefs.brief import Brief, parse
from worker.briefs.envelope import TRACEPARENT
from worker.briefs.faults import BriefError, Fault
from worker.ledger.arrivals import Arrival, Arrived
from worker.ledger.handed import Handed
from worker.ledger.ledger import Ledger
from worker.lifecycle.first_record import arrival, invalid_arrival, matching, safe_id
from worker.traces.spans import own_trace


@dataclass(frozen=True)
class Message:
    """A message that brings a brief, and what is known of its way here."""

    raw: Any
    """The brief: its JSON, or the value that it stands for."""
    id: str
    """Serves a brief without a `brief_id` as its id, so that a redelivered message is no new brief."""
    redis_id: str | None = None
    """Its id in Redis; None: it stood in no queue."""
    handed: Handed | None = None
    """Has it end with the acceptance, unless its brief is in conflict."""
    trace: str | None = None
    """Its traceparent, for a brief that has none itself."""
    sent_at: int = 0
    """When it was sent, ms since 1970; 0: nobody says."""
    inlet: str | None = None
    """The further inlet that it came by."""
    sender: str | None = None
    """Who has sent it by HTTP and sees no others' briefs."""


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
    message: Message,
    *,
    elsewhere: Elsewhere = lambda _id, _account, _inlet: None,
    gate: Gate | None = None,
) -> Accepted:
    """Put a message's brief on record, as `worker/ledger/lua/lib/briefs/arrivals.lua` decides.

    `elsewhere` tells where a brief of its id stands that is another account's, in another shard. `gate` is
    that of the inlet which the message came by. Raises redis.RedisError: done again, it is accepted once.
    """
    way = _way(message, settings)

    def whole(made: Arrival) -> Arrival:
        stands = elsewhere(made.brief_id, made.account, message.inlet)
        return replace(made, fields={**way, **made.fields}, elsewhere=stands)

    faults: list[Fault] = []
    try:
        brief = check(message.raw, accounts, settings)
        if gate is not None:
            gate.check(brief)
        brief_id = brief.brief_id or safe_id(message.id)
        arriving = whole(arrival(brief, brief_id, equality.source(message.raw)))
        if gate is not None:
            gate.admit(brief, arriving)
    except BriefError as bad:
        faults, arriving = bad.faults, whole(invalid_arrival(message.raw, message.id, bad.faults))
    return Accepted(arriving.brief_id, ledger.accept(arriving, message.redis_id, message.handed), faults)


def _way(message: Message, settings: Settings) -> dict[str, str]:
    """Return the fields of a record that tell how its brief has come here."""
    told = {
        "trace": matching(TRACEPARENT, message.trace),
        "inlet": message.inlet,
        "sender": message.sender,
    }
    if settings.traces:
        told["trace"] = told["trace"] or own_trace()
        told["sent_at"] = str(message.sent_at) if message.sent_at else None
    return {name: value for name, value in told.items() if value is not None}
