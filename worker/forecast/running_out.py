"""Tells when an account will run out of credits or slots, by what waits for it now."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import redis

from config.settings import Settings
from worker.forecast.inputs import forecast, waiting_needs
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.views import account_reading
from worker.views.account import AccountReport

What = Literal["credits", "slots"]


@dataclass(frozen=True, slots=True)
class RunsOut:
    """What an account has too little of for all that waits, and for how many it suffices."""

    what: What
    enough_for: int
    """Of those that wait, the first so many."""
    waiting: int
    """Those that were looked at: very many are not."""
    at: int | None
    """When the first one that it does not suffice for would start, ms since 1970; None: not known."""


def running_out(
    client: "redis.Redis", settings: Settings, name: str, credits_left: float | None
) -> list[RunsOut]:
    """Return what an account will have too little of for the briefs that wait; raises redis.RedisError.

    Drafts count as what they have cost so far, one for each identity, and as nothing before the first.
    """
    report = account_reading.report(client, name)
    needs = waiting_needs(client, name)
    price = PROMOTION_CREDITS + (report.draft_price or 0)
    budget = None if report.budget is None else report.budget.left
    left = min((each for each in (credits_left, budget) if each is not None), default=None)
    found: list[tuple[What, int]] = []
    kinds: tuple[tuple[What, float | None, float], ...] = (
        ("credits", left, price),
        ("slots", report.slots_free, 1),
    )
    for what, has, each in kinds:
        enough = None if has is None else _enough(needs, has, each)
        if enough is not None and enough < len(needs):
            found.append((what, enough))
    return [
        RunsOut(what, enough, len(needs), _start(report, settings, needs, enough)) for what, enough in found
    ]


def _enough(needs: Sequence[int], has: float, each: float) -> int:
    """Return for how many of the waiting briefs there is enough."""
    return sum(sum_ * each <= has for sum_ in accumulate(needs))


def _start(report: AccountReport, settings: Settings, needs: Sequence[int], number: int) -> int | None:
    """Return when the one after the first so many would start, by the account's other limits."""
    starts = forecast(report, settings, needs[: number + 1]).starts
    return report.read_at + round(starts[number] * 1000) if len(starts) > number else None
