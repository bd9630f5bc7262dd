"""`identity-worker import`: portraits that exist become identities, without drafts."""

from functools import partial
from typing import Annotated

import typer

from cli.sending import options
from cli.shared import progress
from cli.shared.output import Json
from worker.briefs.choices import BriefKind, OnNameTaken


def command(
    places: Annotated[
        list[str], typer.Argument(metavar="PORTRAIT|FOLDER|TABLE...", help="Portraits, or files of briefs.")
    ],
    recursive: options.Recursive = False,
    map_file: options.Map = None,
    extra_as_metadata: options.Extra = False,
    account: options.Account = None,
    batch: options.Batch = None,
    priority: options.Priority = None,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="The identities' tag.")] = None,
    on_name_taken: Annotated[
        OnNameTaken | None, typer.Option(help="Number a name that is taken, or fail.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and plan, send nothing.")] = False,
    keep_going: options.KeepGoing = False,
    again: options.Again = False,
    keep_exif: options.KeepExif = False,
    as_json: Json = False,
) -> None:
    """Make portraits identities as they are, without drafts.

    An identity gets the name of the portrait's file, unless a table says otherwise: each row (or file of
    briefs) has the portrait's path under IDENTITY_WORKER_REFERENCE_DIR as `reference_image`, and where you
    like a `name`, a `tag`, `metadata`. A portrait given by its file or folder is imported into an account
    once, whatever the file's name.
    """
    progress.reading(places)
    # Not at the top: the help should not wait for its import.
    from cli.doing import importing

    given = {
        "kind": BriefKind.IMPORT.value,
        "account": account,
        "batch": batch,
        "priority": priority,
        "tag": tag,
        "on_name_taken": on_name_taken,
        "keep_exif": keep_exif or None,
    }
    how = partial(options.how, recursive=recursive, map_file=map_file, extra_as_metadata=extra_as_metadata)
    overrides = {name: value for name, value in given.items() if value is not None}
    importing.import_portraits(
        places, how, overrides, dry_run=dry_run, keep_going=keep_going, again=again, as_json=as_json
    )
