"""Commands that change many briefs by a filter: what is at stake first, then a word, then each by itself."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.shared.output import USED_WRONGLY, fail, fail_unknown, print_json, say
from config import keys
from config.text import counted, credits_text, printable
from worker.ledger.records import brief_subject
from worker.operations import actions
from worker.operations.stakes import Stakes, stakes
from worker.selection.filter import Filter
from worker.selection.language import written
from worker.selection.selecting import select
from worker.shards.merged import clients_of, holder_of
from worker.views.models import BriefView

if TYPE_CHECKING:
    import redis

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say how many are meant and what is at stake; change nothing.")
]
Why = Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for the record.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal.")]


class Order(NamedTuple):
    """A command for briefs: what it is called, by whom and why, and how it is to be given."""

    what: str
    by: str
    why: str | None
    dry_run: bool = False
    yes: bool = False
    as_json: bool = False
    more: Mapping[str, Any] = {}
    """What else the log of actions is to tell of it."""


def named(client: "redis.Redis", order: Order, brief_id: str, *, is_dead_letter: bool = False) -> list[str]:
    """Put a command for one brief on record, and return its id; of a dead letter none.

    Ends the command where there is no such brief, and where it says what is said of many.
    """
    if order.dry_run:
        fail("--dry-run is for a filter; `identity-worker status BRIEF` tells of one", USED_WRONGLY)
    if not is_dead_letter and not client.exists(keys.RECORD(brief_subject(brief_id))):
        fail_unknown(brief_id)
    which = {"dead_letter" if is_dead_letter else "brief": brief_id}
    actions.record(holder_of(client, brief_id), order.what, order.by, order.why, **which, **order.more)
    return [] if is_dead_letter else [brief_id]


def announced(
    client: "redis.Redis",
    wanted: Filter,
    fits: Callable[[BriefView], bool],
    order: Order,
    cost: Callable[[Stakes], str],
    *,
    dead_letters: int | None = None,
) -> Iterator[str]:
    """Tell what is at stake, put the command on record, and return the ids of the briefs that it is for.

    `dead_letters` is how many of these it is for as well, None where it is for none. Ends the command of a
    dry run, where nothing is meant, and where a person says no. The ids come as they are read: each brief is
    meant as it stands then.
    """
    if not wanted.chooses:
        fail(
            "--limit and --after only cut into pages: say which briefs are meant, as --state open",
            USED_WRONGLY,
        )
    if dead_letters is None and next(select(client, wanted), None) is None:
        fail(f"no brief on record is meant by {printable(written(wanted))}")
    sums = stakes(_meant(client, wanted, fits))
    if order.dry_run:
        _print_dry(wanted, sums, order, cost(sums), dead_letters)
        raise typer.Exit
    if sums.briefs or dead_letters:
        _ask(sums, order, _told(sums, order, cost(sums), dead_letters))
        told = {"filter": written(wanted), "briefs": sums.briefs, "paid": sums.paid}
        told |= {"dead_letters": dead_letters} if dead_letters else {}
        actions.record(clients_of(client)[0], order.what, order.by, order.why, **told, **order.more)
    return (brief.brief_id for brief in _meant(client, wanted, fits))


def _meant(client: "redis.Redis", wanted: Filter, fits: Callable[[BriefView], bool]) -> Iterator[BriefView]:
    return (each.brief for each in select(client, wanted) if fits(each.brief))


def _ask(sums: Stakes, order: Order, told: str) -> None:
    if not order.as_json:
        typer.echo(told, err=True)
        if not order.yes and sys.stdin.isatty() and sys.stderr.isatty():
            typer.confirm(f"{order.what} {'it' if sums.briefs == 1 else 'them'}?", abort=True, err=True)


def _print_dry(wanted: Filter, sums: Stakes, order: Order, cost: str, dead_letters: int | None) -> None:
    if order.as_json:
        also = {} if dead_letters is None else {"dead_letters": dead_letters}
        print_json({"filter": written(wanted), **vars(sums), **also})
    elif sums.briefs or dead_letters:
        say(f"{_told(sums, order, cost, dead_letters)}; nothing was changed")
    else:
        say("Nothing was to be done: none of these is in a state for it.")


def _told(sums: Stakes, order: Order, cost: str, dead_letters: int | None) -> str:
    states = ", ".join(f"{number} {state}" for state, number in sums.states.most_common())
    briefs = counted(sums.briefs, "brief") + (f" ({states})" if states else "")
    also = f" and {counted(dead_letters, 'dead letter')}" if dead_letters else ""
    return f"{order.what}: {briefs}{also}; {cost}"


def paid_so_far(sums: Stakes) -> str:
    """Return what was paid for briefs, in words."""
    return f"{credits_text(sums.paid)} credits paid so far"


def still_to_pay(sums: Stakes) -> str:
    """Return what briefs that go on may still cost, in words."""
    drafts = f" and the price of {counted(sums.drafts, 'draft')}" if sums.drafts else ""
    return f"{paid_so_far(sums)}, at least {credits_text(sums.to_pay)} more{drafts} to pay"
