"""The report of an account as frozen values: permits, windows, slots, pauses, budget, what waits.

Times are ms since 1970 by the server's clock.
"""

from dataclasses import dataclass
from typing import Any

from worker.unresolved.streams import Stream
from worker.views.models import PauseView
from worker.views.slots import SlotsSeen


@dataclass(frozen=True, slots=True)
class PermitHolder:
    """A subject that holds a job permit, and its remote job; job and state may be unknown."""

    subject: str
    state: str | None
    """None: an orphan, whose record is gone. Its permit goes once the API says that its job is over."""
    job_id: str | None
    since: int
    need: int
    """Slots that it has reserved: for a brief, the promotions that will follow its job."""


@dataclass(frozen=True, slots=True)
class WindowView:
    """A request window and the requests that count in it now; a limit of 0 is none."""

    endpoint: str
    used: int
    limit: int
    seconds: float
    """How long each counts, in the API's time."""
    next_at: int | None
    """When the next token comes, if all are used; None also while it depends on an answer under way."""
    frees_at: tuple[int, ...]
    """When those that were answered stop counting."""


@dataclass(frozen=True, slots=True)
class BatchWaiting:
    """How many of a batch wait; `batch` is None for those without one."""

    batch: str | None
    create: int
    promote: int
    parked: int
    """Held back by the batch's budget."""


@dataclass(frozen=True, slots=True)
class AccountBudget:
    """The budget of an account, in credits, since it was first set."""

    allowed: float
    spent: float
    reserved: float
    """For what its briefs on their way will still cost."""
    left: float
    """Below 0 when drafts cost more than was known, or the budget was lowered."""


@dataclass(frozen=True, slots=True)
class AccountReport:
    """An account as it stood at `read_at`; a cap of 0 is no cap."""

    name: str
    read_at: int
    limits: dict[str, int]
    weights: dict[str, float]
    """Shares of batches, where they are not 1."""
    changes: tuple[dict[str, Any], ...]
    """Who changed what, newest first: `at`, `by`, and `limits`, `removed`, `budget` or `resumed`."""
    jobs: tuple[PermitHolder, ...]
    working: int | None
    """The jobs that it is kept to while others use the account."""
    working_until: int | None
    """When one job more is tried."""
    windows: dict[str, WindowView]
    """By the windows' names (`config.limits.Window`)."""
    slots_used: int
    slots_reserved: int
    slots_seen: SlotsSeen | None
    """Counts where it is lower than the limit."""
    slots_cap: int | None
    """The slots that may be used: of the limit and what the API has said the lower; None: no cap."""
    slots_free: int | None
    """None without a cap; below 0 when identities were added by hand or the cap was lowered."""
    budget: AccountBudget | None
    pauses: dict[str, PauseView]
    batches: tuple[BatchWaiting, ...]
    waiting_counted: bool
    """Whether the batches of all that wait were read; else only those of the first so many."""
    waiting: dict[str, int]
    """How many wait in all, by endpoint; `prepare`: for the end of a pause."""
    listener: str | None
    """Who follows its events."""
    stream: Stream
    drafts_ms: int | None
    """The mean that its latest jobs took; None before the first. So for `preprocessing_ms`."""
    preprocessing_ms: int | None
    draft_price: float | None
    """Credits that a draft has cost so far at the mean; None before the first."""
