"""Splits the bytes of an event stream into lines exactly as the standard says, for httpx-sse.

No I/O here. httpx-sse decodes fields and events as *9.2.6 Interpreting an event stream* of WHATWG's HTML
says, but it loses the first event after a byte order mark, keeps back what a CR ended until more comes, makes
an event of a type without data, and holds an event of any size in memory.
"""

import re

#: Bytes of the largest line that is read, and of the data lines of the largest event. The API's have some
#: hundred.
MAX_EVENT = 1024 * 1024
#: The data that stand for an event that was too large. JSON has no such word, nor a line break within a text,
#: so with the data lines before it there is no JSON either.
OMITTED = "omitted"

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
#: Bytes that are kept of a line that is too long: enough to tell the field's name.
_HEAD = 16


class LineFilter:
    """Filters one stream, piece by piece, in bounded memory; a line is passed on when it has ended."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._line_cut = False
        self._after_cr = False
        self._at_start = True
        self._size = 0  # of the event's data lines

    def feed(self, piece: bytes) -> bytes:
        """Return the lines that a further piece of the stream completes, each ended by one LF."""
        if not piece:
            return b""
        if self._after_cr:
            piece = piece.removeprefix(b"\n")  # the CR before it has ended the line already
        self._after_cr = piece.endswith(b"\r")
        *ended, rest = _LINE_END.split(piece)
        lines = []
        for part in ended:
            self._extend_line(part)
            lines.append(self._end_line())
        self._extend_line(rest)
        return b"".join(lines)

    def _extend_line(self, part: bytes) -> None:
        if len(self._line) + len(part) > MAX_EVENT:
            self._line_cut = True
            self._line = (self._line + part[:_HEAD])[:_HEAD]
        elif not self._line_cut:
            self._line += part

    def _end_line(self) -> bytes:
        line, cut = bytes(self._line), self._line_cut
        self._line, self._line_cut = bytearray(), False
        if self._at_start:
            line, self._at_start = line.removeprefix(_BOM), False
        if not line:
            return self._end_event()
        if line.partition(b":")[0] == b"data":
            return self._data_line(line, cut)
        return b"" if cut else line + b"\n"

    def _data_line(self, line: bytes, cut: bool) -> bytes:
        if self._size > MAX_EVENT:
            return b""
        self._size += MAX_EVENT + 1 if cut else len(line)
        return line + b"\n" if self._size <= MAX_EVENT else f"data: {OMITTED}\n".encode()

    def _end_event(self) -> bytes:
        # By the standard, an event without data is none, whatever its type.
        end = b"\n" if self._size else b"event:\n\n"
        self._size = 0
        return end
