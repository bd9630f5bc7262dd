"""`identity-worker status`: where all briefs stand, or everything about one."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.render.counts import archive_lines, count_lines, not_taken_line
from cli.render.rows import print_account, print_listed, print_table
from cli.shared.filtering import as_filter, filtered
from cli.shared.opening import open_to_read
from cli.shared.output import (
    USED_WRONGLY,
    Json,
    complain,
    fail,
    fail_unknown,
    print_json,
    print_json_lists,
    say,
)
from cli.shared.overview import held_up
from config.text import counted, printable
from config.times import redis_ms
from worker.archive import stands
from worker.selection.filter import Filter
from worker.selection.language import written
from worker.selection.selecting import Selected, select
from worker.selection.tally import by_counts, found_first, number_of, tallied
from worker.shards.merged import clients_of
from worker.views import account_reading, snapshots
from worker.views.account import AccountSummary
from worker.views.blockers import processes
from worker.views.counts import Where, parked
from worker.views.listing import listed
from worker.views.models import BriefView

if TYPE_CHECKING:
    import redis

    from actors.broker.dead_letters import DeadLetter
    from worker.archive.stands import Waiting

#: Briefs that are listed for people unless they ask for all: where there is no screen; on a small one.
ROWS, LEAST_ROWS = 50, 5
#: Held briefs, and dead letters, that are listed for people unless they ask for all.
HELD = 500
#: Rows of one table: more than these are drawn one table after the other.
TABLE = 1_000


@filtered
def command(
    wanted: Filter,
    brief_id: Annotated[str | None, typer.Argument(metavar="[BRIEF]", help="The brief's id.")] = None,
    held: Annotated[
        bool, typer.Option("--held", help="List what waits for an operator, with the command that answers.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="List all of them; with --json all are listed anyway.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show how many briefs are in which state, and list them, or show everything about one brief.

    On a terminal a screenful is listed: the oldest open briefs and the newest finished ones, or with a filter
    those that were accepted first; the total is shown. --all lists all.
    """
    if held and (brief_id or wanted != Filter()):
        fail("--held lists all that is held: give no brief and no filter with it", USED_WRONGLY)
    if brief_id is not None and wanted != Filter():
        fail("give a brief or a filter, not both", USED_WRONGLY)
    with open_to_read() as client:
        if held:
            show_held(client, everything=everything, as_json=as_json)
        elif brief_id is not None:
            _show_one(client, brief_id, as_json=as_json)
        elif as_json:
            _print_facts(client, wanted)
        else:
            _show_many(client, wanted, everything=everything)


def show_held(client: "redis.Redis", *, everything: bool, as_json: bool) -> None:
    """Print what is held, what waits longest first; for people `HELD` of it unless `everything` is wanted."""
    # Not at the top: the list of all does without what answers, which would double its time to begin.
    from actors.broker import dead_letters
    from cli.render.held import dead_letter_json, held_json, print_dead_letter, print_held

    ids = snapshots.held_ids(client)
    dead = [(its, one) for its in clients_of(client) for one in dead_letters.ids(its)]
    if beyond := dead_letters.beyond(client):
        told = f"{beyond} more entries of the queue are put aside, since there are too many dead letters; "
        complain(f"{told}they come back to it when half of these are retried or cancelled")
    if as_json:
        held = map(held_json, snapshots.held(client, ids))
        print_json_lists({"held": held, "dead_letters": map(dead_letter_json, _each_dead(dead))})
        return
    most = max(len(ids), len(dead)) if everything else HELD
    now = redis_ms(client.time())
    for brief in snapshots.held(client, ids[:most]):
        print_held(brief, now)
    for dead_letter in _each_dead(dead[:most]):
        print_dead_letter(dead_letter, now)
    typer.echo(f"{len(ids)} held, {counted(len(dead), 'dead letter')}")
    if most < max(len(ids), len(dead)):
        typer.echo(f"Of each at most {most} are listed, what waits longest first; --all lists all.")


def _archives(client: "redis.Redis") -> "Sequence[Waiting]":
    return stands.together([stands.waiting(its) for its in clients_of(client)])


def _each_dead(some: "Iterable[tuple[redis.Redis, tuple[str, str]]]") -> "Iterator[DeadLetter]":
    from actors.broker import dead_letters

    return (found for its, one in some for found in dead_letters.each(its, [one]))


def _show_one(client: "redis.Redis", brief_id: str, *, as_json: bool) -> None:
    brief = snapshots.brief(client, brief_id)
    if brief is None:
        from cli.doing.showing import show_dead_letter

        if show_dead_letter(client, brief_id, as_json=as_json):
            return
        fail_unknown(client, brief_id, as_filter(brief_id) or not_taken_line(processes(client)))
    journal = snapshots.journal(client, brief_id)
    if as_json:
        print_json(_facts(brief) | {"journal": journal})
    else:
        from cli.render.one_brief import print_brief

        print_brief(brief, journal)


def _print_facts(client: "redis.Redis", wanted: Filter) -> None:
    """Print all briefs that are meant, how many stand where, and their accounts as JSON."""
    # First: what was queued and is not any more is on record.
    running = processes(client)
    names: set[str] = set()
    met: Counter[Where] = Counter()

    def briefs() -> Iterator[dict[str, Any]]:
        for brief, cursor in _all(client, wanted, met):
            if not brief.faults:  # a bad brief may name an account that there is not
                names.add(brief.account)
            yield _facts(brief) | ({} if cursor is None else {"cursor": cursor})

    def numbers() -> Iterator[dict[str, Any]]:
        # What the ledger does not count is known once the briefs are printed.
        of = number_of(client, wanted).of if by_counts(wanted) else met
        yield from ({**where._asdict(), "briefs": number} for where, number in of.items())

    def accounts() -> Iterator[dict[str, Any]]:
        for name in sorted(names):
            yield _account_facts(account_reading.summary(client, name))

    def archives() -> Iterator[dict[str, Any]]:
        for each in _archives(client):
            yield each._asdict() | {"stand": each.stand and each.stand._asdict()}

    print_json_lists(
        {"briefs": briefs(), "counts": numbers(), "accounts": accounts(), "archives": archives()},
        {"queued": running.briefs, "workers": running.workers},
    )


def _all(
    client: "redis.Redis", wanted: Filter, met: Counter[Where]
) -> Iterator[tuple[BriefView, str | None]]:
    """Yield the briefs that are meant, with their cursors where a filter selects them; see `tallied`."""
    if wanted == Filter(batch=wanted.batch[:1]) and "" not in wanted.batch:
        ids = listed(client, next(iter(wanted.batch), None)).ids
        return ((brief, None) for brief in snapshots.each(client, ids))
    found = select(client, wanted) if by_counts(wanted) else tallied(client, wanted, met)
    return ((each.brief, each.cursor) for each in found)


def _show_many(client: "redis.Redis", wanted: Filter, *, everything: bool) -> None:
    rows = wanted.limit or (None if everything else _rows_of_a_screen())
    whole = wanted == Filter()
    queued = not_taken_line(processes(client))  # first: what is not queued any more is on record
    found, page = (
        (number_of(client, wanted), []) if whole else found_first(client, replace(wanted, limit=rows))
    )
    if found.of:
        for line in count_lines(found.of, parked(client, {where.account for where in found.of})):
            say(line)
        typer.echo()
    elif found.are_whole:
        meant = f"No brief on record matches {printable(written(wanted))}."
        typer.echo(meant if wanted.chooses else "No briefs on record." if queued else "No briefs.")
    if queued:
        say(queued)
    for line in held_up(client, found.of):
        say(printable(line))
    if not found.are_whole:
        number = counted(found.on_record - found.of.total(), "brief")
        say(f"{number} of an older version are not counted yet: `identity-worker audit --recount` does it")
    if whole:
        for line in archive_lines(_archives(client), redis_ms(client.time())):
            say(printable(line))
    accounts = _list_all(client, rows) if whole else _list_meant(page, rows)
    for account in account_reading.summaries(client, accounts.values()):
        print_account(account, accounts[account.name].read_at)


def _rows_of_a_screen() -> int:
    return max(LEAST_ROWS, shutil.get_terminal_size().lines // 2) if sys.stdout.isatty() else ROWS


def _list_all(client: "redis.Redis", rows: int | None) -> dict[str, BriefView]:
    """List the oldest open briefs and the newest finished ones; return one of each account among them."""
    found = listed(client, most_open=rows, most_finished=rows)
    found = found._replace(finished=found.finished[: None if rows is None else rows - len(found.open)])
    if not found.ids:
        return {}
    accounts: dict[str, BriefView] = {}
    for start in range(0, len(found.ids), TABLE):
        page = snapshots.by_ids(client, found.ids[start : start + TABLE])
        print_table(page, heading=start == 0, width=max(map(len, found.ids)))
        accounts |= {brief.account: brief for brief in page if not brief.faults}
    print_listed(found)
    return accounts


def _list_meant(page: Sequence[Selected], rows: int | None) -> dict[str, BriefView]:
    """List the first accepted of those that are meant; return one of each account among them."""
    accounts: dict[str, BriefView] = {}
    for start in range(0, len(page), TABLE):
        part = [each.brief for each in page[start : start + TABLE]]
        print_table(part, heading=start == 0, width=max(len(each.brief.brief_id) for each in page))
        accounts |= {brief.account: brief for brief in part if not brief.faults}
    if rows is not None and len(page) == rows:
        say(f"{counted(rows, 'brief')} listed; go on with --after {printable(page[-1].cursor)}")
    return accounts


def _facts(brief: BriefView) -> dict[str, Any]:
    return brief.facts() | {"finished": brief.finished, "identity_codes": brief.identity_codes}


def _account_facts(account: AccountSummary) -> dict[str, Any]:
    pauses = {what: pause._asdict() for what, pause in account.pauses.items()}
    return asdict(account) | {"pauses": pauses}
