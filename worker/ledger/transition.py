"""Transitions and notes: a change of a record as one value, which the ledger applies whole or not at all.

`worker/lifecycle/transitions.py` builds them, `worker/ledger/lua/lib/briefs/transition.lua` makes the move.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from worker.ledger.kinds import KINDS
from worker.ledger.records import Record, inside

if TYPE_CHECKING:
    from worker.ledger.events import Event

#: The error of a record whose call no budget has room for.
NO_BUDGET = "no budget is left for the description of its photo"


class Answer(StrEnum):
    """The answer to a transition or note."""

    #: The change is made, and the caller goes on.
    APPLIED = "applied"
    #: The change was made before: the record is in that state, or the end of this very call is on record.
    DUPLICATE = "duplicate"
    #: The claim is on record, but too few replicas have it: the paid call must not be made, and the claim is
    #: taken back.
    UNCONFIRMED = "unconfirmed"
    #: Nothing is changed: the table of states does not allow this move from the record's present state, its
    #: grant is gone, or a field is no longer as given.
    CONFLICT = "conflict"


#: The answers to a claim that is on record: its call is made, or the claim is taken back.
CLAIMED = (Answer.APPLIED, Answer.UNCONFIRMED)


class Completion(StrEnum):
    """How the granted request ended, for the window of its endpoint."""

    #: It reached the API, or may have: it counts.
    COUNTED = "counted"
    #: It provably never left: its token in the request window is free again.
    NEVER_LEFT = "never left"


class Pause(NamedTuple):
    """A pause of an account (`pause`) or of a part of its work (`create`, `promote`, `prepare`)."""

    what: str
    ms: int
    reason: str
    status: int | None = None
    """The status of the API's answer that it is for; None where there was no answer."""
    most: int | None = None
    """Ms that it grows to at the most, in place of what it grows to by the rule."""


class Throttle(NamedTuple):
    """A 429: its kind (jobs, rate, slots, unclear), what Retry-After said in ms, and the API's words."""

    kind: str
    ms: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The fields that a transition and a note have in common."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """Fields of the record that are set."""
    forget: Sequence[str] = ()
    """Fields of the record that are removed."""
    when: Mapping[str, str] = field(default_factory=dict)
    """Fields that must still be so, `""` for one that must not be there; else the answer is CONFLICT."""
    timer_ms: int | None = None
    """Milliseconds from now until the step of the state is sent."""
    event: "Event | None" = None
    """Tells downstream."""
    journal: Mapping[str, Any] | None = None
    """The entry in the brief's journal."""
    pause: Pause | None = None
    """Holds the account up, or a part of its work."""
    paid: bool = False
    """The end of a paid call: journalled in any case, and asked for as long as Redis takes to answer."""
    claim_by: float | None = None
    """Claims a paid call, which may be sent until then (seconds of `config.times.monotonic`).

    It is asked for again until then where Redis does not answer, and what an answer that was lost had granted
    is granted still.
    """

    def arguments(self) -> dict[str, Any]:
        """Return its arguments for the Lua commands, without those that are not set."""
        return _present(
            {
                "set": dict(self.fields) or None,
                "forget": list(self.forget) or None,
                "timer": self.timer_ms,
                "event": self.event and self.event.arguments(),
                "journal": None if self.journal is None else inside(self.journal) + "}",
                "pause": self.pause and _present(self.pause._asdict()),
                "paid": self.paid or None,
            }
        )


@dataclass(frozen=True, slots=True)
class Transition(Change):
    """A move to another state; `worker/lifecycle/transitions.py` makes those that there are."""

    to: str
    """The state's name in `worker/ledger/states.py`."""
    _: KW_ONLY
    completion: Completion | None = None
    """How the granted request is over."""
    jobs: Sequence[str] = ()
    """Ids of the API's jobs that are this record's from now on."""
    unowned: bool = False
    """Nothing is done if one of the jobs is another record's."""
    throttle: Throttle | None = None
    """Slows the endpoint down."""
    promotions: Sequence[Mapping[str, str]] = ()
    """The choice of a brief that goes to `choosing`: the fields of each promotion, planned at once."""
    keep_permit: bool = False
    """It keeps its job permit: if held, until `job_over`; if its promote may have arrived, until the next."""
    observed: int | None = None
    """How often unclaimed jobs were seen (`worker/unresolved/streams.py`): CONFLICT if it is more by now."""
    also_from: Sequence[str] = ()
    """States in which it may be by now instead of the one that it was read in: others gave its call up."""

    def __post_init__(self) -> None:
        if not any(self.to in each.states for each in KINDS.values()):
            raise ValueError(f"{self.to!r} is no state of worker/ledger/states.py")

    def arguments(self) -> dict[str, Any]:
        """Return its arguments for the Lua commands, without those that are not set."""
        given = {
            "to": self.to,
            "completion": self.completion,
            "jobs": list(self.jobs) or None,
            "unowned": self.unowned or None,
            "throttle": self.throttle and _present(self.throttle._asdict()),
            "promotions": [dict(each) for each in self.promotions] or None,
            "keep_permit": self.keep_permit or None,
            "observed": self.observed,
        }
        return Change.arguments(self) | _present(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Change):
    """A change of a record that stays in its state: what a step of several calls has begun or done."""

    again: bool = False
    """The step is sent again at once."""
    idle: bool = False
    """No step follows by itself: its timer is removed."""
    calls: bool = False
    """A call of the API follows: CONFLICT while the account is paused, and the step comes when that ends."""
    reserve: float | None = None
    """Credits that the call may cost: CONFLICT while a budget has no room, until it is raised."""
    spend: float | None = None
    """Credits that the call has cost; with `paid`, what was reserved for it is free again."""

    def arguments(self) -> dict[str, Any]:
        """Return its arguments for the Lua commands, without those that are not set."""
        given = {
            "again": self.again or None,
            "idle": self.idle or None,
            "calls": self.calls or None,
            "reserve": self.reserve,
            "over": None if self.reserve is None else NO_BUDGET,
            "spend": self.spend,
        }
        return Change.arguments(self) | _present(given)


class Move(NamedTuple):
    """A transition of one of the records that are changed together."""

    record: Record
    transition: Transition

    def arguments(self) -> dict[str, Any]:
        """Return its arguments for the Lua commands."""
        return {"subject": self.record.subject, "from": self.record.state, **self.transition.arguments()}


def _present(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
