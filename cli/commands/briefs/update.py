"""`identity-worker update`: changes metadata, batch and priority of briefs on record."""

from typing import Annotated

import typer

from cli.shared.filtering import filtered
from cli.shared.options import By, DryRun, Why, Yes, person
from cli.shared.output import Json
from worker.selection.filter import Filter


@filtered
def command(
    wanted: Filter,
    brief_id: Annotated[str | None, typer.Argument(metavar="[BRIEF]", help="The brief's id.")] = None,
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="KEY=TEXT", help="Set this key; the others stay.")
    ] = None,
    metadata_json: Annotated[
        str | None, typer.Option(metavar="JSON", help="An object to replace all of the metadata.")
    ] = None,
    to_batch: Annotated[str | None, typer.Option(metavar="NAME", help="The new batch; '' for none.")] = None,
    priority: Annotated[int | None, typer.Option(metavar="N", help="-100 to 100; higher goes first.")] = None,
    dry_run: DryRun = False,
    why: Why = None,
    by: By = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Change metadata, batch or priority of a brief in any state, or of many briefs by a filter.

    Later events carry the new metadata. A waiting brief gets a new position in the waiting list. What it will
    still cost is reserved from the new batch's budget; what it has cost stays with the old batch. The brief's
    journal says who did it. `identity-worker enqueue --update FILE` does the same for the briefs of files.

    A filter means open briefs unless it names a state: `update --batch autumn --priority 50` moves a batch
    forward. With a BRIEF, --batch is short for --to-batch.
    """
    # Not at the top: the help should not wait for its import.
    from cli.doing import updating
    from cli.shared.acting import Order

    if brief_id is not None and wanted.batch and wanted == Filter(batch=wanted.batch[:1]):
        to_batch, wanted = wanted.batch[0], Filter()
    change = updating.change_of(metadata or [], metadata_json, to_batch, priority)
    order = Order("update", person(by), why, dry_run, yes, as_json)
    updating.update(order, wanted, brief_id, change)
