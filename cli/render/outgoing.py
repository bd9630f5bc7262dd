"""Prints briefs on their way to the queue, as text or JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import typer

from cli.render import fault_groups
from cli.sending.outgoing import Outgoing, Status
from cli.shared.output import say
from config.text import counted, printable
from config.times import format_time
from worker.briefs.brief import Brief
from worker.ledger.kinds import PROMOTION_CREDITS

#: Briefs that have a line each, and those that are shown with the body that would be sent. Of more than
#: these only what differs is told: thousands of good ones would hide the bad.
FEW, WITH_BODY = 20, 3
#: Briefs of one outcome that are named.
_NAMED = 5
#: Faults of one brief that are told.
_FAULTS = 10


def outgoing_json(each: Outgoing) -> dict[str, Any]:
    """Return a brief for programs: what is sent and what it takes, or its faults."""
    values: dict[str, Any] = {"source": each.source, "brief_id": each.brief_id, "status": each.status}
    if each.same_as is not None:
        values["same_as"] = each.same_as
    if each.arrived is not None:
        bought = each.arrived.bought
        values |= {
            "state": each.arrived.state,
            "differs": each.arrived.differs,
            "bought_before": None if bought is None else bought._asdict(),
        }
    if each.brief is None or each.faults:
        return values | {"faults": [fault.model_dump() for fault in each.faults]}
    return values | {
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
    Status.REPLACED: "sent, to take the place of one that never cost anything",
    Status.SAME: "on record already, not sent again",
    Status.CONFLICT: "not sent: another brief has this id",
    Status.BOUGHT: "not sent: the same was bought before; --again buys it once more",
    Status.UPDATED: "updated",
    Status.UNKNOWN: "not updated: no brief of this id is on record",
}


def words(each: Outgoing) -> str:
    """Return what became of one brief, in words."""
    came = each.arrived
    if each.same_as is not None:
        return f"the same brief as {each.same_as}, sent once"
    if came is None:
        return _WORDS[each.status]
    if each.status is Status.SAME:
        return f"the same is on record already ({came.state}), not sent again"
    if each.status is Status.REPLACED:
        return f"sent, to take the place of the one on record ({came.state}), which never cost anything"
    if each.status is Status.CONFLICT:
        return (
            f"not sent: another brief has this id ({came.state}), which differs in "
            f"{', '.join(came.differs) or 'all'}; give this one a brief_id of its own, or change metadata, "
            "batch and priority of that one by --update"
        )
    if each.status is Status.BOUGHT and came.bought is not None:
        was = came.bought
        return (
            f"not sent: the same was bought on {format_time(was.bought_at)} as brief {was.brief_id} "
            f"of account {was.account}; --again buys it once more"
        )
    if each.status is Status.UPDATED:
        return f"updated: {', '.join(came.differs)}"
    return _WORDS[each.status]


def show_all(briefs: Sequence[Outgoing], *, whole: bool) -> None:
    """Print what became of the briefs, at most a page of it; `whole`: of a few with the body to be sent."""
    if len(briefs) <= FEW:
        for each in briefs:
            _show(each, whole=whole and len(briefs) <= WITH_BODY)
    else:
        _show_many(briefs)
    counts = Counter(each.status for each in briefs)
    typer.echo(", ".join(f"{count} {status}" for status, count in counts.items()))


def _show(each: Outgoing, *, whole: bool) -> None:
    name = f"{each.brief_id}: " if each.brief_id else ""
    say(printable(f"{each.source}: {name}{words(each)}"))
    for fault in each.faults[:_FAULTS]:
        say(printable(f"  {fault}"))
    if len(each.faults) > _FAULTS:
        typer.echo(f"  and {len(each.faults) - _FAULTS} more; --json lists all")
    if each.brief is not None and not each.faults:
        for note in each.brief.notes:
            say(printable(f"  note: {note}"))
        if whole:
            _show_brief(each.brief)


def _show_many(briefs: Sequence[Outgoing]) -> None:
    for status, told in _WORDS.items():
        those = [each for each in briefs if each.status is status]
        if status not in (Status.BAD, Status.VALID, Status.SENT) and those:
            say(printable(f"{len(those)} {told}: {_named(those)}"))
    bad = [(each.source, fault) for each in briefs for fault in each.faults]
    if bad:
        typer.echo("what is wrong:")
        for line in fault_groups.lines(fault_groups.grouped(bad)):
            say(printable(line))
    notes = Counter(note for each in briefs if each.brief and not each.faults for note in each.brief.notes)
    for note, count in notes.most_common(_NAMED):
        say(printable(f"note on {counted(count, 'brief')}: {note}"))
    if len(notes) > _NAMED:
        typer.echo(f"and {len(notes) - _NAMED} other notes; --json lists all")


def _named(briefs: Sequence[Outgoing]) -> str:
    more = len(briefs) - _NAMED
    names = ", ".join(f"{each.source} ({each.brief_id})" for each in briefs[:_NAMED])
    return names + (f" and {more} more; --json lists all" if more > 0 else "")


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
