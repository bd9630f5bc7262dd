"""`identity-worker verify`: pictures and their `metadata.json` against each other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.shared.output import DID_NOT, Json, complain, print_json_lists, say
from config.text import printable
from worker.marking.receipts import RECEIPT, ReceiptError, Verified, verify


def command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|FOLDER...", help="Exported pictures, their metadata.json, or folders of them."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Check exported pictures against the metadata.json beside them.

    Checks size, SHA-256, kind of file, the chosen draft, and the marks (C2PA, IPTC); of a marked copy also
    that its signature matches and that it names this brief. Ends with 0 if everything matches, else with 1.
    """
    results = (result for file in files for each in _files(file) for result in _verify(each))
    wrong = 0
    if as_json:
        told = list(results)
        wrong = sum(bool(each["faults"]) for each in told)
        print_json_lists({"files": told})
    else:
        for each in results:
            wrong += bool(each["faults"])
            say(printable(_line(each)))
    if wrong:
        complain(f"{wrong} of what was checked does not fit")
        raise typer.Exit(DID_NOT)


def _files(place: Path) -> Iterator[Path]:
    """Yield what is to be checked at a place: each receipt below a folder, itself where there is none."""
    yield from (sorted(place.rglob(RECEIPT)) if place.is_dir() else []) or [place]


def _verify(file: Path) -> Iterator[dict[str, Any]]:
    try:
        yield from map(_told, verify(file))
    except ReceiptError as error:
        yield {"file": str(file), "brief_id": None, "faults": [str(error)], "marks": None}


def _told(found: Verified) -> dict[str, Any]:
    return {
        "file": str(found.picture),
        "brief_id": found.brief_id,
        "faults": list(found.faults),
        "marks": found.marks.as_json(),
    }


def _line(told: dict[str, Any]) -> str:
    marks = told["marks"] or {}
    said = ", ".join(f"{name} {marks[name]}" for name in ("c2pa", "iptc") if name in marks)
    return f"{told['file']}: " + ("; ".join(told["faults"]) or f"fits {told['brief_id']}; {said}")
