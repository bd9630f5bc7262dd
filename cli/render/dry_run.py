"""Prints a dry run: the briefs as they would be sent, the photos that were opened, the plan."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import typer

from cli.render.outgoing import print_all_json, show_all, show_totals
from cli.sending import planning
from cli.sending.photos import Photos
from cli.sending.planning import Plan
from cli.sending.spool import Spool
from cli.shared.output import DID_NOT, say
from config.settings import Settings
from config.text import counted, credits_text, printable
from config.times import format_duration
from worker.forecast.batch_plan import AccountPlan, problems


def dry_run(
    values: Settings,
    briefs: Spool,
    opened: Photos,
    *,
    batch: str | None = None,
    max_credits: float | None = None,
    again: bool,
    as_json: bool,
) -> None:
    """Print what the briefs would take; end the command with 1 where that won't do.

    `batch` is whose budget `max_credits` is. `again`: what was bought before may be bought again.
    """
    found = planning.plan_of(values, briefs, batch, again=again)
    plan = _plan_json(found, max_credits)
    if as_json:
        print_all_json(briefs, {"plan": plan, "photos": asdict(opened)})
    else:
        show_all(briefs, whole=True)
        if str(opened):
            say(f"photos: {opened}")
        show_totals(briefs)
        _show(found, max_credits)
    if plan["problems"]:
        raise typer.Exit(DID_NOT)


def _credits(plan: AccountPlan) -> Iterator[str]:
    yield f"{plan.promotion_credits} for promotions"
    if plan.drafts:
        price = _about(plan.draft_credits, "not known before the first")
        yield f"for {counted(plan.drafts, 'draft')}: {price}"
    if plan.descriptions:
        # Else there is no telling: the API publishes no price (guide, 1).
        price = _about(plan.description_credits, "not known; see IDENTITY_WORKER_EXTRACTION_CREDITS")
        yield f"for {counted(plan.descriptions, 'description')}: {price}"


def _about(amount: float | None, unknown: str) -> str:
    return unknown if amount is None else f"about {credits_text(amount)}"


def _plan_json(found: Plan | None, max_credits: float | None) -> dict[str, Any]:
    """Return the plan for programs."""
    told = {"accounts": None, "known": None, "committed": None} if found is None else asdict(found)
    return told | {"max_credits": max_credits, "problems": _problems(found, max_credits)}


def _problems(found: Plan | None, max_credits: float | None) -> list[str]:
    return [] if found is None else problems(found.accounts, max_credits, found.committed)


def _show(found: Plan | None, max_credits: float | None) -> None:
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
        say(f"  credits   {'; '.join(_credits(plan))}")
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
