"""`identity-worker restored`: Redis came back from a copy, so look for what was bought since it was made."""

import sys
from typing import Annotated

import typer

from cli.shared.opening import load_settings, open_redis
from cli.shared.options import By, Why, Yes, person
from cli.shared.output import Json, print_json, say
from config.text import counted
from config.times import format_time
from worker.ledger.ledger import Ledger
from worker.operations import actions
from worker.operations.halts import SELF
from worker.selection.moments import MOMENT_RULE, moment
from worker.shards.merged import clients_of
from worker.unresolved.past import forget

Since = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="When the copy was made, as 2h or 2026-11-28T09:00; the newest paid call in it if not said.",
    ),
]


#: What a person is told before it is done.
WARNING = (
    "For a quarter of an hour no account buys drafts; then briefs whose drafts may have been bought already "
    "wait for a person. It can't be taken back: say it only where Redis came back from a copy."
)


def command(
    since: Since = None, why: Why = None, by: By = None, yes: Yes = False, as_json: Json = False
) -> None:
    """Say that Redis came back from a copy: before anything is bought, earlier purchases are looked for.

    For a quarter of an hour no account buys drafts. Meanwhile, jobs at the API that are on no record are
    adopted by the briefs that they belong to, or these briefs are held with a question. Who said it is on
    record.
    """
    said = None if since is None else moment(since)
    if since is not None and said is None:
        raise typer.BadParameter(f"{since!r} {MOMENT_RULE}", param_hint="--since")
    values = load_settings()
    if not (yes or as_json) and sys.stdin.isatty() and sys.stderr.isatty():
        typer.echo(WARNING, err=True)
        typer.confirm("Did it come back from a copy?", abort=True, err=True)
    with open_redis(values, writes=True) as client:
        actions.record(clients_of(client)[0], "restored", person(by), why, since=since)
        told = f"{person(by)} says that Redis came back from a copy" + (f" ({why})" if why else "")
        found = []
        for ledger in (Ledger(each, values) for each in clients_of(client)):
            at = None if said is None else said.at(ledger.now())
            found.append(ledger.functions.run(forget(at, SELF, told)))
    # Of several shards each looks from its own newest call on.
    oldest, accounts = min(each.since for each in found), [name for each in found for name in each.accounts]
    if as_json:
        print_json({"since": oldest or None, "accounts": accounts})
        return
    when = format_time(oldest) if oldest else "the beginning"
    say(f"{counted(len(accounts), 'account')} will look for all that was bought since {when}")
    say("so will each that processes bring within a day, as the copy may be older than an account")
    say("send again now what was enqueued since then: under its old ids it is found, not bought again")
    say("`identity-worker doctor` tells when it is over, `identity-worker status --held` what it asks")
