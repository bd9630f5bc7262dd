"""Plans a batch before it is sent: the slots, credits and time that it will take."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import redis

from config import keys
from config.limits import Endpoint
from config.settings import Settings
from config.text import credits_text
from worker.forecast.inputs import forecast, waiting_needs
from worker.ledger.kinds import ENDPOINTS, PROMOTION_CREDITS
from worker.views import account_reading
from worker.views.account import AccountReport
from worker.views.blockers import Processes, processes


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What the briefs of one account will take: slots, credits, time."""

    account: str
    briefs: int
    drafts: int
    slots: int
    """Identities that the briefs may become."""
    descriptions: int
    """Photos that the API describes."""
    promotion_credits: int
    description_credits: float | None
    """By IDENTITY_WORKER_EXTRACTION_CREDITS; None: nobody has said what a description costs."""
    draft_credits: float | None
    """At what drafts of this account have cost so far; None: the API publishes no price."""
    slots_free: int | None
    """None: there is no cap."""
    slots_wanted: int
    """By briefs that wait already and have reserved none yet, as far as they are `counted`."""
    waiting: int
    """Briefs that wait already."""
    counted: int
    """How many of those `slots_wanted` and `seconds` take in: the first of them."""
    seconds: float | None
    """Until the last identity is ready, at the mean durations so far; None: the limits leave no job.

    Drafts that wait for a person are taken to wait on, those of these briefs to be picked at once, and what
    is `in_the_way` to be mended.
    """
    in_the_way: tuple[str, ...]
    """What keeps all briefs of the account from starting as things are, each in words."""
    budget_left: float | None
    """Credits of the account's budget that are neither spent nor reserved; None: it has no budget."""

    @property
    def credits(self) -> float:
        """Return the credits, as far as prices are known."""
        return self.promotion_credits + (self.draft_credits or 0) + (self.description_credits or 0)


@dataclass
class Wanted:
    """What briefs want of one account."""

    slots: list[int] = field(default_factory=list)
    """The most identities that each may become."""
    drafts: int = 0
    promotions: int = 0
    """Of the slots those that a draft is promoted to: an import has none."""
    descriptions: int = 0


def plans(client: "redis.Redis", settings: Settings, wanted: Mapping[str, Wanted]) -> list[AccountPlan]:
    """Return the plan for each account, by name."""
    return [_plan(client, settings, name, its) for name, its in sorted(wanted.items())]


def _plan(client: "redis.Redis", settings: Settings, name: str, wanted: Wanted) -> AccountPlan:
    report = account_reading.report(client, name)
    before = waiting_needs(client, name)
    needs, drafts = wanted.slots, wanted.drafts
    expected = forecast(report, settings, before + needs)
    return AccountPlan(
        account=name,
        briefs=len(needs),
        drafts=drafts,
        slots=sum(needs),
        descriptions=wanted.descriptions,
        promotion_credits=wanted.promotions * PROMOTION_CREDITS,
        description_credits=wanted.descriptions * settings.extraction_credits or None,
        draft_credits=None if report.draft_price is None else drafts * report.draft_price,
        slots_free=report.slots_free,
        slots_wanted=sum(before),
        waiting=report.waiting[Endpoint.CREATE],
        counted=len(before),
        seconds=expected.end if len(expected.starts) == len(before) + len(needs) else None,
        in_the_way=tuple(_in_the_way(report, processes(client))),
        budget_left=None if report.budget is None else report.budget.left,
    )


def _in_the_way(report: AccountReport, found: Processes) -> Iterator[str]:
    if not found.workers:
        yield "no worker runs"
    if report.listener is None:
        yield "no listener follows it"
    for what in ("pause", *ENDPOINTS):
        if (pause := report.pauses.get(what)) is not None and pause.refusals:
            yield f"the API refuses: {pause.reason}"


def committed(client: "redis.Redis", batch: str) -> float:
    """Return the credits that a batch has spent or reserved already."""
    with client.pipeline(transaction=True) as pipe:
        pipe.hget(keys.BUDGET(batch), "spent")
        pipe.hvals(keys.BATCH_RESERVATIONS(batch))
        spent, reserved = pipe.execute()
    return float(spent or 0) + sum(map(float, reserved))


def problems(
    plans: Sequence[AccountPlan], max_credits: float | None, already_committed: float = 0
) -> list[str]:
    """Return why some of the briefs could not finish, each reason as a sentence."""
    found = [
        f"account {plan.account} has {plan.slots_free} slots free, and {_those_before(plan)} want "
        f"{plan.slots_wanted}; these briefs need {plan.slots}"
        for plan in plans
        if plan.slots_free is not None and plan.slots + plan.slots_wanted > plan.slots_free
    ]
    found += [told for plan in plans for told in _over_own_budget(plan)]
    return found + _over_budget(plans, max_credits, already_committed)


def _those_before(plan: AccountPlan) -> str:
    cut = plan.counted < plan.waiting
    return f"the first {plan.counted} of those that wait" if cut else "briefs that wait already"


def _over_own_budget(plan: AccountPlan) -> Iterator[str]:
    before = plan.slots_wanted * PROMOTION_CREDITS
    if plan.budget_left is None or plan.credits + before <= plan.budget_left:
        return
    unknown = " before drafts" if plan.draft_credits is None else ""
    yield (
        f"account {plan.account} has {credits_text(plan.budget_left)} credits of its budget left, and "
        f"{_those_before(plan)} want {before} for promotions; these briefs take "
        f"{credits_text(plan.credits)}{unknown}"
    )


def _over_budget(
    plans: Sequence[AccountPlan], max_credits: float | None, already_committed: float
) -> list[str]:
    needed = already_committed + sum(plan.credits for plan in plans)
    if max_credits is None or needed <= max_credits:
        return []
    unknown = " before drafts" if any(plan.draft_credits is None for plan in plans) else ""
    already = f", {already_committed:g} of them spent or reserved already," if already_committed else ""
    return [f"{needed:g} credits{unknown}{already} are more than the {max_credits:g} of --max-credits"]
