"""Writes the file of rejected briefs, a line for each as it stood, to be mended and sent again."""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli.reading.text import encoded
from cli.sending.outgoing import REJECTED, Outgoing
from cli.shared.output import USED_WRONGLY, fail
from config.text import counted


class Rejects:
    """The file of rejected briefs; made by `rejects_to`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, briefs: Sequence[Outgoing]) -> str:
        """Write those that were refused, if any, and return what was done as a sentence. Raises OSError."""
        refused = [each for each in briefs if each.status in REJECTED]
        lines = [_line(each.original) for each in refused if each.original is not None]
        if not refused:
            return "No brief was refused; no file of rejects is written."
        left = [each.source for each in refused if each.original is None]
        told = f"In {self._path}: {counted(len(lines), 'brief')} to mend; enqueue that file then."
        if lines:
            with beside(self._path) as aside:
                with aside.open("wb") as file:
                    file.writelines(lines)
                    file.flush()
                    os.fsync(file.fileno())
                aside.replace(self._path)
        return f"{told} Mend where they are: {', '.join(left)}." if left else told


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
