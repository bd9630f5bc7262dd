"""Prints a dry run: the briefs as they would be sent, the photos that were opened, the plan."""

from dataclasses import asdict

import typer

from cli.render import batch_plan
from cli.render.outgoing import print_all_json, show_all, show_totals
from cli.sending import planning
from cli.sending.photos import Photos
from cli.sending.spool import Spool
from cli.shared.output import DID_NOT, say
from config.settings import Settings


def dry_run(
    values: Settings,
    briefs: Spool,
    opened: Photos,
    *,
    batch: str | None = None,
    max_credits: float | None = None,
    again: bool,
    as_json: bool,
) -> None:
    """Print what the briefs would take; end the command with 1 where that won't do.

    `batch` is whose budget `max_credits` is. `again`: what was bought before may be bought again.
    """
    found = planning.plan_of(values, briefs, batch, again=again)
    plan = batch_plan.plan_json(found, max_credits)
    if as_json:
        print_all_json(briefs, {"plan": plan, "photos": asdict(opened)})
    else:
        show_all(briefs, whole=True)
        if str(opened):
            say(f"photos: {opened}")
        show_totals(briefs)
        batch_plan.show(found, max_credits)
    if plan["problems"]:
        raise typer.Exit(DID_NOT)
