"""`identity-worker enqueue`: puts briefs from files on the inlet queue."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli import outbox
from cli.brief_files import Item, NotFound, items
from cli.common import (
    DID_NOT,
    USED_WRONGLY,
    Json,
    client_of,
    fail,
    load_settings,
    print_json,
    printable,
    redis_url,
    say,
)
from cli.outbox import Outgoing, Status
from config.accounts import Account, BadAccounts, load_accounts
from config.settings import Settings
from worker.briefs import Brief
from worker.steps import PROMOTION_CREDITS


def command(
    places: Annotated[list[str], typer.Argument(metavar="FILE|DIR|-...", help="What to read; - is stdin.")],
    account: Annotated[str | None, typer.Option(help="Use this account for all of them.")] = None,
    batch: Annotated[str | None, typer.Option(help="Put all of them in this batch.")] = None,
    priority: Annotated[int | None, typer.Option(help="-100 to 100; higher goes first.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, print what would be sent.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Send the good ones, if some are bad.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put briefs from files on the queue.

    A file holds a brief, a JSON array of briefs, or one on each line; of a folder the *.json and *.jsonl are
    read. A brief without a brief_id takes its file's name (with -N for the Nth line or item), so a file that
    is enqueued twice is still one brief. If any brief breaks rules, all faults are listed and none is sent.
    """
    values = load_settings()
    given = {"account": account, "batch": batch, "priority": priority}
    overrides = {name: value for name, value in given.items() if value is not None}
    briefs = outbox.prepare(_read(places), overrides, _accounts(values), values)
    bad = any(each.status is Status.BAD for each in briefs)
    try:
        if not dry_run and (keep_going or not bad):
            with redis_url(values) as url, client_of(url) as client:
                outbox.send(client, url, briefs)
    finally:
        # Also when Redis went away in between: what was sent is sent.
        _report(briefs, dry_run=dry_run, as_json=as_json)
    if any(each.status in (Status.BAD, Status.ID_TAKEN) for each in briefs):
        raise typer.Exit(DID_NOT)


def _read(places: Sequence[str]) -> list[Item]:
    try:
        return [item for place in places for item in items(place, sys.stdin.buffer)]
    except NotFound as error:
        fail(str(error), USED_WRONGLY)


def _accounts(values: Settings) -> dict[str, Account] | None:
    """Return the accounts if this machine has them: who only enqueues needs no token."""
    try:
        return load_accounts(values)
    except BadAccounts:
        return None


def _report(briefs: Sequence[Outgoing], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json([_facts(each) for each in briefs])
        return
    for each in briefs:
        _print(each, whole=dry_run)
    counts = Counter(each.status for each in briefs)
    typer.echo(", ".join(f"{count} {status}" for status, count in counts.items()))
    if dry_run:
        _print_totals([each.brief for each in briefs if each.brief and each.status is Status.VALID])
    elif counts[Status.BAD] and not counts[Status.SENT]:
        typer.echo("Nothing was enqueued; --keep-going sends the good ones.")


def _facts(each: Outgoing) -> dict[str, Any]:
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
    Status.KNOWN: "on record already, not sent again",
    Status.ID_TAKEN: "not sent: another brief has this id; give this one a brief_id of its own",
}


def _print(each: Outgoing, *, whole: bool) -> None:
    name = each.brief_id or "(its message's id)"
    say(printable(f"{each.source}: {name}: {_WORDS[each.status]}"))
    for fault in each.faults:
        say(printable(f"  {fault}"))
    if each.brief is not None and not each.faults:
        for note in each.brief.notes:
            say(printable(f"  note: {note}"))
        if whole:
            _print_brief(each.brief)


def _print_brief(brief: Brief) -> None:
    for line in json.dumps(brief.body(), ensure_ascii=False, indent=2).split("\n"):
        typer.echo(printable(f"  {line}"))
    typer.echo(f"  {_takes([brief])}")


def _print_totals(briefs: Sequence[Brief]) -> None:
    typer.echo(f"Nothing was sent. Together {_takes(briefs)};")
    typer.echo("what drafts cost is for the API to say: it publishes no price.")


def _takes(briefs: Sequence[Brief]) -> str:
    drafts = sum(brief.total_variations for brief in briefs)
    slots = sum(brief.slots() for brief in briefs)
    return f"{drafts} drafts, {slots} slots, {slots * PROMOTION_CREDITS} credits for promotions"
