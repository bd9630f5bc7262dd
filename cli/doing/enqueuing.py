"""What `identity-worker enqueue` does."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.reading.tables.errors import UsageError
from cli.render.outgoing import print_all_json, show_all
from cli.sending import delivery
from cli.sending.files import How, Reading
from cli.sending.outgoing import REJECTED, Status
from cli.sending.photos import PhotoCheck
from cli.sending.preparing import Rules, prepare
from cli.sending.rejects import Rejects, rejects_to
from cli.sending.shorthand import settings
from cli.sending.spool import Spool
from cli.shared import progress
from cli.shared.opening import check_server, load_settings, read_accounts, redis_url, standard_input
from cli.shared.options import person
from cli.shared.output import DID_NOT, USED_WRONGLY, complain, fail, say
from config.accounts.account import AccountsError
from config.settings import Settings
from config.text import printable
from worker.ledger.ledger import Ledger
from worker.lifecycle.acceptance import HasLimits
from worker.shards.merged import home_of
from worker.shards.shards import shards_of

if TYPE_CHECKING:
    import redis

#: What is done with the briefs: on a client of Redis, with its URL.
Act = Callable[["redis.Redis", str, Settings, Spool], None]


def enqueue(
    places: Sequence[str],
    how: Callable[[Settings], How],
    overrides: Mapping[str, object],
    set_to: Sequence[str],
    *,
    dry_run: bool,
    max_credits: float | None,
    keep_going: bool,
    rejects: Path | None,
    again: bool,
    update: bool,
    as_json: bool,
) -> None:
    """Read the briefs of the places; send them, or tell what would be sent. The options are the command's."""
    values = load_settings()
    photos = PhotoCheck(values)
    with rejects_to(rejects) as file:
        try:
            rules = Rules(values, _accounts(values), overrides, settings(set_to), as_written=update)
            reading = Reading(places, standard_input(), how(values))
            briefs = prepare(progress.told(reading.items(), "briefs read"), rules, photos)
        except UsageError as error:
            fail(str(error), USED_WRONGLY)
        if len(reading.missed) == len(briefs):
            fail("\n".join(reading.missed), USED_WRONGLY)
        for told in (*reading.told, *reading.skipped):
            complain(printable(told))
        budgeted = None if max_credits is None else _the_batch(briefs, max_credits)
        try:
            if dry_run:
                # Not at the top: what plans is not needed to send.
                from cli.render.dry_run import dry_run as print_dry_run

                print_dry_run(
                    values,
                    briefs,
                    photos.found(),
                    batch=budgeted,
                    max_credits=max_credits,
                    again=again,
                    as_json=as_json,
                )
            else:
                budget = None if budgeted is None or max_credits is None else (budgeted, max_credits)
                send = partial(_send, budget=budget, again=again, as_json=as_json)
                act: Act = _update if update else send
                _enqueue(values, briefs, act, keep_going=keep_going, as_json=as_json)
        finally:
            # Also when Redis failed in between: the rejected briefs are written down.
            if file is not None:
                _write(file, briefs)
    if briefs.counts().keys() & set(REJECTED):
        raise typer.Exit(DID_NOT)


def _enqueue(values: Settings, briefs: Spool, act: Act, *, keep_going: bool, as_json: bool) -> None:
    bad = Status.BAD in briefs.counts()
    try:
        if keep_going or not bad:
            with redis_url(values) as url, shards_of(url, values) as shards:
                check_server(url, process=False)
                act(shards.reading, url, values, briefs)
    finally:
        # Also when Redis failed in between: some briefs may have been sent.
        if as_json:
            print_all_json(briefs)
        else:
            show_all(briefs, whole=False)
            if bad and not keep_going:
                good = Status.VALID in briefs.counts()
                typer.echo("Nothing was enqueued" + ("; --keep-going sends the good ones." if good else "."))


def _send(
    client: "redis.Redis",
    url: str,
    values: Settings,
    briefs: Spool,
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
    delivery.send(url, values, briefs)


def _update(client: "redis.Redis", _: str, values: Settings, briefs: Spool) -> None:
    delivery.update(client, values, briefs, person(None))


def _write(file: Rejects, briefs: Spool) -> None:
    try:
        complain(printable(file.write(briefs)))
    except OSError as error:
        fail(f"the rejects can't be written: {error.strerror}; what was refused is told above")


def _the_batch(briefs: Spool, max_credits: float) -> str | None:
    from cli.sending import planning

    return planning.the_batch(briefs, max_credits)


def _set_budget(
    client: "redis.Redis", values: Settings, briefs: Spool, batch: str, max_credits: float
) -> None:
    """Before the first brief is sent: none may be granted that the budget would not let."""
    from cli.sending import planning

    account = planning.budgeted(client, briefs)
    Ledger(home_of(client, account), values).set_budget(batch, account, max_credits, person(None))


def _accounts(values: Settings) -> Mapping[str, HasLimits] | None:
    """Return the accounts if this machine has them: who only enqueues needs no token.

    What is wrong with single ones is told: their briefs are sent, and wait. Ends the command when the file
    that is said to hold all of them can't be used.
    """
    try:
        live = read_accounts(values)
    except AccountsError as error:
        if values.accounts_file is not None:
            fail(str(error), USED_WRONGLY)
        return None
    return live.named
