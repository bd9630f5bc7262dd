"""Event streams as bytes and what they mean by WHATWG's HTML, section 9.2.6: type and data of each event.

Those with empty data are left out: they say nothing, and httpx-sse has them for comments, too.
"""

from collections.abc import Iterable, Iterator

import httpx
from httpx_sse import EventSource, ServerSentEvent

from worker.piktid.event_stream import MAX_EVENT, OMITTED, LineFilter

#: The data is None when there was too much of it.
Meant = list[tuple[str, str | None]]

BOM = b"\xef\xbb\xbf"
LARGE = b"data: " + b"x" * (2 * 1024 * 1024) + b"\n\n"

TABLE: dict[str, tuple[bytes, Meant]] = {
    "nothing": (b"", []),
    "blank lines only": (b"\n\n\r\n\r\r", []),
    "LF": (b"data: a\n\n", [("message", "a")]),
    "CR": (b"data: a\r\r", [("message", "a")]),
    "CRLF": (b"data: a\r\n\r\n", [("message", "a")]),
    "LF, then CRLF": (b"data: a\n\r\n", [("message", "a")]),
    "CR, then LF is one end": (b"data: a\r\ndata: b\r\n\r\n", [("message", "a\nb")]),
    "LF, then CR is two": (b"data: a\n\rdata: b\n\n", [("message", "a"), ("message", "b")]),
    "all three mixed": (b"event: e\rdata: a\r\ndata: b\n\n", [("e", "a\nb")]),
    "a vertical tab, form feed, NEL and U+2028 end no line": (
        b"data: a\x0b\x0c\xc2\x85\xe2\x80\xa8b\n\n", [("message", "a\x0b\x0c\x85\u2028b")]
    ),
    "two events": (b"data: a\n\ndata: b\n\n", [("message", "a"), ("message", "b")]),
    "many blank lines between": (b"data: a\n\n\n\n\ndata: b\n\n", [("message", "a"), ("message", "b")]),
    "no space after the colon": (b"data:a\n\n", [("message", "a")]),
    "two spaces: one is data": (b"data:  a\n\n", [("message", " a")]),
    "a tab is data": (b"data:\ta\n\n", [("message", "\ta")]),
    "a colon in the data": (b"data: a: b\n\n", [("message", "a: b")]),
    "several data lines": (b"data: a\ndata\ndata: b\n\n", [("message", "a\n\nb")]),
    "an empty data line": (b"data:\n\n", []),
    "data without a colon": (b"data\n\n", []),
    "an empty data line ends the type, too": (b"event: e\ndata\n\ndata: a\n\n", [("message", "a")]),
    "two of them": (b"data\ndata\n\n", [("message", "\n")]),
    "an event without data is none": (b"event: e\n\n", []),
    "and its type is not the next one's": (b"event: e\n\ndata: a\n\n", [("message", "a")]),
    "the last type counts": (b"event: e\nevent: f\ndata: a\n\n", [("f", "a")]),
    "an empty type": (b"event:\ndata: a\n\n", [("message", "a")]),
    "type after data": (b"data: a\nevent: e\n\n", [("e", "a")]),
    "a type for one event only": (b"event: e\ndata: a\n\ndata: b\n\n", [("e", "a"), ("message", "b")]),
    "comments": (b": hello\n:\n:keepalive\n\ndata: a\n\n", [("message", "a")]),
    "a comment within": (b"data: a\n: no\ndata: b\n\n", [("message", "a\nb")]),
    "comments after an id are no events": (b"id: 1\ndata: a\n\n:k\n\n:k\n\n", [("message", "a")]),
    "an id": (b"id: 7\ndata: a\n\n", [("message", "a")]),
    "a NUL in the id": (b"id: 1\0002\ndata: a\n\n", [("message", "a")]),
    "a NUL in the data": (b"data: a\0b\n\n", [("message", "a\0b")]),
    "retry": (b"retry: 10\n\ndata: a\n\n", [("message", "a")]),
    "retry that is no number": (b"retry: soon\ndata: a\n\n", [("message", "a")]),
    "retry of 10,000 digits": (b"retry: " + b"9" * 10_000 + b"\ndata: a\n\n", [("message", "a")]),
    "unknown fields": (b"foo: bar\ndatum: x\nDATA: y\ndata: a\n\n", [("message", "a")]),
    "a space before the colon is another name": (b"data : x\ndata: a\n\n", [("message", "a")]),
    "a space before the name, too": (b" data: x\ndata: a\n\n", [("message", "a")]),
    "a byte order mark": (BOM + b"data: a\n\n", [("message", "a")]),
    "a second one is part of a name": (BOM + BOM + b"data: a\n\ndata: b\n\n", [("message", "b")]),
    "one later, too": (b"data: a\n\n" + BOM + b"data: b\n\n", [("message", "a")]),
    "a byte order mark and no more": (BOM, []),
    "UTF-8": ("data: é日🙂\n\n".encode(), [("message", "é日🙂")]),
    "no UTF-8": (b"data: \xff\xc3\n\ndata: b\n\n", [("message", "\ufffd\ufffd"), ("message", "b")]),
    "a surrogate's bytes": (b"data: \xed\xa0\x80\n\n", [("message", "\ufffd" * 3)]),
    "no last blank line": (b"data: a\n\ndata: b\n", [("message", "a")]),
    "an end in mid-line": (b"data: a\n\ndata: b", [("message", "a")]),
    "an end in mid-character": (b"data: a\n\ndata: \xe6\x97", [("message", "a")]),
    "2 MiB in one line": (LARGE + b"data: b\n\n", [("message", None), ("message", "b")]),
    "2 MiB in many lines": (
        b"data: 0123456789\n" * 131_072 + b"\ndata: b\n\n", [("message", None), ("message", "b")]
    ),
    "2 MiB of comment": (b":" + LARGE + b"data: b\n\n", [("message", "b")]),
    "2 MiB of type": (b"event: " + LARGE + b"data: b\n\n", [("message", "b")]),
    "2 MiB of type are no type": (b"data: a\nevent: " + LARGE, [("message", "a")]),
    "2 MiB of an unknown field": (b"x" + LARGE + b"data: b\n\n", [("message", "b")]),
    "just as much as is read": (
        b"data:" + b"x" * (MAX_EVENT - 5) + b"\n\n", [("message", "x" * (MAX_EVENT - 5))]
    ),
}  # fmt: skip


def decode(*pieces: bytes) -> Meant:
    """Return what the pieces of one stream mean."""
    return [
        (each.event, None if each.data.endswith(OMITTED) else each.data)
        for each in events(pieces)
        if each.data
    ]


def events(pieces: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """Yield what httpx-sse makes of the filtered pieces of one stream."""
    lines = LineFilter()
    headers = {"Content-Type": "text/event-stream; charset=utf-8"}
    filtered = (lines.feed(piece) for piece in pieces)
    yield from EventSource(httpx.Response(200, headers=headers, content=filtered)).iter_sse()


def reference(stream: bytes) -> Meant:
    """Decode a whole stream by the section's text, step for step, with no thought of size or pieces."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    *lines, _unended = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: Meant = []
    kind = data = ""
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data.removesuffix("\n"):
                found.append((kind or "message", data.removesuffix("\n")))
            kind = data = ""
        elif field == "event":
            kind = value
        elif field == "data":
            data += value + "\n"
    return found
