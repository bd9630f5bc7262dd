"""Prints the plan of a batch as text or JSON, and checks it against the most it may cost."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import redis

from cli.sending import delivery
from cli.sending.outgoing import Outgoing, Status
from cli.shared.common import USED_WRONGLY, fail, say
from config.settings import Settings
from config.text import counted, credits_text, printable
from config.times import format_duration
from worker.forecast.batch_plan import AccountPlan, committed, plans, problems
from worker.store import embedded
from worker.store.connection import connect


@dataclass(frozen=True)
class Plan:
    """What the briefs that are not on record yet will take."""

    accounts: list[AccountPlan]
    known: int
    """How many would not be sent, by what is on record."""
    committed: float
    """Credits that the batch has spent or reserved already; 0 when no budget is asked for."""


def of(
    values: Settings, briefs: Sequence[Outgoing], batch: str | None, *, again: bool = False
) -> Plan | None:
    """Return the plan of the valid briefs, None when no Redis of an installation can be asked.

    A dry run checks files on machines that have none, and must not make one. `batch` is whose budget it is.
    Those that would not be sent are marked so; `again` as in `sending.look_up`.
    """
    if values.redis_url is None and not values.data_dir.exists():
        return None
    valid = [each for each in briefs if each.brief is not None and each.status is Status.VALID]
    try:
        with embedded.redis_url(values) as url, connect(url) as client:
            delivery.look_up(client, values, valid, again=again)
            new = [each.brief for each in valid if each.brief is not None and each.status is Status.VALID]
            spent = 0.0 if batch is None else committed(client, batch)
            return Plan(plans(client, values, new), len(valid) - len(new), spent)
    except (redis.RedisError, embedded.EmbeddedServerError):
        return None


def plan_json(found: Plan | None, max_credits: float | None) -> dict[str, Any]:
    """Return the plan for programs."""
    told = {"accounts": None, "known": None, "committed": None} if found is None else asdict(found)
    return told | {"max_credits": max_credits, "problems": _problems(found, max_credits)}


def _problems(found: Plan | None, max_credits: float | None) -> list[str]:
    return [] if found is None else problems(found.accounts, max_credits, found.committed)


def show(found: Plan | None, max_credits: float | None) -> None:
    """Print the plan, and the problems with it."""
    if found is None:
        say("Slots, credits so far and duration are not known: no Redis of an installation could be asked.")
        return
    if found.known:
        say(f"{found.known} would not be sent, by what is on record, and are not counted here.")
    for plan in found.accounts:
        waiting = counted(plan.waiting, "waits", "wait")
        say(printable(f"account {plan.account}: {counted(plan.briefs, 'brief')}, {waiting} already"))
        free = "no limit" if plan.slots_free is None else f"{plan.slots_free} free"
        cut = plan.counted < plan.waiting
        those = f"the first {plan.counted} that wait" if cut else "those that wait"
        say(f"  slots     {plan.slots} needed, {free}, {plan.slots_wanted} wanted by {those}")
        price = (
            "not known before the first"
            if plan.draft_credits is None
            else f"about {credits_text(plan.draft_credits)}"
        )
        say(f"  credits   {plan.promotion_credits} for promotions; for {plan.drafts} drafts: {price}")
        about = f"(behind {those}) more than" if cut else "about"
        took = (
            "not known" if plan.seconds is None else f"{about} {format_duration(round(plan.seconds * 1000))}"
        )
        say(f"  duration  {took} until the last identity, at the mean durations so far,")
        say("            if nobody picks drafts that wait for it, and the picks of these come at once")
        if plan.budget_left is not None:
            say(f"  budget    {credits_text(plan.budget_left)} credits of the account's own are left")
        for stands in plan.in_the_way:
            say(printable(f"  but       {stands}: nothing starts before that is mended"))
    for problem in _problems(found, max_credits):
        say(printable(f"It won't do: {problem}"))


def the_batch(briefs: Sequence[Outgoing], max_credits: float) -> str:
    """Return the one batch that all briefs are in, whose budget it is; else end the command."""
    if not math.isfinite(max_credits) or max_credits <= 0:
        fail(f"--max-credits {max_credits:g}: must be a number above 0", USED_WRONGLY)
    batches = {each.brief.batch for each in briefs if each.brief is not None}
    if len(batches) != 1 or None in batches:
        fail("--max-credits is the budget of one batch: name it with --batch NAME", USED_WRONGLY)
    return str(batches.pop())
