"""`identity-worker retry`: bring back briefs that stopped."""

from typing import Annotated

import typer

from cli.shared.filtering import filtered
from cli.shared.options import BriefOrDeadLetter, By, DryRun, Why, Yes, person
from cli.shared.output import Json
from worker.selection.filter import Filter


@filtered
def command(
    wanted: Filter,
    brief_id: BriefOrDeadLetter = None,
    all_held: Annotated[
        bool, typer.Option("--all-held", help="All that are held, and all dead letters.")
    ] = False,
    dry_run: DryRun = False,
    why: Why = None,
    by: By = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Go on with briefs that failed or are held, without paying twice for anything.

    If there are paid drafts, they are chosen from again; chosen drafts are promoted again; a create is sent
    again only if the API never accepted one. A filter means only failed and held briefs.
    """
    # Not at the top: the help should not wait for its import.
    from cli.doing import retrying
    from cli.shared.acting import Order

    order = Order("retry", person(by), why, dry_run, yes, as_json)
    retrying.retry(order, wanted, brief_id, all_held=all_held)
