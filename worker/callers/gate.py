"""What a caller may send, by HTTP or by its own inlet: for which accounts, priority, credits a day."""

import uuid
from collections.abc import Callable, Sequence

from config.accounts.names import DEFAULT
from config.text import credits_text
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
#: By how many credits sums of mean prices may differ, as in `count_in`.
_INEXACT = 0.000001


class OverCreditsError(BriefError):
    """Raised when a brief would cost more than its caller may still spend today; `told` says it in words."""

    def __init__(self, caller: Caller, cost: float, used: float) -> None:
        self.told = (
            f"{caller.name} may spend {credits_text(caller.credits_a_day or 0)} credits a day, of which "
            f"{credits_text(used)} are used today, and this one may cost {credits_text(cost)}: "
            "send it after midnight (UTC)"
        )
        super().__init__([fault((), None, self.told)])


class TakenError(BriefError):
    """Raised when another caller has sent a brief's id."""

    def __init__(self, brief_id: str) -> None:
        super().__init__([fault(("brief_id",), brief_id, "is the id of another caller's brief")])


class Gate:
    """Lets the briefs of one caller in, or says why not; the `first` shard counts what all of them cost."""

    def __init__(self, ledger: Ledger, caller: Caller, first: Ledger | None = None) -> None:
        self._ledger, self.caller = ledger, caller
        self._first = first or ledger
        self._keep_ms = round(ledger.settings.keep_days * _DAY_MS)
        self._prices: dict[str, float] = {}

    def taken(self, ids: Sequence[str]) -> list[bool]:
        """Return for each brief whether another caller has sent its id, also if it is not on record yet."""
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
        cost, day = self._cost(brief), self._today
        counting = sent.count_in(
            self.caller,
            brief_id,
            cost,
            size=_size(brief),
            replaces=outcome is Outcome.REPLACED,
            day=day,
            keep_ms=self._keep_ms,
            others=others,
        )
        counted = self._first.functions.run(counting)
        if counted is Counted.TAKEN:
            raise TakenError(brief_id)
        if counted is Counted.OVER:
            raise self._over(cost, day)

    def look(self, brief: Brief, brief_id: str, outcome: Outcome | None, planned: float) -> float:
        """Return what `count_in` would count of a brief after `planned` credits more, and count nothing.

        Raises OverCreditsError where that is more than is left of the day, redis.RedisError.
        """
        most = self.caller.credits_a_day
        if most is None:
            return 0.0
        client, cost, day = self._first.client, self._cost(brief), self._today
        replaces = outcome is Outcome.REPLACED
        more = sent.would_count(
            client, self.caller, brief_id, cost, size=_size(brief), replaces=replaces, day=day
        )
        used = sent.spent(client, self.caller, day) + planned
        if more and used + more > most + _INEXACT:
            raise OverCreditsError(self.caller, cost, used)
        return more

    def count_choice(self, choice: str, identities: int) -> Callable[[], object]:
        """Count the additional identities that a choice makes, beyond those that its brief was counted with.

        `choice` tells it from all others: sent again, it is not counted again that day. Returns a function
        that takes the count back, for a caller that finds the choice refused; if it is killed before that,
        the choice stays counted that day. Raises OverCreditsError, redis.RedisError; the returned function
        raises the latter too.
        """
        if self.caller.credits_a_day is None:
            return lambda: None
        cost, day, counter = PROMOTION_CREDITS * identities, self._today, uuid.uuid4().hex
        run = self._first.functions.run
        if not run(sent.count_choice(self.caller, choice, cost, day, counter)):
            raise self._over(cost, day)
        return lambda: run(sent.uncount_choice(self.caller, choice, day, counter))

    def admit(self, brief: Brief, arriving: Arrival) -> None:
        """Count in a brief that would be put on record, and none that is there; raises as `count_in` does.

        A process that is killed between this and the record has counted it: the next run of its message does
        not count it again.
        """
        (arrived,) = self._ledger.compare([arriving])
        if arrived.outcome in (Outcome.ACCEPTED, Outcome.REPLACED):
            self.count_in(brief, arriving.brief_id, arrived.outcome)

    @property
    def _today(self) -> str:
        return sent.day_of(self._first.now())

    def _over(self, cost: float, day: str) -> OverCreditsError:
        return OverCreditsError(self.caller, cost, sent.spent(self._first.client, self.caller, day))

    def _cost(self, brief: Brief) -> float:
        drafts = self._price(brief.account or DEFAULT) * brief.total_variations
        return PROMOTION_CREDITS * brief.promotions + drafts

    def _price(self, account: str) -> float:
        """Return what a draft of an account has cost so far; 0 before the first one."""
        if account not in self._prices:
            self._prices[account] = account_reading.report(self._ledger.client, account).draft_price or 0.0
        return self._prices[account]


def _size(brief: Brief) -> str:
    """Return the numbers from which a brief's cost is computed."""
    return f"{brief.promotions}/{brief.total_variations} {brief.account or DEFAULT}"
