"""`identity-worker describe`: photos become briefs on disk, to be edited and then enqueued."""

import re
from pathlib import Path
from typing import Annotated

import typer

from cli.shared import progress
from cli.shared.output import USED_WRONGLY, Json, fail
from config.accounts.names import DEFAULT
from config.text import printable
from worker.selection.moments import duration

#: Seconds without their unit, as `90` or `1.5`.
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)


def command(
    places: Annotated[list[str], typer.Argument(metavar="PHOTO|FOLDER...", help="What to describe.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder for the briefs.")],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Read the folders within a folder too.")
    ] = False,
    account: Annotated[str, typer.Option(metavar="NAME", help="Pay from this account.")] = DEFAULT,
    batch: Annotated[str | None, typer.Option(metavar="NAME", help="Count them in this batch.")] = None,
    max_credits: Annotated[
        float | None, typer.Option(metavar="N", help="Credits that the batch may cost in all.")
    ] = None,
    keep_exif: Annotated[
        bool,
        typer.Option("--keep-exif", help="Upload photos with their EXIF, which may tell place and time."),
    ] = False,
    timeout: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="Wait no longer, as 90s or 10m; go on by the same command."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Have the API describe photos, and write a brief for each.

    A description is paid for once for each photo, whatever the photo's name and however often this is run or
    killed. The workers order it, within the account's limits, pauses and budgets. A brief that is in the
    folder already is not overwritten.
    """
    seconds = None if timeout is None else _seconds(timeout)
    progress.reading(places)
    # Not at the top: the help should not wait for its import.
    from cli.doing import describing

    given = {"account": account, "batch": batch, "keep_exif": keep_exif or None}
    overrides = {name: value for name, value in given.items() if value is not None}
    budget = None if max_credits is None else describing.Budget(batch or "", account, max_credits)
    describing.describe(places, to, overrides, budget, recursive=recursive, timeout=seconds, as_json=as_json)


def _seconds(timeout: str) -> float:
    """Return the seconds of a length of time, or of a plain number; end the command for any other text."""
    if _NUMBER.fullmatch(timeout):
        return float(timeout)
    found = duration(timeout)
    if found is None:
        told = f"--timeout {printable(timeout)!r}: must be a length of time, as 45s, 10m or 1h30m"
        fail(told, USED_WRONGLY)
    return found / 1000
