"""What `identity-worker update` does."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn

import typer

from cli.shared import progress
from cli.shared.acting import Order, named
from cli.shared.filtering import LOOKING
from cli.shared.opening import load_settings, open_redis
from cli.shared.operating import one_of
from cli.shared.ordering import announced, carried, paid_so_far
from cli.shared.output import DID_NOT, USED_WRONGLY, complain, fail, fail_unknown, print_json, say
from config.text import counted, printable
from worker.briefs.faults import BriefError
from worker.ledger.ledger import Ledger
from worker.operations.updating import Change, UnknownBriefError
from worker.operations.updating import update as update_one
from worker.orders.orders import told_of
from worker.selection.filter import OPEN, Filter
from worker.shards.merged import at_each


def change_of(
    metadata: list[str], metadata_json: str | None, to_batch: str | None, priority: int | None
) -> Change:
    """Return what the options say is to be changed; end the command where they say nothing of use."""
    change = Change(_metadata(metadata, metadata_json), to_batch, priority, merge=metadata_json is None)
    if change.metadata is None and to_batch is None and priority is None:
        fail("say what to change: --metadata, --metadata-json, --to-batch or --priority", USED_WRONGLY)
    return change


def update(order: Order, wanted: Filter, brief_id: str | None, change: Change) -> None:
    """Change the one brief, or each that the filter means."""
    one_of(brief_id=brief_id, wanted=wanted != Filter())
    if brief_id is None:
        progress.show(LOOKING)
    order = order._replace(more=_told(change))
    values = load_settings()
    with open_redis(values) as client:
        ledger = at_each(client, lambda its: Ledger(its, values))
        if brief_id is not None:
            recorded = named(client, order, brief_id)
            with recorded.refused_by(typer.Exit):
                if not _update_one(ledger(brief_id), brief_id, change, order):
                    recorded.not_done()
        else:
            which = wanted if wanted.state else replace(wanted, state=(OPEN,))
            meant = announced(client, values, which, order, paid_so_far, change=change)
            with carried(meant) as ids:
                _update_many(ledger, ids, meant.order_id, change, order)


def _told(change: Change) -> dict[str, Any]:
    """Return what the log of actions is to tell of a change; end the command for what no brief may have."""
    try:
        return told_of(change)
    except BriefError as bad:
        _refused(bad)


def _update_one(ledger: Ledger, brief_id: str, change: Change, order: Order) -> bool:
    """Change one brief and say so; return whether anything has changed."""
    try:
        changed = update_one(ledger, brief_id, change, order.by, order.why)
    except UnknownBriefError:
        fail_unknown(ledger.client, brief_id)
    except BriefError as bad:
        _refused(bad)
    if order.as_json:
        print_json({"brief_id": brief_id, "changed": changed})
    else:
        said = f"{', '.join(changed)} changed" if changed else "it was so already, nothing changed"
        say(printable(f"{brief_id}: {said}"))
    return bool(changed)


def _update_many(
    ledger: Callable[[str], Ledger], ids: Iterator[str], order_id: str | None, change: Change, order: Order
) -> None:
    """Change each by itself: killed half-way, the same command does the rest."""
    met = changed = 0
    for brief_id in ids:
        # One that has gone meanwhile needs no change.
        with suppress(UnknownBriefError):
            try:
                its = ledger(brief_id)
                changed += bool(update_one(its, brief_id, change, order.by, order.why, order_id))
            except BriefError as bad:
                _refused(bad)
        met += 1
    if order.as_json:
        print_json({"briefs": met, "changed": changed})
    else:
        say(f"{counted(changed, 'brief')} changed, {met - changed} were so already")


def _refused(bad: BriefError) -> NoReturn:
    for fault in bad.faults:
        complain(printable(fault))
    raise typer.Exit(DID_NOT)


def _metadata(pairs: list[str], whole: str | None) -> dict[str, Any] | None:
    """Return what is said of the metadata, None for nothing; end the command where that can't be read."""
    if whole is not None:
        if pairs:
            fail("--metadata and --metadata-json can't be given together", USED_WRONGLY)
        try:
            found = json.loads(whole)
        except (ValueError, RecursionError) as error:
            fail(f"--metadata-json: must be JSON: {error}", USED_WRONGLY)
        if not isinstance(found, dict):
            fail('--metadata-json: must be an object, as {"sku": 4711}', USED_WRONGLY)
        return found
    split = [pair.partition("=") for pair in pairs]
    for name, equals, _ in split:
        if not name or not equals:
            fail(f"--metadata {name!r}: must be KEY=TEXT", USED_WRONGLY)
    return {name: text for name, _, text in split} or None
