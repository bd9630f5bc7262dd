"""What counts as a brief of a file: one object, an array's items, lines; and where a fault of it stands."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_files import read, write

from cli.reading.text import encoded
from cli.sending.files import Item, Reading
from worker.briefs.faults import Fault

ONE = {"name": "one"}
TWO = {"name": "two"}


def from_stdin(content: bytes) -> list[Item]:
    return list(Reading(["-"], io.BytesIO(content)).items())


def the_fault(items: list[Item]) -> Fault:
    """The only fault of the only bad one of some items."""
    ((found,),) = [item.faults for item in items if item.faults]
    return found


def test_an_object_is_one_brief_named_like_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "spring.json", json.dumps(ONE, indent=2))
    assert read(path) == [Item(str(path), "", ONE)]


def test_the_items_of_an_array_are_numbered_from_1(tmp_path: Path) -> None:
    path = write(tmp_path / "all.json", json.dumps([ONE, TWO]))
    assert read(path) == [Item(str(path), "[1]", ONE), Item(str(path), "[2]", TWO)]


def test_lines_have_the_numbers_that_an_editor_shows(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", f"{json.dumps(ONE)}\n\n{json.dumps(TWO)}\r\n")
    assert read(path) == [Item(str(path), ":1", ONE), Item(str(path), ":3", TWO)]


def test_a_line_separator_inside_a_string_ends_no_line(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", '{"name": "a\u2028b"}\n')
    assert [item.value for item in read(path)] == [{"name": "a\u2028b"}]


def test_standard_input_may_be_anything() -> None:
    lines = from_stdin(f"{json.dumps(ONE)}\n{json.dumps(TWO)}".encode())
    assert lines == [Item("stdin", ":1", ONE), Item("stdin", ":2", TWO)]
    assert from_stdin(json.dumps([ONE]).encode()) == [Item("stdin", "[1]", ONE)]
    assert from_stdin(json.dumps(ONE, indent=2).encode()) == [Item("stdin", "", ONE)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding_and_is_dropped(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps({"name": "Änne"}, ensure_ascii=False).encode(encoding))
    assert [item.value for item in read(path)] == [{"name": "Änne"}]


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_files_that_were_joined_with_their_byte_order_marks_are_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"joined.{ending}"
    path.write_bytes(b"".join(b"\xef\xbb\xbf" + json.dumps(each).encode() + b"\n" for each in (ONE, TWO)))
    assert [(item.source, item.value) for item in read(path)] == [(f"{path}:1", ONE), (f"{path}:2", TWO)]


def test_arrays_that_were_joined_are_numbered_on(tmp_path: Path) -> None:
    path = write(tmp_path / "joined.json", f"[{json.dumps(ONE)}]\n\ufeff[{json.dumps(TWO)}]\n")
    assert [item.source for item in read(path)] == [f"{path}[1] (line 1)", f"{path}[2] (line 2)"]


def test_objects_over_several_lines_may_follow_each_other(tmp_path: Path) -> None:
    path = write(tmp_path / "jq.json", f"{json.dumps(ONE, indent=2)}\n{json.dumps(TWO, indent=2)}\n")
    assert read(path) == [Item(str(path), ":1", ONE), Item(str(path), ":4", TWO)]


def test_the_items_of_an_array_over_several_lines_have_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '[\r\n{"name":\r\n"one"},\r\n\r\n{"name": "two"}]')
    assert [item.source for item in read(path)] == [f"{path}[1] (line 2)", f"{path}[2] (line 5)"]


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.json", "", "holds no brief"),
        ("a.jsonl", "\ufeff\n \r\n", "holds no brief"),
        ("a.json", "[]", "holds no brief"),
        ("a.json", '{"name": "a", "name": "b"}', "a name may stand only once in an object"),
        ("a.json", '{"name": [{"a": 1, "a": 2}]}', "a name may stand only once in an object"),
        ("a.json", "{", "must be JSON: Expecting property name enclosed in double quotes at line 1"),
        ("a.json", "[" * 100_000, "at most 32 levels of nesting"),
        ("a.json", "9" * 5000, "must hold no number of thousands of digits"),
        ("a.json", '{\n"name": one}', "must be JSON: Expecting value at line 2, column 9"),
        (
            "a.json",
            '{"a": 1}\n{"a": 1,,}',
            "must be JSON: Expecting property name enclosed in double quotes at line 2",
        ),
        (
            "a.json",
            '[{"a": 1},\n]',
            "must be JSON: no comma may stand behind the last item at line 1, column 10",
        ),
        (
            "a.json",
            '[{"a": 1}\n{"a": 2}]',
            "must be JSON: a comma between two items is missing at line 2, column 1",
        ),
        (
            "a.json",
            '[{"a": 1},\n{"a": 2}',
            "must be JSON: the array has no end: a ] is missing at line 2, column 9",
        ),
        (
            "a.json",
            '// ours\n{"a": 1}',
            "must be JSON: Expecting value (JSON has no comments) at line 1, column 1",
        ),
        ("a.json", "name,age\nada,31", "must be JSON: Expecting value (it looks like a table: name it .csv"),
        ("a.jsonl", '{"a": 1}\n{"a": 1', "must be JSON: Expecting ',' delimiter at line 2, column 8"),
        ("a.jsonl", f'{{"a": "{"x" * 2**20}"}}', "at most 1048576 characters a line"),
        ("a.jsonl", '{"a": 1},', "must be JSON: Extra data (of lines each is a brief, without a comma"),
        ("a.jsonl", "[1]", "one brief is one JSON object; this is an array of 1"),
        ("a.json", "7", "a brief is one JSON object"),
        ("a.json", '"{\\"name\\": 1}"', "is JSON within a JSON string, encoded twice"),
        ("a.json", '{"briefs": [{"prompt": "x"}], "batch": "b"}', "a file holds one brief, an array"),
        ("a.json", '{"maya": {"instructions": []}}', "a file holds one brief, an array"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_fault_with_its_place(
    name: str, content: str, rule: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    assert the_fault(read(path)).rule[: len(rule)] == rule


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"\x1f\x8b\x08rest", "is packed by gzip"),
        (b"PK\x03\x04rest", "is no workbook that can be read"),
        (b"\xd0\xcf\x11\xe0rest", "is an old workbook of Excel"),
        ('{"a": 1}'.encode("utf-16-le"), "must be UTF-8, and looks like UTF-16"),
        (b"\xff\xfe{\x00\x00\xd8", "begins as UTF-16, and is none at byte"),
    ],
)
def test_what_is_no_text_says_what_to_do(content: bytes, rule: str) -> None:
    assert the_fault(from_stdin(content)).rule.startswith(rule)


PIECES = [
    b"{", b"}", b"[", b"]", b'"', b":", b",", b" ", b"\n", b"\r", b"\x00", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\xe4", b"\xc3\xa4", b"\xe2\x80\xa8", b'{"a": 1}', b'{"briefs": [{}]}', b"\\ud800", b"1e999", b"NaN",
    b"9" * 5000,
]  # fmt: skip


@settings(max_examples=150)
@given(content=st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
def test_whatever_stands_in_a_file_is_an_object_or_a_fault(content: bytes) -> None:
    for item in from_stdin(content):
        assert item.faults or isinstance(item.value, dict)
        assert all(str(fault).isprintable() for fault in item.faults)


@settings(max_examples=50)
@given(
    briefs=st.lists(
        st.dictionaries(st.text(), st.text() | st.integers(), max_size=3), min_size=1, max_size=4
    ),
    end=st.sampled_from(["\n", "\r\n", "\n\n", "\r", "\n\ufeff"]),
    indent=st.sampled_from([None, 1]),
)
def test_briefs_written_one_after_the_other_are_read_in_order(
    briefs: list[dict[str, Any]], end: str, indent: int | None
) -> None:
    written = [json.dumps(each, indent=indent, ensure_ascii=False) for each in briefs]
    for text in (end.join(written), "[" + ("," + end).join(written) + "]"):
        assert [item.value for item in from_stdin(text.encode())] == briefs


def test_a_misspelled_field_is_left_to_the_rules_of_briefs(tmp_path: Path) -> None:
    assert not read(write(tmp_path / "a.json", '{"instruction": [{"prompt": "x"}]}'))[0].faults


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "-"])
def test_a_byte_that_is_no_utf_8_spoils_only_its_line(name: str, tmp_path: Path) -> None:
    content = b'{"name": "one"}\r\n\r\n{"name": "\xc4nne"}\r\n{"name": "two"}\r\n'
    (tmp_path / name).write_bytes(content)
    found = from_stdin(content) if name == "-" else read(tmp_path / name)
    assert [item.value for item in found] == [ONE, None, TWO]
    assert the_fault(found).rule == (
        "must be UTF-8: byte 0xc4 at line 3, column 11 is none; "
        "convert the file, as with `iconv -f WINDOWS-1252 -t UTF-8`"
    )
    assert found[1].source.endswith(":3")


def test_in_an_array_a_byte_no_utf_8_spoils_only_its_item(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'[{"name": "one"},\n{"name": "\xc4"},\n{"name": "two"}]')
    found = read(tmp_path / "a.json")
    assert [item.value for item in found] == [ONE, None, TWO]
    assert "line 2, column 11" in the_fault(found).rule


def test_the_text_of_a_brief_is_kept_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{ "price":1.0 }\n{"name": "\xc4"}\n')
    assert [encoded(item.text or "") for item in read(path)] == [b'{ "price":1.0 }', b'{"name": "\xc4"}']
