"""Briefs on their way to the queue, as text and for programs."""

import json
from collections.abc import Sequence
from typing import Any

import typer

from cli.common import printable, say
from cli.outbox import Outgoing, Status
from worker.amounts import counted
from worker.briefs import Brief
from worker.steps import PROMOTION_CREDITS


def facts(each: Outgoing) -> dict[str, Any]:
    """Return a brief for programs: what is sent and what it takes, or its faults."""
    facts = {"source": each.source, "brief_id": each.brief_id, "status": each.status}
    if each.brief is None or each.faults:
        return facts | {"faults": [fault.model_dump() for fault in each.faults]}
    return facts | {
        "drafts": each.brief.total_variations,
        "slots": each.brief.slots(),
        "promotion_credits": each.brief.slots() * PROMOTION_CREDITS,
        "notes": each.brief.notes,
        "body": each.brief.body(),
    }


_WORDS = {
    Status.BAD: "bad",
    Status.VALID: "valid, not sent",
    Status.SENT: "sent",
    Status.KNOWN: "on record already, not sent again, nothing of it changed",
    Status.ID_TAKEN: "not sent: another brief has this id; give this one a brief_id of its own",
}


def show(each: Outgoing, *, whole: bool) -> None:
    """Print what became of a brief; `whole`: with the body that would be sent."""
    name = each.brief_id or "(its message's id)"
    say(printable(f"{each.source}: {name}: {_WORDS[each.status]}"))
    for fault in each.faults:
        say(printable(f"  {fault}"))
    if each.brief is not None and not each.faults:
        for note in each.brief.notes:
            say(printable(f"  note: {note}"))
        if whole:
            _show_brief(each.brief)


def _show_brief(brief: Brief) -> None:
    for line in json.dumps(brief.body(), ensure_ascii=False, indent=2).split("\n"):
        typer.echo(printable(f"  {line}"))
    typer.echo(f"  {_takes([brief])}")


def show_totals(briefs: Sequence[Brief]) -> None:
    """Print what a dry run's briefs take together."""
    typer.echo(f"Nothing was sent. Together {_takes(briefs)};")
    typer.echo("what drafts cost is for the API to say: it publishes no price.")


def _takes(briefs: Sequence[Brief]) -> str:
    drafts = sum(brief.total_variations for brief in briefs)
    slots = sum(brief.slots() for brief in briefs)
    return (
        f"{counted(drafts, 'draft')}, {counted(slots, 'slot')}, "
        f"{slots * PROMOTION_CREDITS} credits for promotions"
    )
