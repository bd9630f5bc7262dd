"""What a caller may send, by HTTP or by an inlet of its own: for whom, how urgent, for how much a day."""

from collections.abc import Sequence

from config.accounts.names import DEFAULT
from worker.briefs.brief import Brief
from worker.briefs.faults import BriefError, fault
from worker.callers import sent
from worker.callers.sent import Counted
from worker.callers.tokens import Caller
from worker.ledger.arrivals import Arrival, Outcome
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.ledger.ledger import Ledger
from worker.views import account_reading

_DAY_MS = 86_400_000


class OverCreditsError(BriefError):
    """Raised when a brief would cost more than its caller may still spend today; `told` says it in words."""

    def __init__(self, caller: Caller, cost: float) -> None:
        self.told = (
            f"{caller.name} may spend {caller.credits_a_day:g} credits a day, "
            f"and this one may cost {cost:g}: send it after midnight (UTC)"
        )
        super().__init__([fault((), None, self.told)])


class TakenError(BriefError):
    """Raised when another caller has sent a brief's id."""

    def __init__(self, brief_id: str) -> None:
        super().__init__([fault(("brief_id",), brief_id, "is the id of another caller's brief")])


class Gate:
    """Lets the briefs of one caller in, or says why not; of shards the `first` counts what all cost."""

    def __init__(self, ledger: Ledger, caller: Caller, first: Ledger | None = None) -> None:
        self._ledger, self.caller = ledger, caller
        self._first = first or ledger
        self._keep_ms = round(ledger.settings.keep_days * _DAY_MS)
        self._prices: dict[str, float] = {}

    def taken(self, ids: Sequence[str]) -> list[bool]:
        """Return of each brief whether its id is another caller's, which it is before it is on record too."""
        client = self._first.client
        return sent.sent_by_another(client, self.caller, ids, self._first.now() - self._keep_ms)

    @property
    def others(self) -> list[str]:
        """Return the names of all others who have a token."""
        return sent.others_than(self._first.client, self.caller)

    def check(self, brief: Brief) -> None:
        """Raise BriefError of a brief whose account or priority its caller may not use."""
        caller, account = self.caller, brief.account or DEFAULT
        if not caller.may_use(account):
            rule = f"{caller.name} may use {', '.join(caller.accounts)}"
            raise BriefError([fault(("account",), brief.account, rule)])
        if brief.priority > caller.priority:
            rule = f"{caller.name} may ask for {caller.priority} at most"
            raise BriefError([fault(("priority",), brief.priority, rule)])

    def count_in(
        self, brief: Brief, brief_id: str, outcome: Outcome | None, others: Sequence[str] = ()
    ) -> None:
        """Put a brief on record as the caller's, with what it may cost; once, however often it comes.

        `outcome` is what becomes of it: one that replaces another may cost more. Raises OverCreditsError,
        TakenError where one of `others` has sent the id, redis.RedisError.
        """
        drafts = self._price(brief.account or DEFAULT) * brief.total_variations
        cost = PROMOTION_CREDITS * brief.promotions + drafts
        day = sent.day_of(self._first.now())
        counting = sent.count_in(
            self.caller,
            brief_id,
            cost,
            size=f"{brief.promotions}/{brief.total_variations} {brief.account or DEFAULT}",
            replaces=outcome is Outcome.REPLACED,
            day=day,
            keep_ms=self._keep_ms,
            others=others,
        )
        counted = self._first.functions.run(counting)
        if counted is Counted.TAKEN:
            raise TakenError(brief_id)
        if counted is Counted.OVER:
            raise OverCreditsError(self.caller, cost)

    def count_choice(self, choice: str, identities: int) -> None:
        """Count so many identities that a choice makes more than its brief was counted with.

        `choice` tells it from all others: sent again, it is not counted again that day. Raises
        OverCreditsError, redis.RedisError.
        """
        if self.caller.credits_a_day is None:
            return
        cost = PROMOTION_CREDITS * identities
        day = sent.day_of(self._first.now())
        if not self._first.functions.run(sent.count_choice(self.caller, choice, cost, day)):
            raise OverCreditsError(self.caller, cost)

    def admit(self, brief: Brief, arriving: Arrival) -> None:
        """Count in a brief that would be put on record, and none that is there; raises as `count_in`.

        Whoever is killed between this and the record has counted it: the next run of its message does not
        again.
        """
        (arrived,) = self._ledger.compare([arriving])
        if arrived.outcome in (Outcome.ACCEPTED, Outcome.REPLACED):
            self.count_in(brief, arriving.brief_id, arrived.outcome)

    def _price(self, account: str) -> float:
        """Return what a draft of an account has cost so far; 0 before the first one."""
        if account not in self._prices:
            self._prices[account] = account_reading.report(self._ledger.client, account).draft_price or 0.0
        return self._prices[account]
