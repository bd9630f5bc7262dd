"""`identity-worker enqueue`: puts briefs from files on the inlet queue."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli import batch_plan, outbox
from cli.account_options import person
from cli.brief_files import Reading
from cli.common import (
    DID_NOT,
    USED_WRONGLY,
    Json,
    client_of,
    complain,
    fail,
    load_settings,
    print_json,
    printable,
    redis_url,
    say,
)
from cli.outbox import Outgoing, Status
from cli.outgoing_text import facts, show, show_totals
from config.accounts import DEFAULT, Account, BadAccounts, load_accounts
from config.settings import Settings
from worker.ledger import Ledger

if TYPE_CHECKING:
    import redis


def command(
    places: Annotated[list[str], typer.Argument(metavar="FILE|DIR|-...", help="What to read; - is stdin.")],
    account: Annotated[
        str | None, typer.Option(metavar="NAME", help="Use this account for all of them.")
    ] = None,
    batch: Annotated[str | None, typer.Option(metavar="NAME", help="Put all of them in this batch.")] = None,
    priority: Annotated[int | None, typer.Option(metavar="N", help="-100 to 100; higher goes first.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, print what would be sent.")] = False,
    max_credits: Annotated[
        float | None, typer.Option(metavar="N", help="Credits that the batch may cost in all.")
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Send the good ones, if some are bad.")
    ] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Read the folders within a folder too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put briefs from files on the queue.

    A file holds a brief, a JSON array of briefs, or one on each line; of a folder the *.json, *.jsonl and
    *.ndjson are read, and what is passed over is told. A brief without a brief_id takes its file's name (with
    -N for the Nth line or item), so a file that is enqueued twice is still one brief. If any brief breaks
    rules, all faults are listed and none is sent.

    --dry-run also tells what the briefs would take of their accounts, and ends with 1 if slots or
    --max-credits won't do. What is over a batch's budget waits until the budget is raised.
    """
    values = load_settings()
    given = {"account": account, "batch": batch, "priority": priority}
    overrides = {name: value for name, value in given.items() if value is not None}
    reading = Reading(places, sys.stdin.buffer, recursive=recursive)
    briefs = outbox.prepare(reading.items(), overrides, _accounts(values), values)
    if len(reading.missed) == len(briefs):
        fail("\n".join(reading.missed), USED_WRONGLY)
    for skipped in reading.skipped:
        complain(printable(skipped))
    bad = any(each.status is Status.BAD for each in briefs)
    # Of no brief there is no batch: then the faults are what there is to say.
    has_any = any(each.brief is not None for each in briefs)
    budgeted = None if max_credits is None or not has_any else batch_plan.the_batch(briefs, max_credits)
    if dry_run:
        _dry_run(values, briefs, budgeted, max_credits, as_json=as_json)
        return
    try:
        if keep_going or not bad:
            with redis_url(values) as url, client_of(url) as client:
                if budgeted is not None and max_credits is not None:
                    _set_budget(client, values, briefs, budgeted, max_credits)
                    if not as_json:
                        say(printable(f"batch {budgeted} may cost {max_credits:g} credits in all now"))
                outbox.send(client, url, briefs)
    finally:
        # Also when Redis went away in between: what was sent is sent.
        _report(briefs, as_json=as_json)
    if any(each.status in (Status.BAD, Status.ID_TAKEN) for each in briefs):
        raise typer.Exit(DID_NOT)


def _set_budget(
    client: "redis.Redis", values: Settings, briefs: Sequence[Outgoing], batch: str, max_credits: float
) -> None:
    """Before the first brief is sent: none may be granted that the budget would not let."""
    first = next(each.brief for each in briefs if each.brief is not None)
    Ledger(client, values).set_budget(batch, first.account or DEFAULT, max_credits, person(None))


def _dry_run(
    values: Settings,
    briefs: Sequence[Outgoing],
    budgeted: str | None,
    max_credits: float | None,
    *,
    as_json: bool,
) -> None:
    found = batch_plan.of(values, briefs, budgeted)
    plan = batch_plan.facts(found, max_credits)
    if as_json:
        print_json({"briefs": [facts(each) for each in briefs], "plan": plan})
    else:
        _print_all(briefs, whole=True)
        show_totals([each.brief for each in briefs if each.brief and each.status is Status.VALID])
        batch_plan.show(found, max_credits)
    if plan["problems"] or any(each.status is Status.BAD for each in briefs):
        raise typer.Exit(DID_NOT)


def _accounts(values: Settings) -> dict[str, Account] | None:
    """Return the accounts if this machine has them: who only enqueues needs no token.

    Ends the command when the file that is said to hold them can't be used.
    """
    try:
        return load_accounts(values)
    except BadAccounts as error:
        if values.accounts_file is not None:
            fail(str(error), USED_WRONGLY)
        return None


def _report(briefs: Sequence[Outgoing], *, as_json: bool) -> None:
    if as_json:
        print_json([facts(each) for each in briefs])
        return
    counts = _print_all(briefs, whole=False)
    if counts[Status.BAD] and not counts[Status.SENT]:
        typer.echo("Nothing was enqueued; --keep-going sends the good ones.")


def _print_all(briefs: Sequence[Outgoing], *, whole: bool) -> Counter[Status]:
    for each in briefs:
        show(each, whole=whole)
    counts = Counter(each.status for each in briefs)
    typer.echo(", ".join(f"{count} {status}" for status, count in counts.items()))
    return counts
