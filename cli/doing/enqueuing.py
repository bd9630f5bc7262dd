"""What `identity-worker enqueue` does."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import redis
import typer

from cli.doing.untaken import untaken
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


class Wanted(NamedTuple):
    """What the options of the command want done with the briefs."""

    dry_run: bool
    max_credits: float | None
    """What their batch may cost in all; None: its budget stays."""
    keep_going: bool
    """Whether the good ones are sent though others are bad."""
    rejects: Path | None
    """Where what is refused is written to, to be mended."""
    again: bool
    """Whether what was bought before is bought once more."""
    update: bool
    """Whether none is sent, and those on record are given their metadata, batch and priority."""
    as_json: bool


class _Budget(NamedTuple):
    """What a batch may cost in all."""

    batch: str
    credits: float


def enqueue(
    places: Sequence[str],
    how: Callable[[Settings], How],
    overrides: Mapping[str, object],
    set_to: Sequence[str],
    wanted: Wanted,
) -> None:
    """Read the briefs of the places; send them, or tell what would be sent. The options are the command's."""
    values = load_settings()
    photos = PhotoCheck(values)
    with rejects_to(wanted.rejects) as file:
        try:
            rules = Rules(values, _accounts(values), overrides, settings(set_to), as_written=wanted.update)
            reading = Reading(places, standard_input(), how(values))
            briefs = prepare(progress.told(reading.items(), "briefs read"), rules, photos)
        except UsageError as error:
            fail(str(error), USED_WRONGLY)
        if len(reading.missed) == len(briefs):
            fail("\n".join(reading.missed), USED_WRONGLY)
        for told in (*reading.told, *reading.skipped):
            complain(printable(told))
        budget = _budget(briefs, wanted.max_credits)
        try:
            if wanted.dry_run:
                _show_plan(values, briefs, photos, budget, wanted)
            else:
                _enqueue(values, briefs, budget, wanted)
        finally:
            # Also when Redis failed in between: the rejected briefs are written down.
            if file is not None:
                _write(file, briefs)
    if briefs.counts().keys() & set(REJECTED):
        raise typer.Exit(DID_NOT)


def _show_plan(
    values: Settings, briefs: Spool, photos: PhotoCheck, budget: _Budget | None, wanted: Wanted
) -> None:
    # Not at the top: what plans is not needed to send.
    from cli.render.dry_run import dry_run

    dry_run(
        values,
        briefs,
        photos.found(),
        batch=None if budget is None else budget.batch,
        max_credits=wanted.max_credits,
        again=wanted.again,
        as_json=wanted.as_json,
    )


def _enqueue(values: Settings, briefs: Spool, budget: _Budget | None, wanted: Wanted) -> None:
    bad = Status.BAD in briefs.counts()
    told = ""
    try:
        if wanted.keep_going or not bad:
            with redis_url(values) as url, shards_of(url, values) as shards:
                check_server(url, process=False)
                if wanted.update:
                    delivery.update(shards.reading, values, briefs, person(None))
                else:
                    _send(shards.reading, url, values, briefs, budget, wanted)
                    told = untaken(shards.reading)
    finally:
        # Also when Redis failed in between: some briefs may have been sent.
        if wanted.as_json:
            print_all_json(briefs)
        else:
            show_all(briefs, whole=False)
            if bad and not wanted.keep_going:
                good = Status.VALID in briefs.counts()
                typer.echo("Nothing was enqueued" + ("; --keep-going sends the good ones." if good else "."))
    if told:
        complain(told)


def _send(
    client: "redis.Redis",
    url: str,
    values: Settings,
    briefs: Spool,
    budget: _Budget | None,
    wanted: Wanted,
) -> None:
    if budget is not None:
        _set_budget(client, values, briefs, budget)
    delivery.look_up(client, values, briefs, again=wanted.again)
    if budget is not None and not wanted.as_json:
        from cli.sending import planning

        say(printable(f"batch {budget.batch} may cost {budget.credits:g} credits in all now"))
        if too_little := planning.too_little(client, briefs, budget.batch, budget.credits):
            complain(printable(too_little))
    delivery.send(url, values, briefs)


def _write(file: Rejects, briefs: Spool) -> None:
    try:
        complain(printable(file.write(briefs)))
    except OSError as error:
        fail(f"the file of --rejects can't be written: {error.strerror}; the refused briefs are listed above")


def _budget(briefs: Spool, max_credits: float | None) -> _Budget | None:
    if max_credits is None:
        return None
    # Not at the top: whoever sets no budget does without.
    from cli.sending import planning

    batch = planning.the_batch(briefs, max_credits)
    return None if batch is None else _Budget(batch, max_credits)


def _set_budget(client: "redis.Redis", values: Settings, briefs: Spool, budget: _Budget) -> None:
    """Before the first brief is sent: none may be granted that the budget would not let."""
    from cli.sending import planning

    account = planning.budgeted(client, briefs)
    ledger = Ledger(home_of(client, account), values)
    ledger.set_budget(budget.batch, account, budget.credits, person(None))


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
