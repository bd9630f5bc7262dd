"""`identity-worker enqueue`: puts briefs from files on the inlet queue."""

from functools import partial

from cli.sending import options
from cli.shared import progress
from cli.shared.output import USED_WRONGLY, Json, fail


def command(
    places: options.Places,
    recursive: options.Recursive = False,
    form: options.Form = None,
    encoding: options.Encoding = None,
    sheet: options.Sheet = None,
    map_file: options.Map = None,
    template: options.Template = None,
    extra_as_metadata: options.Extra = False,
    set_to: options.Set = None,
    account: options.Account = None,
    batch: options.Batch = None,
    priority: options.Priority = None,
    dry_run: options.DryRun = False,
    max_credits: options.MaxCredits = None,
    keep_going: options.KeepGoing = False,
    rejects: options.RejectsFile = None,
    again: options.Again = False,
    update: options.Update = False,
    keep_exif: options.KeepExif = False,
    as_json: Json = False,
) -> None:
    """Put briefs from files on the queue.

    A file holds a brief, a JSON array of briefs, one brief on each line (.jsonl, .ndjson), or a table with a
    brief in each row (.csv, .tsv, .xlsx), whose columns are fields: age, hair.color, instructions[1].prompt,
    metadata.sku. Any of these may be compressed (.gz). Of a folder all such files are read; if it holds
    nothing but photos, each photo is a brief. If any brief breaks rules, all faults are listed and none is
    sent.

    A brief without a brief_id gets an id made from everything in it but its priority. So the same brief sent
    again, from whatever file or place, has the same id and is not bought again; two equal briefs of one file
    are two briefs. Another brief under an id that is on record is refused, unless the one on record never
    cost anything. A body that was bought before under another id is sent only with --again.

    --dry-run also tells what the briefs would take of their accounts, and ends with 1 if slots or
    --max-credits do not suffice. Briefs that exceed a batch's budget wait until the budget is raised.
    """
    if update and dry_run:
        fail("--update sends nothing, so there is no --dry-run of it", USED_WRONGLY)
    progress.reading(places)
    # Not at the top: the help should not wait for its import.
    from cli.doing import enqueuing

    how = partial(
        options.how,
        recursive=recursive,
        form=form,
        encoding=encoding,
        sheet=sheet,
        map_file=map_file,
        template=template,
        extra_as_metadata=extra_as_metadata,
    )
    given = {"account": account, "batch": batch, "priority": priority, "keep_exif": keep_exif or None}
    overrides = {name: value for name, value in given.items() if value is not None}
    wanted = enqueuing.Wanted(
        dry_run=dry_run,
        max_credits=max_credits,
        keep_going=keep_going,
        rejects=rejects,
        again=again,
        update=update,
        as_json=as_json,
    )
    enqueuing.enqueue(places, how, overrides, set_to or (), wanted)
