"""`identity-worker accounts`: what every account has in use, what waits for it, who follows it."""

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.render.account import account_json, account_lines
from cli.shared.opening import load_settings, open_redis, open_to_read
from cli.shared.options import person
from cli.shared.output import USED_WRONGLY, Json, complain, console, fail, folded, print_json, say
from config import durations
from config.text import printable
from config.times import format_time
from worker.operations import halts
from worker.operations.halts import Halt
from worker.views import account_reading, held_back
from worker.views.account import AccountReport
from worker.views.held_back import BatchBudget

if TYPE_CHECKING:
    import redis

#: An account, the budgets of its batches, and its pause by a person.
_Report = tuple[AccountReport, list[BatchBudget], Halt | None]


def command(
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every second, until Ctrl-C; in a pipe, tell changes.")
    ] = False,
    token_changed: Annotated[
        str | None,
        typer.Option(
            metavar="ACCOUNT",
            help="Say that its next token is for the same account of the API; show nothing.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the accounts: jobs, requests, slots, pauses, what waits by batch, limits, who follows them."""
    if watch and as_json:
        fail("--watch is for people; without it --json prints what there is now", USED_WRONGLY)
    if token_changed is not None:
        if watch or as_json:
            fail("--token-changed shows nothing, so it goes with no other option", USED_WRONGLY)
        _expect_another(token_changed)
        return
    try:
        with open_to_read() as client:
            if watch and console().is_terminal:
                _watch(client)
            elif watch:
                _follow(client)
            elif as_json:
                print_json([_facts(*each) for each in _reports(client)])
            else:
                _print(_reports(client))
        if not watch:
            _tell_faults()
    except KeyboardInterrupt:
        # Ctrl-C is how watching is meant to end.
        raise typer.Exit from None


def _tell_faults() -> None:
    """Tell what is wrong with the accounts that are named here, as what is shown is what is on record."""
    if not os.environ.get("ACCOUNTS_FILE"):
        return  # nor read the settings, which take long
    from config.accounts.account import AccountsError
    from config.accounts.live import LiveAccounts

    try:
        faults = LiveAccounts(load_settings()).faults
    except AccountsError as error:
        fail(printable(str(error)))
    for fault in faults:
        complain(printable(str(fault)))


def _expect_another(account: str) -> None:
    from worker.operations import owners

    with open_redis(load_settings(), writes=True, account=account) as client:
        if account not in account_reading.names(client):
            fail(f"no account {printable(account)} is on record; `identity-worker accounts` lists them")
        owners.expect_another(client, account, person(None))
    say(f"account {account}: the first process with another token that starts within a day may do so")


def _reports(client: "redis.Redis") -> list[_Report]:
    names = account_reading.names(client)
    paused = halts.of_accounts(client, names)
    return [
        (account_reading.report(client, name), held_back.budgets(client, name), paused.get(name))
        for name in names
    ]


def _facts(report: AccountReport, budgets: Sequence[BatchBudget], halt: Halt | None) -> dict[str, Any]:
    halted = None if halt is None else halt._asdict()
    return account_json(report) | {"batch_budgets": [each._asdict() for each in budgets], "halted": halted}


def _print(reports: Sequence[_Report]) -> None:
    if not reports:
        typer.echo("No account is on record: the first worker that starts puts those it has there.")
    for report in reports:
        for line in account_lines(*report):
            say(printable(line))


def _watch(client: "redis.Redis") -> None:
    from rich.live import Live
    from rich.text import Text

    to = console()
    with Live(console=to, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            reports = _reports(client)
            lines = [folded(printable(line)) for report in reports for line in account_lines(*report)]
            text = Text("\n".join(lines) or "No account is on record.", no_wrap=True, overflow="ellipsis")
            live.update(text, refresh=True)
            time.sleep(durations.ACCOUNTS_AGAIN_SECONDS)


def _follow(client: "redis.Redis") -> None:
    """Print an account each time that anything of it has changed but how long things last."""
    known: dict[str, tuple[object, ...]] = {}
    while True:
        for report, budgets, halt in _reports(client):
            if known.get(report.name) != (stands := (*_stands(report), budgets, halt)):
                known[report.name] = stands
                typer.echo(f"{format_time(report.read_at)}:")
                _print([(report, budgets, halt)])
                sys.stdout.flush()
        time.sleep(durations.ACCOUNTS_AGAIN_SECONDS)


def _stands(report: AccountReport) -> tuple[object, ...]:
    return (
        [(holder.subject, holder.state, holder.job_id) for holder in report.jobs],
        report.working,
        {endpoint: window.used for endpoint, window in report.windows.items()},
        (report.slots_used, report.slots_reserved, report.slots_seen, report.budget, report.limits),
        report.weights,
        report.pauses,
        (report.waiting, report.batches),
        (report.listener, report.stream.connected_at),
    )
