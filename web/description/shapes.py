"""What `/v1` is sent and answers, as far as no record of ours is it already: each field with its rule.

OpenAPI's schemas are made of these and of the views of `worker/`. The texts below the fields describe them.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from web.description.operation import LONGEST_WHY
from worker.forecast.batch_plan import AccountPlan
from worker.ledger.told import ToldFault
from worker.operations.picking import MOST_PICKS
from worker.views.account import AccountSummary
from worker.views.models import BriefView

Reason = Annotated[str, Field(max_length=LONGEST_WHY)]


@dataclass(frozen=True)
class Problem:
    """What was not done, and why (RFC 9457)."""

    type: str
    """`urn:identity-worker:problem:KIND`: a name, no address."""
    title: str
    """The words of the status."""
    status: int
    """The status that one such request is answered by."""
    detail: str
    """What is wrong, and what to do."""
    faults: list[ToldFault] = field(default_factory=list)
    """Each rule that is broken."""


@dataclass(frozen=True)
class Taken:
    """A brief that is on the queue, or on record already."""

    brief_id: str
    status: Literal[200, 202]
    outcome: Literal["accepted", "same", "replaced"]
    """`accepted`: it is new; `same`: this very brief is there; `replaced`: it takes a place."""
    location: str
    """Where it can be asked for."""
    notes: list[str]
    """What was decided for it, or is ignored in it."""


@dataclass(frozen=True)
class Refused:
    """A brief that is not taken."""

    brief_id: str | None
    """None where it has none that could be read."""
    status: int
    problem: Problem


@dataclass(frozen=True)
class Answers:
    """What has become of many briefs, in their order."""

    items: list[Taken | Refused]


@dataclass(frozen=True)
class Plan:
    """What would become of briefs, and what the new ones would take."""

    items: list[Taken | Refused]
    accounts: list[AccountPlan]


@dataclass(frozen=True)
class Queued:
    """A brief that was sent, and that no worker has taken yet."""

    brief_id: str
    state: Literal["queued"]


@dataclass(frozen=True)
class Briefs:
    """A page of briefs."""

    briefs: list[BriefView]
    after: str | None
    """The place to go on from, also where a page of what is rare is short or empty; None: that was all."""


@dataclass(frozen=True)
class Stand:
    """How many briefs of a batch stand together."""

    account: str
    state: str
    cause: str
    """What failed or is asked, in a few words; blank for others."""
    batch: str
    briefs: int


@dataclass(frozen=True)
class Batch:
    """Where the briefs of a batch stand."""

    batch: str
    briefs: int
    counts: list[Stand]


@dataclass(frozen=True)
class BatchStand:
    """A batch, and how many of its briefs are in which state."""

    batch: str
    briefs: int
    states: dict[str, int]


@dataclass(frozen=True)
class Batches:
    """A page of batches, by name."""

    batches: list[BatchStand]
    after: str | None
    """The place to go on from; None: there is nothing after."""


@dataclass(frozen=True)
class Accounts:
    """A page of the accounts that the caller may use, by name."""

    accounts: list[AccountSummary]
    after: str | None
    """The place to go on from; None: there is nothing after."""


@dataclass(frozen=True)
class Actions:
    """A page of what people did, the last first."""

    actions: list[dict[str, Any]]
    """`at` (ms since 1970), `what`, `by`, `why`, and what it was done to."""
    after: str | None
    """The cursor to go on from; null at the end."""


@dataclass(frozen=True)
class Events:
    """A page of events."""

    events: list[dict[str, Any]]
    after: str
    """The place in the stream to go on from."""
    more: bool
    """Whether there are events after it, which may be of others; a page can be empty and not the last."""


@dataclass(frozen=True)
class Picked:
    """Which drafts become identities."""

    brief_id: str
    promoting: list[int]


@dataclass(frozen=True)
class Done:
    """What was done."""

    brief_id: str
    said: str
    """In words."""


@dataclass(frozen=True)
class Changed:
    """What was changed of a brief."""

    brief_id: str
    changed: list[Literal["metadata", "batch", "priority"]]


@dataclass(frozen=True)
class Pick:
    """A choice among a brief's drafts."""

    drafts: Annotated[list[int], Field(max_length=MOST_PICKS)]
    """Ids of drafts."""
    leave_rest: bool = False
    """Whether instructions without a draft here yield no identity."""
    again: bool = False
    """After a choice: one draft more becomes an identity, for 50 credits and a slot; the others stay."""
    instead_of: int | None = None
    """The draft in whose place this one is promoted; its promotion has not begun. That costs nothing."""
    why: Reason | None = None


@dataclass(frozen=True)
class Why:
    """The reason of an action, for the log of actions."""

    why: Reason | None = None


@dataclass(frozen=True)
class Update:
    """What is to change of a brief: at least one of metadata, batch and priority."""

    metadata: dict[str, Any] | None = None
    batch: str | None = None
    """None: no batch."""
    priority: int = 0
    merge: bool = False
    """Whether the metadata are put into those that are there, and do not take their place."""
    why: Reason | None = None
