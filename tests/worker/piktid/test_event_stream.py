"""Server-sent events as WHATWG says, however the network cuts them."""

import json
import tracemalloc
from collections.abc import Iterator
from itertools import chain, repeat

import pytest
from project.every import every
from wire import LARGE, TABLE, decode, events, reference

from worker.piktid.event_stream import MAX_EVENT, LineFilter

SMALL = {name: row for name, row in TABLE.items() if len(row[0]) < 20_000}


@every(TABLE)
def test_a_stream_means_what_the_standard_says(name: str) -> None:
    stream, meant = TABLE[name]
    assert decode(stream) == meant


@every(SMALL)
def test_a_stream_means_the_same_however_it_is_cut(name: str) -> None:
    stream, meant = SMALL[name]
    assert decode(*(bytes([byte]) for byte in stream)) == meant
    for cut in range(min(len(stream), 200)):
        assert decode(stream[:cut], b"", stream[cut:]) == meant


@every(SMALL)
def test_the_table_agrees_with_the_steps_of_the_standard(name: str) -> None:
    stream, meant = SMALL[name]
    assert reference(stream) == meant


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_an_event_is_there_with_its_last_byte(end: bytes) -> None:
    def stream() -> Iterator[bytes]:
        yield b"data: a" + end + end
        # A reader that waits to see whether LF follows CR would keep it until the next keepalive.
        pytest.fail("more was asked for before the event was told")

    assert next(events(stream())).data == "a"


def test_each_line_is_passed_on_when_it_ends_despite_cr_lf() -> None:
    lines = LineFilter()
    pieces = (b"\xef\xbb", b"\xbfdata: a\r", b"\ndata", b": b\r", b"\r", b"\n", b"data: c")
    assert [lines.feed(piece) for piece in pieces] == [
        b"", b"data: a\n", b"", b"data: b\n", b"\n", b"", b""
    ]  # fmt: skip


def test_a_type_without_data_is_no_event_whatever_was_before() -> None:
    told = events([b"id: 1\ndata: a\n\nevent: backfill_complete\n\n"])
    assert [each.event for each in told] == ["message", "message"]


@pytest.mark.parametrize("begun", [b'{"id": 1}', b'{"id": "', b"[", b"1"])
def test_what_was_omitted_leaves_no_json_behind(begun: bytes) -> None:
    (event,) = events([b"data: " + begun + b"\n", LARGE])
    with pytest.raises(json.JSONDecodeError):
        json.loads(event.data)


@pytest.mark.parametrize("line", [b"data: ", b"x", b":", b"event: ", b"data: " + b"y" * 250 + b"\n"])
def test_a_stream_without_end_takes_no_memory(line: bytes) -> None:
    piece = line * (65_536 // len(line)) if line.endswith(b"\n") else b"z" * 65_536
    tracemalloc.start()
    try:
        assert list(events(chain([line], repeat(piece, 320)))) == []  # 20 MiB
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 * MAX_EVENT
