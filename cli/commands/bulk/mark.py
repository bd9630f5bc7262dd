"""`identity-worker mark`: marked copies of exported pictures."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.shared.opening import load_settings
from cli.shared.output import DID_NOT, Json, complain, fail, print_json, say
from config.text import printable
from worker.marking.receipts import ReceiptError, content_of, exported
from worker.marking.signing import Marker, MarkingError, open_marker


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Exported pictures, or their metadata.json.")
    ],
    as_json: Json = False,
) -> None:
    """Write a marked copy beside exported pictures: NAME.marked.jpg.

    A copy says by C2PA and IPTC that a model has drawn it, names its brief, and is signed with the key of
    IDENTITY_WORKER_MARK_KEY and IDENTITY_WORKER_MARK_CERTIFICATE. The picture itself stays as it is, and a
    copy that is there is written anew.
    """
    try:
        marker = open_marker(load_settings())
    except MarkingError as error:
        fail(str(error))
    results = [_mark(marker, file) for file in files]
    if as_json:
        print_json({"files": results})
    for each in results:
        if each["error"] is not None:
            complain(printable(f"{each['file']}: {each['error']}"))
        elif not as_json:
            say(printable(f"{each['file']}: {each['copy']}"))
    if any(each["error"] is not None for each in results):
        raise typer.Exit(DID_NOT)


def _mark(marker: Marker, file: Path) -> dict[str, Any]:
    try:
        found = exported(file)
        copy = marker.mark(content_of(found.picture), found.brief_id)
        _write(found.copy, copy)
    except (ReceiptError, MarkingError) as error:
        return {"file": str(file), "copy": None, "error": str(error)}
    except OSError as error:
        return {"file": str(file), "copy": None, "error": error.strerror or str(error)}
    return {"file": str(file), "copy": str(found.copy), "error": None}


def _write(path: Path, content: bytes) -> None:
    """Write a file aside and rename it, so that nobody sees half of it."""
    aside = path.with_name(f".writing-{os.getpid()}-{path.name}")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
