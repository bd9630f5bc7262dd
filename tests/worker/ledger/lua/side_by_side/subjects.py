"""Briefs, promotions and accounts as the model has them: where each stands, and what it keeps there."""

from dataclasses import dataclass, field

MINUTE = 60_000
#: Credits of one promotion (guide, *Promoting a draft*).
PROMOTION = 50
#: Credits that sums of mean prices may be off by.
ROUNDING = 1e-6
#: The longest pause after refusals.
LONGEST_PAUSE = 900_000

#: Where a record waits for a grant, and where a request of it is or may be under way.
WAITS = {"create": "waiting", "promote": "planned"}
ASKS = {"create": "submitting", "promote": "promoting"}
#: The API has, or may have, a job of it.
HAS_JOB = {"create": {"submitting", "uncertain", "generating"}, "promote": {"promoting", "preprocessing"}}
#: Slots are kept for it from before its drafts are bought.
KEEPS_SLOTS = {
    "create": {"submitting", "uncertain", "generating", "choosing", "held"},
    "promote": {"promoting"},
}
FINISHED = {"done", "failed", "cancelled", "ready"}


@dataclass(eq=False)
class Request:
    """A paid request: granted, sent, answered. The server counts it at some moment between the last two."""

    account: str
    endpoint: str
    granted: int
    rate: int
    """The rate in force when it was granted; 0 is none."""
    sent: int | None = None
    answered: int | None = None

    def may_be_counted_with_one_at(self, now: int) -> bool:
        """Return whether the server may count it in one window with a request that arrives from now on."""
        return self.sent is not None and (self.answered is None or self.answered > now - MINUTE)

    def fills_the_window(self, now: int) -> bool:
        """Return whether we count it: from its grant until a window after its answer."""
        return self.answered is None or self.answered > now - MINUTE


@dataclass(eq=False)
class Subject:
    """A brief (it waits for `create`) or a promotion (for `promote`)."""

    name: str
    endpoint: str
    account: str
    batch: str | None
    priority: int
    number: int
    """The order of arrival."""
    need: int = 1
    variations: int = 1
    state: str = "waiting"
    request: Request | None = None
    """Its grant, or its request under way."""
    has_slot: bool = False
    """Of a planned promotion: a slot of its brief has passed to it."""
    promised: float | None = None
    code: str | None = None
    brief: "Subject | None" = None
    moved: int = 0

    @property
    def waits(self) -> bool:
        """Whether it waits and is granted nothing."""
        return self.state == WAITS[self.endpoint] and self.request is None

    @property
    def granted(self) -> bool:
        """Whether it may begin."""
        return self.state == WAITS[self.endpoint] and self.request is not None

    @property
    def finished(self) -> bool:
        """Whether nothing follows."""
        return self.state in FINISHED

    @property
    def reserved(self) -> int:
        """The slots that are kept for it."""
        keeps = self.granted or self.has_slot or self.state in KEEPS_SLOTS[self.endpoint]
        return self.need if keeps else 0

    def goes_before(self, other: "Subject") -> bool:
        """Return whether the order says so whatever the batches' shares: by priority, or first of a batch."""
        if self.priority != other.priority:
            return self.priority > other.priority
        return self.batch == other.batch and self.number < other.number


@dataclass(eq=False)
class Stop:
    """A pause of the account or of an endpoint, and the refusals in a row that made it."""

    until: int = 0
    refusals: int = 0
    full: bool = False
    """Whether the last refusal was for want of a slot."""


@dataclass(eq=False)
class Account:
    """What an account allows, and what has come of it."""

    name: str
    jobs: int = 5
    slots: int = 50
    rates: dict[str, int] = field(default_factory=lambda: {"create": 5, "promote": 5})
    express: int = 0
    working: int | None = None
    """How many jobs others leave to us; when one more is tried."""
    working_until: int = 0
    stops: dict[str, Stop] = field(
        default_factory=lambda: {w: Stop() for w in ("pause", "create", "promote")}
    )
    identities: dict[str, int] = field(default_factory=dict)
    drafts_credits: float = 0
    drafts_made: int = 0
    job_has_ended: bool = False
    """Whether a creation job has ended, which tells what drafts cost if the API tells it at all."""
    slots_seen: int | None = None
    """How many identities the library held when the API said that it was full."""
    slots_beyond: bool = False
    """Whether it has taken a promotion since, though it should have been full."""
    budget: float | None = None
    spent: float = 0

    @property
    def draft_price(self) -> float:
        """What a draft has cost so far; 0 before the first."""
        return self.drafts_credits / self.drafts_made if self.drafts_made else 0
