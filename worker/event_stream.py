"""Server-sent events out of bytes, as *9.2.6 Interpreting an event stream* of WHATWG's HTML says.

No I/O here. httpx-sse would do but for these: it loses the first event after a byte order mark, keeps back
what a CR ended until more comes, believes the answer's charset, and holds an event of any size in memory.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Bytes of the largest event that is read, and of the largest line. The API's have some hundred.
MAX_EVENT = 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
#: Bytes that are kept of a line that is too long: enough to tell the field's name.
_HEAD = 16


@dataclass(frozen=True)
class ServerSentEvent:
    """One event: its type, and its data; no data when there was more than MAX_EVENT of it.

    Ids and reconnection times are ignored: the API sends none and knows no Last-Event-ID (piktid-v2.md 3.2).
    """

    type: str
    data: str | None


class EventDecoder:
    """Decodes one stream, piece by piece; what no blank line has ended is never an event."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._line_cut = False
        self._after_cr = False
        self._at_start = True
        self._begin_event()

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that a further piece of the stream completes."""
        if not piece:
            return
        if self._after_cr:
            piece = piece.removeprefix(b"\n")  # the CR before it has ended the line already
        self._after_cr = piece.endswith(b"\r")
        *ended, rest = _LINE_END.split(piece)
        for part in ended:
            self._extend_line(part)
            event = self._end_line()
            if event is not None:
                yield event
        self._extend_line(rest)

    def _extend_line(self, part: bytes) -> None:
        if len(self._line) + len(part) > MAX_EVENT:
            self._line_cut = True
            self._line = (self._line + part[:_HEAD])[:_HEAD]
        elif not self._line_cut:
            self._line += part

    def _end_line(self) -> ServerSentEvent | None:
        line, cut = bytes(self._line), self._line_cut
        self._line, self._line_cut = bytearray(), False
        if self._at_start:
            line, self._at_start = line.removeprefix(_BOM), False
        if not line:
            return self._end_event()
        # A comment is a field without a name.
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event" and not cut:
            self._type = value
        elif name == b"data":
            self._size += len(value) + 1
            if cut or self._size > MAX_EVENT:
                self._too_large = True
                self._data.clear()
            elif not self._too_large:
                self._data.append(value)
        return None

    def _end_event(self) -> ServerSentEvent | None:
        kind, data, size, too_large = self._type, self._data, self._size, self._too_large
        self._begin_event()
        if not size:
            return None
        text = None if too_large else b"\n".join(data).decode("utf-8", "replace")
        return ServerSentEvent(kind.decode("utf-8", "replace") or "message", text)

    def _begin_event(self) -> None:
        self._type = b""
        self._data: list[bytes] = []
        self._size = 0
        self._too_large = False
