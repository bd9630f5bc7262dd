"""An account as frozen values: a summary in one line, and a report of permits, windows, slots, budget, waits.

Times are ms since 1970 by the server's clock.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from worker.ledger.kinds import PAUSES
from worker.unresolved.streams import Stream
from worker.views.held_back import HeldBack
from worker.views.models import Fields


class PauseView(NamedTuple):
    """A pause that is still on: when it ends, and why it began."""

    until: int
    reason: str
    refusals: int = 0
    """Refusals in a row that made it; 0: it is no refusal, and over when it ends."""
    status: int | None = None
    """The status of the API's answer that it is for; None where there was none, or it is not on record."""

    @property
    def refused_token(self) -> bool:
        """Whether the API does not take the account's token."""
        return self.status == 401

    @property
    def passes(self) -> bool:
        """Whether the cause may pass by itself; a wrong token or address, or a lack of credits, does not."""
        return self.status in (429, 503)


@dataclass(frozen=True, slots=True)
class SlotsSeen:
    """The number of identities at which the API has said that the account is full."""

    number: int
    at: int
    """When it was said last, in ms since 1970."""
    said: str


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """What an account uses and what waits for it, in short; a cap of 0 is no cap."""

    name: str
    jobs_in_use: int
    jobs_cap: int
    slots_used: int
    """Slots of the identities that are in the library."""
    slots_reserved: int
    """Slots kept for briefs and promotions that are under way."""
    slots_cap: int
    slots_seen: int | None
    """How many identities the library held when the API said that it was full; None: it did not say so."""
    waiting_create: int
    waiting_promote: int
    pauses: dict[str, PauseView]
    """By what is paused: `pause` is the whole account; `create`, `promote` and `prepare` are parts of it."""
    followed: bool
    """Whether a listener follows its events."""


@dataclass(frozen=True, slots=True)
class PermitHolder:
    """A subject that holds a job permit, and its remote job; job and state may be unknown."""

    subject: str
    state: str | None
    """None: an orphan, whose record is gone, or a lost create that was sent again (`SUBJECT/CALL`).

    Its permit goes once its job is over, or must be.
    """
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


#: Waiting subjects of an endpoint whose batches are read.
MOST_WAITING = 1_000


@dataclass(frozen=True, slots=True)
class BatchWaiting:
    """How many of a batch wait; `batch` is None for those without one."""

    batch: str | None
    create: int
    promote: int
    parked: int
    """Held back by the batch's budget, or as a person has paused it."""


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
    held_back: tuple[HeldBack, ...]
    """By what the batches are held back of which something is."""
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
    token_ends: int | None
    """When its token ends; None where nobody says, or it was not looked yet."""


def pauses(fields: Fields, now: int) -> dict[str, PauseView]:
    """Return the pauses of an account that are still on at `now`."""
    found = {
        what: PauseView(
            int(fields[f"{what}_until"]),
            fields[f"{what}_reason"],
            int(fields.get(f"{what}_count", "0")),
            # Those of before this field was written have none.
            int(status) if (status := fields.get(f"{what}_status")) else None,
        )
        for what in PAUSES
        if f"{what}_until" in fields
    }
    return {what: pause for what, pause in found.items() if pause.until > now}


def slots_seen(fields: Fields) -> SlotsSeen | None:
    """Return that number by an account's record; None when the API has not said so, or it is lifted."""
    if "slots_seen" not in fields:
        return None
    return SlotsSeen(int(fields["slots_seen"]), int(fields["slots_seen_at"]), fields["slots_seen_reason"])


def slots_cap(limit: int, seen: SlotsSeen | None) -> int | None:
    """Return the slots that may be used, None when nothing bounds them; a limit of 0 is none."""
    caps = [limit] if limit else []
    return min(caps if seen is None else [*caps, seen.number], default=None)
