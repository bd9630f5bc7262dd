"""`identity-worker mark`: marked copies of exported pictures."""

import posixpath
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.shared.opening import load_settings
from cli.shared.output import DID_NOT, Json, complain, fail, print_json, say
from config.text import printable
from worker.export.provenance import text_of
from worker.marking.copies import Copies
from worker.marking.receipts import MARKED, RECEIPT, Exported, ReceiptError, exported
from worker.marking.signing import Marker, MarkingError, open_marker
from worker.places.target import TargetError
from worker.places.targets import Folder


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Exported pictures, or their metadata.json.")
    ],
    as_json: Json = False,
) -> None:
    """Write a marked copy beside exported pictures: NAME.marked.jpg.

    A copy says by C2PA and IPTC that the picture is generated, names its brief, and is signed with the key of
    IDENTITY_WORKER_MARK_KEY and IDENTITY_WORKER_MARK_CERTIFICATE. The picture itself is not changed, nor is a
    copy that matches it; metadata.json names the copy.
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
        copy = _marked(marker, exported(file))
    except (ReceiptError, MarkingError, TargetError) as error:
        return {"file": str(file), "copy": None, "error": str(error)}
    return {"file": str(file), "copy": str(copy), "error": None}


def _marked(marker: Marker, found: Exported) -> Path:
    """Return where a picture's copy lies, once its receipt names it."""
    folder = Folder(found.picture.parent)
    sizes = {each.path: each.size for each in folder.files("")}
    copies = Copies(folder, sizes.get, marker)
    copy = copies.copy(found.picture.name, str(found.receipt.get("sha256")), found.brief_id)
    if copy is not None:
        file = posixpath.relpath(found.copy, found.receipt_file.resolve().parent)
        told = dict(found.receipt) | {MARKED: copy._asdict() | {"file": file}}
        if told != found.receipt:
            Folder(found.receipt_file.parent).write(RECEIPT, text_of(told))
    return found.copy
