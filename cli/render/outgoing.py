"""Prints briefs on their way to the queue, as text or JSON."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

import typer

from cli.render import fault_groups
from cli.sending.outgoing import EQUAL, Outgoing, Status, Takes
from cli.sending.spool import Spool
from cli.shared.output import print_json_list, print_json_lists, say
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
    if (brief := each.brief) is None:
        return values | {"faults": [asdict(fault) for fault in each.faults]}
    return values | {
        "drafts": brief.total_variations,
        "slots": brief.slots(),
        "promotion_credits": brief.promotions * PROMOTION_CREDITS,
        "notes": each.notes,
        "envelope": _envelope(each, brief),
        "body": brief.body(),
    }


def _envelope(each: Outgoing, brief: Brief) -> dict[str, Any]:
    """Return what a brief says beside what the API is sent: its account, batch, metadata ..."""
    body = brief.body()
    sent = json.loads(each.text)
    return {name: value for name, value in sent.items() if name not in (*body, "brief_id")}


def print_all_json(briefs: Spool, beside: Mapping[str, Any] | None = None) -> None:
    """Print the briefs for programs, one by one: as a list, or in an object with what is `beside` them."""
    found = map(outgoing_json, briefs)
    if beside is None:
        print_json_list(found)
    else:
        print_json_lists({"briefs": found}, beside)


_WORDS = {
    Status.BAD: "bad",
    Status.VALID: "valid, not sent",
    Status.SENT: "sent",
    Status.UNCONFIRMED: "sent, and a failover may lose it: send it again",
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


def show_all(briefs: Spool, *, whole: bool) -> None:
    """Print what became of the briefs, at most a page of it; `whole`: of a few with the body to be sent."""
    if len(briefs) <= FEW:
        for each in briefs:
            _show(each, whole=whole and len(briefs) <= WITH_BODY)
    else:
        _show_many(briefs)
    typer.echo(", ".join(f"{count} {status}" for status, count in briefs.counts().items()))


def _show(each: Outgoing, *, whole: bool) -> None:
    name = f"{each.brief_id}: " if each.brief_id else ""
    say(printable(f"{each.source}: {name}{words(each)}"))
    for fault in each.faults[:_FAULTS]:
        say(printable(f"  {fault}"))
    if len(each.faults) > _FAULTS:
        typer.echo(f"  and {len(each.faults) - _FAULTS} more; --json lists all")
    if (brief := each.brief) is not None:
        for note in each.notes:
            say(printable(f"  note: {note}"))
        if whole:
            _show_brief(each, brief)


def _show_many(briefs: Spool) -> None:
    counts = briefs.counts()
    for status, told in _WORDS.items():
        if status not in (Status.BAD, Status.VALID, Status.SENT) and status in counts:
            if status is Status.SAME:
                told = f"on record already{_states(briefs.of(status))}, not sent again"
            say(printable(f"{counts[status]} {told}: {_named(briefs.of(status), counts[status])}"))
    faults = ((each.source, fault) for each in briefs.of(Status.BAD) for fault in each.faults)
    bad = fault_groups.grouped(faults)
    if bad:
        typer.echo("what is wrong:")
        for line in fault_groups.lines(bad):
            say(printable(line))
    good = (status for status in Status if status is not Status.BAD)
    _show_notes(briefs.of(*good))


def _show_notes(briefs: Iterator[Outgoing]) -> None:
    """Print the notes that most have, with the first of those that have them; what costs more comes first."""
    counts: Counter[str] = Counter()
    first: dict[str, list[str]] = {}
    for each in briefs:
        for note in each.notes:
            counts[note] += 1
            if counts[note] <= _NAMED:
                first.setdefault(note, []).append(each.source)
    ordered = sorted(counts, key=lambda note: (note != EQUAL, -counts[note]))
    for note in ordered[:_NAMED]:
        more = f" and {counts[note] - _NAMED} more" if counts[note] > _NAMED else ""
        say(printable(f"note on {counted(counts[note], 'brief')}: {note}"))
        say(printable(f"  {', '.join(first[note])}{more}"))
    if len(ordered) > _NAMED:
        typer.echo(f"and {len(ordered) - _NAMED} other notes; --json lists all")


def _states(briefs: Iterator[Outgoing]) -> str:
    """Return how many of the briefs on record are in which state, in brackets."""
    states = Counter(each.arrived.state for each in briefs if each.arrived is not None)
    told = ", ".join(f"{count} {state}" for state, count in states.most_common())
    return f" ({told})" if told else ""


def _named(briefs: Iterator[Outgoing], count: int) -> str:
    names = ", ".join(_name(each) for each in islice(briefs, _NAMED))
    return names + (f" and {count - _NAMED} more; --json lists all" if count > _NAMED else "")


def _name(each: Outgoing) -> str:
    came = each.arrived
    if each.status is Status.BOUGHT and came is not None and came.bought is not None:
        return f"{each.source} (as {came.bought.brief_id})"
    return f"{each.source} ({each.brief_id})"


def _show_brief(each: Outgoing, brief: Brief) -> None:
    for name, value in _envelope(each, brief).items():
        say(printable(f"  {name}: {json.dumps(value, ensure_ascii=False)}"))
    for line in json.dumps(brief.body(), ensure_ascii=False, indent=2).split("\n"):
        typer.echo(printable(f"  {line}"))
    typer.echo(f"  {_takes([Takes.of(brief)])}")


def show_totals(briefs: Spool) -> None:
    """Print what a dry run's valid briefs take together."""
    typer.echo(f"Nothing was sent. Together {_takes(briefs.takings())};")
    typer.echo("what else they cost is for the API to say: it publishes no price.")


def _takes(all_of_them: Iterable[Takes]) -> str:
    drafts = slots = promotions = descriptions = 0
    for takes in all_of_them:
        drafts, slots = drafts + takes.drafts, slots + takes.slots
        promotions, descriptions = promotions + takes.promotions, descriptions + takes.descriptions
    described = f"{counted(descriptions, 'description')} of photos, " if descriptions else ""
    return (
        f"{counted(drafts, 'draft')}, {counted(slots, 'slot')}, {described}"
        f"{promotions * PROMOTION_CREDITS} credits for promotions"
    )
