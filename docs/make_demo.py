"""Writes `demo.svg`, a recording of `identity-worker demo` on a terminal: `python -m docs.make_demo`.

It is a real run of about a minute; an animation shows pictures of it one after the other.
"""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent / "demo.svg"
COLUMNS, ROWS = 100, 30
#: What stands on the terminal as long as briefs go on.
LIVE = "identity-worker demo"
PROMPT = "\x1b[1;32m$\x1b[0m make demo"
#: Pictures that are shown, for how many seconds each; and the last one, the end of the run, for longer.
SHOTS, SHOWN, END_SHOWN = 14, 0.9, 8.0
#: Seconds between what is written together and what comes after it.
TOGETHER = 0.03

#: Pixels of a line's height and a column's width in what Rich draws; and of the margin around it.
_LINE, _COLUMN, _MARGIN = 24.4, 12.2, 12
_PARTS = re.compile(r"\x1b\[(?P<number>[0-9;?]*)(?P<command>[A-Za-z])|\n|[^\x1b\r\n]+")
_BEGUN = re.compile(r"\x1b(\[[0-9;?]*)?$")
#: Of each text: where it is cut off, which nothing here needs; of each line: its end.
_NEEDLESS = re.compile(r' clip-path="[^"]*"|<text [^>]*>\n</text>')
_SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>identity-worker demo: twelve briefs become fourteen identities</title>
<style>
text {{ font: 20px "Fira Code", Menlo, Consolas, "DejaVu Sans Mono", monospace }}
.reel {{ animation: reel {seconds:g}s step-end infinite; transform: translateY({end:g}px) }}
@keyframes reel {{ {keyframes} }}
@media (prefers-reduced-motion: reduce) {{ .reel {{ animation: none }} }}
{styles}
</style>
<clipPath id="view"><rect width="{view_width}" height="{view_height}"/></clipPath>
<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>
<g transform="translate({margin}, {margin})" clip-path="url(#view)"><g class="reel">
{matrix}
</g></g>
</svg>
"""


class Screen:
    """The lines of a terminal, as far as Rich's live display moves on it; styles stay in them as sent."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = 0
        self._begun = ""

    def feed(self, text: str) -> None:
        """Take what a program has written; what may be the beginning of a command waits for the rest."""
        text, self._begun = self._begun + text, ""
        if begun := _BEGUN.search(text):
            text, self._begun = text[: begun.start()], begun[0]
        for part in _PARTS.finditer(text):
            match part["command"], part[0]:
                case "A", _:
                    self._row = max(0, self._row - int(part["number"] or 1))
                case "K", _:
                    self.lines[self._row] = ""
                case (None, "\n"):
                    self._row += 1
                    self.lines += [""] * (self._row + 1 - len(self.lines))
                case None | "m", said:
                    self.lines[self._row] += said


def record(command: Sequence[str]) -> Iterator[tuple[float, list[str]]]:
    """Run a command on a terminal; yield the terminal's lines as they change, after how many seconds."""
    began, screen, decoder = time.monotonic(), Screen(), codecs.getincrementaldecoder("utf-8")()
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs):  # noqa: S603  # our own
        os.close(theirs)
        while written := _read(ours):
            screen.feed(decoder.decode(written))
            yield time.monotonic() - began, list(screen.lines)
    os.close(ours)


def _read(terminal: int) -> bytes:
    """Return what is written together, so that no line is seen half drawn; nothing at the end."""
    written = b""
    with suppress(OSError):  # how Linux says that nobody has the terminal open any more
        while not written or select.select([terminal], [], [], TOGETHER)[0]:
            more = os.read(terminal, 65_536)
            if not more:
                break
            written += more
    return written


def pick(recorded: Sequence[tuple[float, list[str]]]) -> list[list[str]]:
    """Return the pictures to show: evenly over the time in which briefs go on, and the end of the run."""
    live = [(at, lines) for at, lines in recorded if any(LIVE in line for line in lines)]
    began, seconds = live[0][0], live[-1][0] - live[0][0]
    due = [began + seconds * shot / (SHOTS - 1) for shot in range(1, SHOTS)]
    return [
        *(next((lines for at, lines in live if at >= shot), live[-1][1]) for shot in due),
        recorded[-1][1],
    ]


def draw(pictures: Sequence[Sequence[str]]) -> str:
    """Return the pictures as an SVG: they stand one below the other, and the view jumps down their row."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    rows = 1 + max(map(len, pictures))
    for lines in pictures:
        for line in [PROMPT, *lines, *[""] * (rows - 1 - len(lines))]:
            console.print(Text.from_ansi(line), no_wrap=True, overflow="crop")
    styles, matrix = console.export_svg(code_format="{styles}\0{matrix}", unique_id="t").split("\0")
    seconds, last = SHOWN * (len(pictures) - 1) + END_SHOWN, len(pictures) - 1
    offsets = [-rows * _LINE * place for place in range(len(pictures))]
    keyframes = (
        f"{100 * SHOWN * place / seconds:.2f}% {{ transform: translateY({offset:g}px) }}"
        for place, offset in enumerate(offsets)
    )
    view_width, view_height = round(COLUMNS * _COLUMN), round(rows * _LINE)
    return _SVG.format(
        width=view_width + 2 * _MARGIN,
        height=view_height + 2 * _MARGIN,
        seconds=seconds,
        end=offsets[last],
        keyframes=" ".join(keyframes),
        styles=styles,
        view_width=view_width,
        view_height=view_height,
        margin=_MARGIN,
        matrix=_NEEDLESS.sub("", matrix).replace("</text>", "</text>\n"),
    )


def main() -> None:
    """Record the demo, and write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IDENTITY_WORKER_DATA_DIR"] = str(Path(folder, "data"))
        os.chdir(folder)
        command = [str(Path(sys.executable).with_name("identity-worker")), "demo"]
        PICTURE.write_text(draw(pick(list(record(command)))), encoding="utf-8")


if __name__ == "__main__":
    main()
