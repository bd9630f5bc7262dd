"""`identity-worker export`: pictures and an index of many briefs, to a folder or a bucket."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared import progress
from cli.shared.filtering import LOOKING, filtered
from cli.shared.opening import load_settings, open_redis, read_accounts
from cli.shared.output import DID_NOT, USED_WRONGLY, Json, complain, fail, print_json, say
from cli.shared.waiting import ENDED, HELD, STANDS_STILL, given_up, patience
from config.text import counted, printable
from worker.export.patterns import DEFAULT, PatternError, check
from worker.places.target import TargetError
from worker.places.targets import SCHEMES, open_target
from worker.selection.filter import Filter
from worker.selection.patience import Patience
from worker.selection.selecting import select

if TYPE_CHECKING:
    from config.settings import Settings
    from worker.export.exporting import Counts, Export
    from worker.export.following import Stand
    from worker.marking.signing import Marker
    from worker.network.pool import Pool
    from worker.piktid.client import PiktID
    from worker.places.target import Target

NONE_MEANT = "no brief on record matches the filter"


@filtered
def command(
    wanted: Filter,
    to: Annotated[
        str, typer.Option(metavar="PLACE", help=f"A folder, or a bucket: {', '.join(SCHEMES)}NAME/PREFIX.")
    ],
    names: Annotated[
        str,
        typer.Option(
            metavar="PATTERN", help="How pictures are called, as '{metadata.sku}_{n}'; n counts from 1."
        ),
    ] = DEFAULT,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="All drafts, not only those of identities.")
    ] = False,
    mark: Annotated[
        bool,
        typer.Option("--mark", help="Write a marked copy beside each identity's picture, as `mark` does."),
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until all of the briefs are finished.")
    ] = False,
    stall: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="With --follow: give up when nothing has moved for this long."),
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="AGE", help="With --follow: follow no longer than this.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a contact sheet too: one page with all pictures, small."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Export the pictures of briefs with an index, to a folder or a bucket.

    Each identity has a folder BATCH/NAME with its picture and metadata.json, which tells what it was made
    from. The batch's folder has index.csv and index.jsonl, and index.parquet if pyarrow is installed. Run
    again, it fetches what is new and leaves the rest as it is.

    With --stall or --timeout, --follow may end before all briefs are finished, with the exit codes of `wait`:
    3: the rest waits for a person; 4: nothing has moved for --stall; 5: the time of --timeout is over.

    In index.csv, a cell that a spreadsheet would run as a formula begins with an apostrophe; index.jsonl has
    each value unchanged.
    """
    try:
        pattern, target = check(names), open_target(to)
    except PatternError as error:
        fail(f"--names {error}", USED_WRONGLY)
    except TargetError as error:
        fail(f"--to {error}", USED_WRONGLY)
    if not follow and (stall or timeout) is not None:
        fail(f"--{'timeout' if stall is None else 'stall'} is for --follow: add it", USED_WRONGLY)
    waited = patience(stall, timeout, still_ms=None) if follow else None
    try:
        counts, code, because = _run(
            wanted, target, pattern, drafts=drafts, mark=mark, waited=waited, html=html
        )
    except TargetError as error:
        fail(f"{error}\nWhat is there is whole; the same command goes on from it.")
    except KeyboardInterrupt:
        fail("stopped: what is there is whole, and the same command goes on from it")
    if not counts.briefs and wanted.chooses:
        fail(NONE_MEANT)
    missing = counts.gone + counts.unavailable + counts.unmarked
    if as_json:
        print_json({"to": target.name} | asdict(counts))
    else:
        _tell(counts, target)
    if code is not None:
        complain("\n".join([ENDED[code], *map(printable, because)]))
    raise typer.Exit(code or (DID_NOT if missing else 0))


def _run(
    wanted: Filter,
    target: "Target",
    pattern: str,
    *,
    drafts: bool,
    mark: bool,
    waited: Patience | None,
    html: Path | None,
) -> "tuple[Counts, int | None, list[str]]":
    """Export; returns the counts, and how and why following ended if it did before all were finished."""
    values = load_settings()
    with open_redis(values) as client:
        progress.show(LOOKING)
        if waited is None and wanted.chooses and next(select(client, wanted), None) is None:
            fail(NONE_MEANT)
        # Not at the top: what is said wrongly is told without the API's client.
        from cli.doing.stalling import why_still
        from worker.export.contact_sheet import check_installed
        from worker.export.exporting import Order, exporting
        from worker.export.following import followed
        from worker.marking.reading import read_marks

        if html is not None:
            check_installed()
        order = Order(
            "drafts" if drafts else "chosen",
            pattern,
            lambda content: read_marks(content).as_json(),
            _marker(values) if mark else None,
        )
        with exporting(client, target, order, values.api_url, _apis(values)) as export:
            with _until_told(export):
                code = None
                if waited is not None:
                    for stand in followed(client, wanted, export, waited):
                        _show(export.counts)
                        code = _code(stand, waited)  # the last one is that of the end
                else:
                    export.add((each.brief for each in select(client, wanted)), _show)
                    export.write_indexes()
            if html is not None:
                export.write_sheet(html)
            because = list(why_still(client, wanted)) if code == STANDS_STILL else []
            return export.counts, code, because


def _code(stand: "Stand", waited: Patience) -> int | None:
    """Return with what following ends, None while it goes on or when all is finished."""
    code = given_up(waited) if stand.unfinished else None
    return HELD if code is not None and stand.for_person == stand.unfinished else code


@contextmanager
def _until_told(export: "Export") -> Iterator[None]:
    """Go on until Ctrl-C or SIGTERM; what was exported until then stands in the index all the same."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        export.write_indexes()
        raise


def _tell(counts: "Counts", target: "Target") -> None:
    there = counts.pictures - counts.fetched
    say(
        f"{counted(counts.briefs, 'brief')}: {counted(counts.pictures, 'picture')} at {target.name}"
        f" ({counts.fetched} fetched, {there} there before), {counts.bytes / 1e6:.1f} MB"
    )
    if counts.marked:
        say(f"{counted(counts.marked, 'marked copy', 'marked copies')} beside them")
    if counts.unnamed:
        complain(
            f"{counted(counts.unnamed, 'brief')} called by id: nothing is on record of what --names names"
        )
    if counts.named_before:
        complain(
            f"{counted(counts.named_before, 'picture')} under the name of an earlier run, not under that of "
            "--names now: the index says where; what is removed there is fetched anew, by its new name"
        )
    if counts.unmarked:
        complain(f"{counted(counts.unmarked, 'picture')} could not be marked: the index says why")
    if counts.gone:
        complain(f"{counted(counts.gone, 'picture')} can't be had any more: the index says why")
    if counts.unavailable:
        complain(
            f"{counted(counts.unavailable, 'picture')} could not be had this time: the index says why, and "
            "the same command tries again"
        )


def _marker(values: "Settings") -> "Marker":
    from worker.marking.signing import MarkingError, open_marker

    try:
        return open_marker(values)
    except MarkingError as error:
        fail(f"--mark: {error}")


def _apis(values: "Settings") -> "Callable[[Pool], Mapping[str, PiktID]]":
    def made(pool: "Pool") -> Mapping[str, "PiktID"]:
        from config.accounts.account import AccountsError
        from worker.piktid.client import PiktID

        try:
            accounts = read_accounts(values).accounts
        except AccountsError as error:
            if values.accounts_file is not None:
                fail(str(error), USED_WRONGLY)
            return {}  # links that have not expired need no token
        return {name: PiktID(pool, values.api_url, each.token) for name, each in accounts.items()}

    return made


def _show(counts: "Counts") -> None:
    progress.show(f"{counts.briefs} briefs, {counts.pictures} pictures")
