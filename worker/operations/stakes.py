"""What is at stake when an operator's command is given to many briefs: how many, and credits."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from worker.briefs.choices import BriefKind
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.views.models import BriefView


@dataclass
class Stakes:
    """The briefs that a command is for, summed up."""

    briefs: int = 0
    paid: float = 0
    """Credits that were spent for them so far, as far as known."""
    to_pay: float = 0
    """Credits of promotions that they would still need, one for each instruction at the least."""
    drafts: int = 0
    """Drafts that were not bought yet."""
    descriptions: int = 0
    """Photos whose descriptions were asked for alone, and were not got yet."""
    states: Counter[str] = field(default_factory=Counter)

    def add(self, brief: BriefView) -> None:
        """Add a brief."""
        self.briefs += 1
        self.paid += brief.credits
        self.states[brief.state] += 1
        if brief.kind == BriefKind.DESCRIPTION:
            self.descriptions += brief.state != "done"
        else:
            self.drafts += 0 if brief.drafts or brief.job_id else brief.variations
        self.to_pay += PROMOTION_CREDITS * _to_promote(brief)


def stakes(briefs: Iterable[BriefView]) -> Stakes:
    """Return the sum of these briefs; one at a time is in memory."""
    sums = Stakes()
    for brief in briefs:
        sums.add(brief)
    return sums


def retriable(brief: BriefView) -> bool:
    """Return whether a brief has stopped and may be retried; what breaks rules, or was cancelled, may not."""
    failed = brief.state == "failed" and not brief.faults
    part = brief.state == "done" and any(promotion.state == "failed" for promotion in brief.promotions)
    return brief.state == "held" or failed or part


def _to_promote(brief: BriefView) -> int:
    if brief.kind != BriefKind.IDENTITY:
        return 0
    if brief.promotions:
        return sum(promotion.identity_code is None for promotion in brief.promotions)
    return len((brief.body or {}).get("instructions") or [None])
