"""`identity-worker status`: where all briefs stand, or everything about one."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.broker import dead_letters
from cli.render.briefs import waits_for_pick
from cli.render.held import dead_letter_json, held_json, print_dead_letter, print_held
from cli.render.one_brief import print_brief
from cli.shared.opening import load_settings, open_redis
from cli.shared.output import (
    USED_WRONGLY,
    Json,
    complain,
    console,
    fail,
    fail_unknown,
    print_drawing,
    print_json,
    print_json_lists,
    say,
)
from config.text import counted, printable
from config.times import format_duration, redis_ms
from worker.views import account_reading, snapshots
from worker.views.account import AccountSummary
from worker.views.listing import Listed, listed
from worker.views.models import BriefView

if TYPE_CHECKING:
    import redis

#: Open and finished briefs that are listed for people unless they ask for all.
OPEN, FINISHED = 500, 50
#: Held briefs, and dead letters, that are listed for people unless they ask for all.
HELD = 500
#: Rows of one table: more than these are drawn one table after the other.
TABLE = 1_000
#: Columns of a brief's id; on 80 columns an identity's code still fits beside it.
_ID_WIDTH = 46


def command(
    brief_id: Annotated[str | None, typer.Argument(metavar="[BRIEF]", help="The brief's id.")] = None,
    batch: Annotated[
        str | None, typer.Option(metavar="NAME", help="List the briefs of this batch only.")
    ] = None,
    held: Annotated[
        bool, typer.Option("--held", help="List what waits for an operator, with the command that answers.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="List all, however many; with --json all are listed anyway.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show where the briefs stand, or everything about one brief.

    For people the oldest 500 open briefs and the newest 50 finished ones are listed, and how many more there
    are is told.
    """
    if held and (brief_id or batch):
        fail("--held lists all that is held: give no brief and no batch with it", USED_WRONGLY)
    with open_redis(load_settings()) as client:
        if held:
            show_held(client, everything=everything, as_json=as_json)
        elif brief_id is not None:
            _show_one(client, brief_id, as_json=as_json)
        elif as_json:
            _print_facts(client, batch)
        else:
            _show_many(client, batch, everything=everything)


def show_held(client: "redis.Redis", *, everything: bool, as_json: bool) -> None:
    """Print what is held, what waits longest first; for people `HELD` of it unless `everything` is wanted."""
    ids, dead = snapshots.held_ids(client), dead_letters.ids(client)
    if beyond := dead_letters.beyond(client):
        told = f"{beyond} more entries of the queue are put aside, since there are too many dead letters; "
        complain(f"{told}they come back to it when half of these are retried or cancelled")
    if as_json:
        held = map(held_json, snapshots.held(client, ids))
        print_json_lists(
            {"held": held, "dead_letters": map(dead_letter_json, dead_letters.each(client, dead))}
        )
        return
    most = max(len(ids), len(dead)) if everything else HELD
    now = redis_ms(client.time())
    for brief in snapshots.held(client, ids[:most]):
        print_held(brief, now)
    for dead_letter in dead_letters.each(client, dead[:most]):
        print_dead_letter(dead_letter, now)
    typer.echo(f"{len(ids)} held, {counted(len(dead), 'dead letter')}")
    if most < max(len(ids), len(dead)):
        typer.echo(f"Of each at most {most} are listed, what waits longest first; --all lists all.")


def _show_one(client: "redis.Redis", brief_id: str, *, as_json: bool) -> None:
    brief = snapshots.brief(client, brief_id)
    if brief is None:
        fail_unknown(brief_id)
    journal = snapshots.journal(client, brief_id)
    if as_json:
        print_json(_facts(brief) | {"journal": journal})
    else:
        print_brief(brief, journal)


def _print_facts(client: "redis.Redis", batch: str | None) -> None:
    """Print all briefs and their accounts as JSON."""
    names: set[str] = set()

    def briefs() -> Iterator[dict[str, Any]]:
        for brief in snapshots.each(client, listed(client, batch).ids):
            if not brief.faults:  # a bad brief may name an account that there is not
                names.add(brief.account)
            yield _facts(brief)

    def accounts() -> Iterator[dict[str, Any]]:
        # They are known once the briefs are printed.
        for name in sorted(names):
            yield _account_facts(account_reading.summary(client, name))

    print_json_lists({"briefs": briefs(), "accounts": accounts()})


def _show_many(client: "redis.Redis", batch: str | None, *, everything: bool) -> None:
    cut = {} if everything else {"most_open": OPEN, "most_finished": FINISHED}
    found = listed(client, batch, **cut)
    accounts: dict[str, BriefView] = {}
    for start in range(0, len(found.ids), TABLE):
        page = snapshots.by_ids(client, found.ids[start : start + TABLE])
        _print_table(page, heading=start == 0, width=max(map(len, found.ids)))
        accounts |= {brief.account: brief for brief in page if not brief.faults}
    if not found.ids:
        typer.echo("No briefs." if batch is None else f"No brief of batch {printable(batch)} is on record.")
        return
    _print_counts(found)
    for account in account_reading.summaries(client, accounts.values()):
        _print_account(account, accounts[account.name].read_at)


def _facts(brief: BriefView) -> dict[str, Any]:
    return brief.facts() | {"finished": brief.finished, "identity_codes": brief.identity_codes}


def _account_facts(account: AccountSummary) -> dict[str, Any]:
    pauses = {what: pause._asdict() for what, pause in account.pauses.items()}
    return asdict(account) | {"pauses": pauses}


def _print_table(briefs: Sequence[BriefView], *, heading: bool, width: int) -> None:
    """Print the briefs; `width` is that of the longest id of all tables."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=heading)
    # Folded, not cut: ids and codes are there to be copied. A fixed width, or long errors would narrow it.
    table.add_column("BRIEF", overflow="fold", width=min(max(len("BRIEF"), width), _ID_WIDTH))
    table.add_column("STATE", no_wrap=True)
    table.add_column("TIME", no_wrap=True, justify="right")
    table.add_column("IDENTITIES, ERROR", overflow="fold")
    for brief in briefs:
        end = brief.moved_at if brief.finished else brief.read_at
        took = format_duration(end - brief.accepted_at)
        table.add_row(printable(brief.brief_id), brief.state, took, _outcome(brief))
    print_drawing(console(), table)


def _print_counts(found: Listed) -> None:
    opened, finished = f"{found.all_open} open", f"{found.all_finished} finished"
    if len(found.open) < found.all_open:
        opened += f" (the oldest {len(found.open)} are listed)"
    if len(found.finished) < found.all_finished:
        finished += f" (the newest {len(found.finished)} are listed)"
    typer.echo(f"{opened}, {finished}{'; --all lists all' if found.left_out else ''}")


def _outcome(brief: BriefView) -> str:
    wanted = "wants a pick: see `status BRIEF`" if waits_for_pick(brief) else None
    parked = "parked: over its batch's budget" if brief.parked else None
    lines = [*brief.identity_codes, brief.stop_reason or wanted or brief.question or parked or brief.error]
    return "\n".join(printable(line) for line in lines if line)


def _print_account(account: AccountSummary, now: int) -> None:
    jobs = f"jobs {account.jobs_in_use}/{account.jobs_cap or 'any'}"
    cap = account.slots_cap or ("any" if account.slots_seen is None else 0)
    slots = f"slots {account.slots_used}+{account.slots_reserved} reserved/{cap}"
    if account.slots_seen == account.slots_cap:
        slots += ", as the API says"
    waiting = f"waiting: {account.waiting_create} to create, {account.waiting_promote} to promote"
    say(printable(f"account {account.name}"))
    say(f"  {jobs}, {slots}, {waiting}")
    for what, pause in account.pauses.items():
        whole = "all" if what == "pause" else what
        say(printable(f"  {whole} paused for {format_duration(pause.until - now)} more: {pause.reason}"))
        if pause.refused_token:
            say(f"  {_token(account.name)}")
    if not account.followed:
        say("  no listener follows it: start one with `identity-worker listen`")


def _token(account: str) -> str:
    """Return where the token of an account is set; those who only look need not have the accounts."""
    return (
        f"the API refused the token of account {account}: set PIKTID_API_TOKEN, or what the account's "
        "token_env or token_file in ACCOUNTS_FILE names, start worker and listener "
        f"again, then `identity-worker resume {account}`"
    )
