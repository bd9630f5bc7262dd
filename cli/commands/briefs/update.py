"""`identity-worker update`: changes metadata, batch and priority of a brief on record."""

import json
from typing import Annotated, Any

import typer

from cli.shared.opening import load_settings, open_redis
from cli.shared.options import BriefId, By, person
from cli.shared.output import DID_NOT, USED_WRONGLY, Json, complain, fail, fail_unknown, print_json, say
from config.text import printable
from worker.briefs.faults import BriefError
from worker.ledger.ledger import Ledger
from worker.operations.updating import Change, UnknownBriefError, update


def command(
    brief_id: BriefId,
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="KEY=TEXT", help="Set this key; the others stay.")
    ] = None,
    metadata_json: Annotated[
        str | None, typer.Option(metavar="JSON", help="An object to replace all of the metadata.")
    ] = None,
    batch: Annotated[
        str | None, typer.Option(metavar="NAME", help="Its batch from now on; '' for none.")
    ] = None,
    priority: Annotated[int | None, typer.Option(metavar="N", help="-100 to 100; higher goes first.")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Change metadata, batch or priority of a brief, in whatever state it is.

    Later events carry the new metadata. It takes its place in the waiting list anew; what it will still cost
    is reserved from the new batch's budget, what it has cost stays with the old one. Who did it is in its
    journal. `identity-worker enqueue --update FILE` does the same for the briefs of files.
    """
    change = Change(_metadata(metadata or [], metadata_json), batch, priority, merge=metadata_json is None)
    if change.metadata is None and batch is None and priority is None:
        fail("say what to change: --metadata, --metadata-json, --batch or --priority", USED_WRONGLY)
    who = person(by)
    values = load_settings()
    with open_redis(values) as client:
        try:
            changed = update(Ledger(client, values), brief_id, change, who)
        except UnknownBriefError:
            fail_unknown(brief_id)
        except BriefError as bad:
            for fault in bad.faults:
                complain(printable(fault))
            raise typer.Exit(DID_NOT) from None
    if as_json:
        print_json({"brief_id": brief_id, "changed": changed})
    else:
        said = f"{', '.join(changed)} changed" if changed else "it was so already, nothing changed"
        say(printable(f"{brief_id}: {said}"))


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
