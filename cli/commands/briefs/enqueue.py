"""`identity-worker enqueue`: puts briefs from files on the inlet queue."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.reading import progress
from cli.render import batch_plan
from cli.render.outgoing import outgoing_json, show_all, show_totals
from cli.sending import delivery, photos, planning
from cli.sending.files import Reading
from cli.sending.outgoing import REJECTED, Outgoing, Status, prepare
from cli.sending.photos import Photos
from cli.sending.rejects import Rejects, rejects_to
from cli.shared.opening import check_server, client_of, load_settings, redis_url, standard_input
from cli.shared.options import person
from cli.shared.output import DID_NOT, USED_WRONGLY, Json, complain, fail, print_json, say
from config.accounts import DEFAULT, Account, AccountsError, load_accounts
from config.settings import Settings
from config.text import printable
from worker.ledger.ledger import Ledger

if TYPE_CHECKING:
    import redis

#: What is done with the briefs: on a client of Redis, with its URL.
Act = Callable[["redis.Redis", str, Settings, Sequence[Outgoing]], None]


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
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="FILE", help="Write what is refused there, to be mended and sent."),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Read the folders within a folder too.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Buy once more what was bought before.")] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Send none: give those on record the metadata, batch, priority.")
    ] = False,
    keep_exif: Annotated[
        bool, typer.Option("--keep-exif", help="Upload photos with the place and time that they tell of.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put briefs from files on the queue.

    A file holds a brief, a JSON array of briefs, or one on each line; of a folder the *.json, *.jsonl and
    *.ndjson are read, and what is passed over is told. If any brief breaks rules, all faults are listed and
    none is sent.

    A brief without a brief_id has one made from all that it says but its priority, so whatever is sent again,
    from another file or place, is the same brief; equal ones of one file are so many briefs. The same brief
    is not sent again. Another one under an id on record is refused, unless that one never cost anything. What
    was bought before under any id is sent only with --again.

    --dry-run also tells what the briefs would take of their accounts, and ends with 1 if slots or
    --max-credits won't do. What is over a batch's budget waits until the budget is raised.
    """
    if update and dry_run:
        fail("--update sends nothing, so there is no --dry-run of it", USED_WRONGLY)
    values = load_settings()
    given = {"account": account, "batch": batch, "priority": priority, "keep_exif": keep_exif or None}
    overrides = {name: value for name, value in given.items() if value is not None}
    reading = Reading(places, standard_input(), recursive=recursive)
    with rejects_to(rejects) as file:
        briefs = prepare(
            progress.told(reading.items(), "briefs read"),
            overrides,
            _accounts(values),
            values,
            as_written=update,
        )
        if len(reading.missed) == len(briefs):
            fail("\n".join(reading.missed), USED_WRONGLY)
        for skipped in reading.skipped:
            complain(printable(skipped))
        opened = photos.check(briefs, values)
        budgeted = _budgeted(briefs, max_credits)
        try:
            if dry_run:
                _dry_run(values, briefs, opened, budgeted, max_credits, again=again, as_json=as_json)
            else:
                budget = None if budgeted is None or max_credits is None else (budgeted, max_credits)
                send = partial(_send, budget=budget, again=again, as_json=as_json)
                act: Act = _update if update else send
                _enqueue(values, briefs, act, keep_going=keep_going, as_json=as_json)
        finally:
            # Also when Redis failed in between: the rejected briefs are written down.
            if file is not None:
                _write(file, briefs)
    if any(each.status in REJECTED for each in briefs):
        raise typer.Exit(DID_NOT)


def _enqueue(
    values: Settings, briefs: Sequence[Outgoing], act: Act, *, keep_going: bool, as_json: bool
) -> None:
    bad = any(each.status is Status.BAD for each in briefs)
    try:
        if keep_going or not bad:
            with redis_url(values) as url, client_of(url) as client:
                check_server(url, process=False)
                act(client, url, values, briefs)
    finally:
        # Also when Redis failed in between: some briefs may have been sent.
        if as_json:
            print_json([outgoing_json(each) for each in briefs])
        else:
            show_all(briefs, whole=False)
            if bad and not keep_going:
                good = any(each.status is Status.VALID for each in briefs)
                typer.echo("Nothing was enqueued" + ("; --keep-going sends the good ones." if good else "."))


def _send(
    client: "redis.Redis",
    url: str,
    values: Settings,
    briefs: Sequence[Outgoing],
    *,
    budget: tuple[str, float] | None,
    again: bool,
    as_json: bool,
) -> None:
    if budget is not None:
        _set_budget(client, values, briefs, *budget)
        if not as_json:
            say(printable(f"batch {budget[0]} may cost {budget[1]:g} credits in all now"))
    delivery.look_up(client, values, briefs, again=again)
    delivery.send(url, briefs)


def _update(client: "redis.Redis", _: str, values: Settings, briefs: Sequence[Outgoing]) -> None:
    delivery.update(client, values, briefs, person(None))


def _write(file: Rejects, briefs: Sequence[Outgoing]) -> None:
    try:
        complain(printable(file.write(briefs)))
    except OSError as error:
        fail(f"the rejects can't be written: {error.strerror}; what was refused is told above")


def _budgeted(briefs: Sequence[Outgoing], max_credits: float | None) -> str | None:
    """Return the batch whose budget is asked for; of no brief there is none, and the faults are told."""
    if max_credits is None or not any(each.brief is not None for each in briefs):
        return None
    return planning.the_batch(briefs, max_credits)


def _set_budget(
    client: "redis.Redis", values: Settings, briefs: Sequence[Outgoing], batch: str, max_credits: float
) -> None:
    """Before the first brief is sent: none may be granted that the budget would not let."""
    first = next(each.brief for each in briefs if each.brief is not None)
    Ledger(client, values).set_budget(batch, first.account or DEFAULT, max_credits, person(None))


def _dry_run(
    values: Settings,
    briefs: Sequence[Outgoing],
    opened: Photos,
    budgeted: str | None,
    max_credits: float | None,
    *,
    again: bool,
    as_json: bool,
) -> None:
    found = planning.plan_of(values, briefs, budgeted, again=again)
    plan = batch_plan.plan_json(found, max_credits)
    if as_json:
        print_json(
            {"briefs": [outgoing_json(each) for each in briefs], "plan": plan, "photos": asdict(opened)}
        )
    else:
        show_all(briefs, whole=True)
        if str(opened):
            say(f"photos: {opened}")
        show_totals([each.brief for each in briefs if each.brief and each.status is Status.VALID])
        batch_plan.show(found, max_credits)
    if plan["problems"]:
        raise typer.Exit(DID_NOT)


def _accounts(values: Settings) -> dict[str, Account] | None:
    """Return the accounts if this machine has them: who only enqueues needs no token.

    Ends the command when the file that is said to hold them can't be used.
    """
    try:
        return load_accounts(values)
    except AccountsError as error:
        if values.accounts_file is not None:
            fail(str(error), USED_WRONGLY)
        return None
