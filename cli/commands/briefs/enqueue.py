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

    A file holds a brief, a JSON array of briefs, one on each line (.jsonl, .ndjson), or a table with one in
    each row (.csv, .tsv, .xlsx), whose columns are fields: age, hair.color, instructions[1].prompt,
    metadata.sku. Each may be packed (.gz). Of a folder all these are read, or the photos, if there are only
    photos: each is a brief. If any brief breaks rules, all faults are listed and none is sent.

    A brief without a brief_id has one made from all that it says but its priority, so whatever is sent again,
    from another file or place, is the same brief; equal ones of one file are so many briefs. The same brief
    is not sent again. Another one under an id on record is refused, unless that one never cost anything. What
    was bought before under any id is sent only with --again.

    --dry-run also tells what the briefs would take of their accounts, and ends with 1 if slots or
    --max-credits won't do. What is over a batch's budget waits until the budget is raised.
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
