"""Commands that change many briefs by a filter: what is at stake first, then a word, then each by itself."""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cli.shared.output import USED_WRONGLY, fail, print_json, say
from config.text import counted, credits_text, printable
from worker.operations import actions
from worker.operations.stakes import Stakes, stakes
from worker.selection.filter import Filter
from worker.selection.language import written
from worker.selection.selecting import select
from worker.views.models import BriefView

if TYPE_CHECKING:
    import redis

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say how many are meant and what is at stake; change nothing.")
]
Why = Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for the record.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal.")]


class Order(NamedTuple):
    """A command for many briefs: what it is called, by whom and why, and how it is to be given."""

    what: str
    by: str
    why: str | None
    dry_run: bool
    yes: bool
    as_json: bool


def must_be_one(order: Order) -> None:
    """End the command that names one brief and says what is said of many."""
    if order.dry_run:
        fail("--dry-run is for a filter; `identity-worker status BRIEF` tells of one", USED_WRONGLY)


def announced(
    client: "redis.Redis",
    wanted: Filter,
    fits: Callable[[BriefView], bool],
    order: Order,
    cost: Callable[[Stakes], str],
    *,
    also: bool = False,
) -> Iterator[str]:
    """Tell what is at stake, put the command on record, and return the ids of the briefs that it is for.

    Ends the command of a dry run, where nothing is meant (unless it is `also` for something else), and where
    a person says no. The ids come as they are read: each brief is meant as it stands then.
    """
    if not wanted.chooses:
        fail(
            "--limit and --after only cut into pages: say which briefs are meant, as --state open",
            USED_WRONGLY,
        )
    if next(select(client, wanted), None) is None and not also:
        fail(f"no brief on record is meant by {printable(written(wanted))}")
    sums = stakes(_meant(client, wanted, fits))
    if order.dry_run:
        _print_dry(wanted, sums, order, cost(sums))
        raise typer.Exit
    if sums.briefs:
        _ask(sums, order, cost(sums))
        told = {"filter": written(wanted), "briefs": sums.briefs, "paid": sums.paid}
        actions.record(client, order.what, order.by, order.why, **told)
    return (brief.brief_id for brief in _meant(client, wanted, fits))


def _meant(client: "redis.Redis", wanted: Filter, fits: Callable[[BriefView], bool]) -> Iterator[BriefView]:
    return (each.brief for each in select(client, wanted) if fits(each.brief))


def _ask(sums: Stakes, order: Order, cost: str) -> None:
    if not order.as_json:
        typer.echo(_told(sums, order, cost), err=True)
        if not order.yes and sys.stdin.isatty() and sys.stderr.isatty():
            typer.confirm(f"{order.what} {'them' if sums.briefs > 1 else 'it'}?", abort=True, err=True)


def _print_dry(wanted: Filter, sums: Stakes, order: Order, cost: str) -> None:
    if order.as_json:
        print_json({"filter": written(wanted), **vars(sums)})
    elif sums.briefs:
        say(f"{_told(sums, order, cost)}; nothing was changed")
    else:
        say("Nothing was to be done: none of these is in a state for it.")


def _told(sums: Stakes, order: Order, cost: str) -> str:
    states = ", ".join(f"{number} {state}" for state, number in sums.states.most_common())
    return f"{order.what}: {counted(sums.briefs, 'brief')} ({states}); {cost}"


def paid_so_far(sums: Stakes) -> str:
    """Return what was paid for briefs, in words."""
    return f"{credits_text(sums.paid)} credits paid so far"


def still_to_pay(sums: Stakes) -> str:
    """Return what briefs that go on may still cost, in words."""
    drafts = f" and the price of {counted(sums.drafts, 'draft')}" if sums.drafts else ""
    return f"{paid_so_far(sums)}, at least {credits_text(sums.to_pay)} more{drafts} to pay"
