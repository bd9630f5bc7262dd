"""A contact sheet: one page of HTML with all pictures of an export, small, to be looked at and mailed.

It asks nobody for anything: pictures, style and script are inside, and the page forbids itself the rest.
"""

import base64
import io
import json
import shlex
import struct
from collections.abc import Iterator
from html import escape
from typing import Any

from config.text import printable
from worker.export.workbook import Row
from worker.places.target import Target, TargetError

#: Pixels of the longer side of a picture.
_SIDE = 192
#: Bytes of a page: the most that mail servers commonly take is 25 MB.
MOST_BYTES = 20 * 1024 * 1024

_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Contact sheet</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 1em } main { display: flex; flex-wrap: wrap; gap: 1em }
figure { margin: 0; width: 192px; overflow-wrap: anywhere } figure[hidden] { display: none }
img, .none { width: 192px; height: 192px; object-fit: contain; background: #eee; display: block }
code { font-size: 12px } .error { color: #a00 }
</style>
<p><input id="filter" type="search" placeholder="Filter by any word below" size="40"> <span id="count"></span>
<main>
"""
_TAIL = """</main>
<script>
const all = [...document.querySelectorAll("figure")], box = document.getElementById("filter");
function show() {
  const words = box.value.toLowerCase().split(/\\s+/);
  for (const each of all) each.hidden = !words.every(word => each.textContent.toLowerCase().includes(word));
  const shown = all.filter(each => !each.hidden).length;
  document.getElementById("count").textContent = shown + " of " + all.length;
}
box.addEventListener("input", show);
show();
</script>
"""


def check_installed() -> None:
    """Raise TargetError where the package is missing that makes pictures small."""
    try:
        import PIL.Image  # noqa: F401  # only to know that it can be
    except ImportError as error:
        told = "--html needs the package pillow: pip install 'identity-worker[photos]'"
        raise TargetError(told) from error


def page(rows: Iterator[tuple[str, Row]], target: Target) -> Iterator[bytes]:
    """Yield the parts of the page; each row comes with the folder that its file lies below.

    Once the page is as large as can be mailed, pictures are left out, and each place says so.
    """
    size = len(_HEAD) + len(_TAIL)
    yield _HEAD.encode()
    for folder, row in rows:
        words = _words(row)
        size += len(words)
        picture = _NONE if row["file"] is None else _LEFT_OUT
        if row["file"] is not None and size < MOST_BYTES:
            picture = _small(target.read(f"{folder}/{row['file']}"))
            size += len(picture)
        yield f"<figure>{picture}{words}</figure>\n".encode(errors="backslashreplace")
    yield _TAIL.encode()


_NONE = '<div class="none">no picture</div>'
_LEFT_OUT = '<div class="none">left out: the page would be too large to be mailed</div>'


def _small(content: bytes | None) -> str:
    """Return a picture, made small, as an element."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content or b""), formats=("JPEG", "PNG", "WEBP")) as picture:
            picture.draft("RGB", (_SIDE, _SIDE))
            picture.thumbnail((_SIDE, _SIDE))
            written = io.BytesIO()
            picture.convert("RGB").save(written, "JPEG", quality=75)
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError):
        return _NONE  # Pillow says of some broken files that their syntax is
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}">'


def _words(row: Row) -> str:
    """Return what is said below a picture; all of it may be other people's words."""
    said = [f"<b>{_text(row['brief_id'])}</b>", _text(row["state"])]
    said += [_text(row[name]) for name in ("name", "identity_code", "batch", "account") if row[name]]
    said += [f"{_text(key)}: {_text(value)}" for key, value in (row["metadata"] or {}).items()]
    if row["error"]:
        said.append(f'<span class="error">{_text(row["error"])}</span>')
    if row["picture"] == "draft" and row.get("instruction") in row.get("to_pick", ()):
        said += _pick(row)
    return f"<figcaption>{'<br>'.join(said)}</figcaption>"


def _pick(row: Row) -> Iterator[str]:
    """Yield how to pick a draft: one command is for all instructions of which a person has to."""
    # An id may begin as an option does.
    brief_id = ("-- " if row["brief_id"].startswith("-") else "") + shlex.quote(row["brief_id"])
    others = ", ".join(f"[{number}]" for number in row["to_pick"] if number != row["instruction"])
    if others:
        yield f"instructions[{row['instruction']}]"
    command = f"identity-worker pick {brief_id} {row['image_result_id']}" + (" DRAFT..." if others else "")
    yield f"<code>{escape(command)}</code>"
    if others:
        yield f"in place of DRAFT... one of each of instructions {others}; or none, and --leave-rest"


def _text(value: Any) -> str:
    return escape(printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
