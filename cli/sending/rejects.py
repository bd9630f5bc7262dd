"""Writes what was refused in the format in which it came, to be mended and sent again."""

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

from cli.reading.formats import ENDINGS, Format, by_name
from cli.reading.opened import packed_to
from cli.reading.tables.record import Form
from cli.reading.text import encoded
from cli.sending.outgoing import REJECTED
from cli.sending.spool import Spool
from cli.shared.output import USED_WRONGLY, fail
from config.text import counted


@dataclass(frozen=True)
class _Lines:
    """The form of what came as JSON: a line for each brief."""

    ending: str = ".jsonl"

    def write(self, rows: Iterable[str], file: IO[bytes]) -> None:
        """Write the briefs."""
        file.writelines(map(_line, rows))


class Rejects:
    """The file of rejected briefs; made by `rejects_to`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, briefs: Spool) -> str:
        """Write those that were refused, if any, and return what was done as a sentence. Raises OSError.

        What came in different forms, as from tables with other columns, goes into a file each.
        """
        counts: dict[Form, int] = {}
        left = []
        for each in briefs.of(*REJECTED):
            form = _form(each.item.table)
            if each.item.text is None:
                left.append(each.source)
            else:
                counts[form] = counts.get(form, 0) + 1
        if not counts and not left:
            return "No brief was refused; no file of rejects is written."
        told = []
        for form, number in counts.items():
            path = self._free(form)
            _write(path, lambda file, form=form: form.write(_rows(briefs, form), file))  # type: ignore[misc]  # a default binds the loop's form
            told.append(f"In {path}: {counted(number, 'brief')} to mend; enqueue that file then.")
        if left:
            shown = ", ".join(left[:_NAMED]) + (f" and {len(left) - _NAMED} more" if left[_NAMED:] else "")
            told.append(f"Mend where they are: {shown}.")
        return " ".join(told)

    def _free(self, form: Form) -> Path:
        """Return where briefs of a form go: a name whose ending tells it, and that no file has yet."""
        path = self._path
        packed = ".gz" if path.suffix.lower() == ".gz" else ""
        plain = path.with_suffix("") if packed else path
        if not _tells(form, plain.name):
            plain = plain.with_name(plain.name + form.ending)
        stems = (plain.stem if number == 1 else f"{plain.stem}-{number}" for number in count(1))
        names = (plain.with_name(stem + plain.suffix + packed) for stem in stems)
        return next(path for path in names if not os.path.lexists(path))


#: Places that are named.
_NAMED = 20


def _form(table: object) -> Form:
    return getattr(table, "form", None) or _Lines()


def _tells(form: Form, name: str) -> bool:
    """Return whether a file of this name would be read as what is written in this form."""
    meant, told = ENDINGS[form.ending], by_name(name)
    tables = (Format.CSV, Format.TSV)
    # What has another ending is told by its content, and that of JSON that is lines as well.
    return (
        told in (meant, None)
        or (told, meant) == (Format.JSON, Format.JSONL)
        or (told in tables and meant in tables)
    )


def _rows(briefs: Spool, form: Form) -> Iterator[str]:
    for each in briefs.of(*REJECTED):
        if each.item.text is not None and _form(each.item.table) == form:
            yield each.item.text


def _write(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    with beside(path) as aside:
        with tempfile.TemporaryFile() as content, aside.open("wb") as file:
            write(content)
            content.seek(0)
            packed_to(path.name, content, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)


@contextmanager
def rejects_to(path: Path | None) -> Iterator[Rejects | None]:
    """Yield where rejects go; end the command, before anything is sent, if they can't be written there.

    What stands there already is kept: it may be the rejects of another run that nobody has mended yet.
    """
    if path is None:
        yield None
        return
    if os.path.lexists(path):
        fail(f"--rejects {path}: there is one already; name another file, or move it away", USED_WRONGLY)
    try:
        # Not kept: its folder may be one of those that are read.
        with beside(path):
            pass
    except OSError as error:
        fail(f"--rejects {path}: can't be written: {error.strerror}", USED_WRONGLY)
    yield Rejects(path)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Yield a new file beside the one that it is to become. Raises OSError."""
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _line(text: str) -> bytes:
    """Return a brief on one line: within JSON's strings no line ends, so that only layout is lost."""
    return encoded(re.sub(r"[\r\n]+", " ", text)) + b"\n"
