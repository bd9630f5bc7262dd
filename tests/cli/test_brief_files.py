"""What counts as a brief of a file: one object, an array's items, lines, the files of a folder."""

import io
import json
from pathlib import Path

import pytest

from cli.brief_files import Item, NotFound, items

ONE = {"name": "one"}
TWO = {"name": "two"}


def read(path: Path) -> list[Item]:
    return items(str(path), io.BytesIO())


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_an_object_is_one_brief_named_like_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "spring.json", json.dumps(ONE, indent=2))
    assert read(path) == [Item(str(path), "spring", ONE)]


def test_the_items_of_an_array_are_numbered_from_1(tmp_path: Path) -> None:
    path = write(tmp_path / "all.json", json.dumps([ONE, TWO]))
    assert read(path) == [Item(f"{path}[1]", "all-1", ONE), Item(f"{path}[2]", "all-2", TWO)]


def test_lines_have_the_numbers_that_an_editor_shows(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", f"{json.dumps(ONE)}\n\n{json.dumps(TWO)}\r\n")
    assert read(path) == [Item(f"{path}:1", "all-1", ONE), Item(f"{path}:3", "all-3", TWO)]


def test_a_line_separator_inside_a_string_ends_no_line(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", '{"name": "a\u2028b"}\n')
    assert [item.value for item in read(path)] == [{"name": "a\u2028b"}]


def test_a_folder_gives_its_json_and_jsonl_files_by_name(tmp_path: Path) -> None:
    write(tmp_path / "b.json", json.dumps(ONE))
    write(tmp_path / "a.jsonl", json.dumps(TWO))
    write(tmp_path / "c.txt", "no brief")
    assert [item.default_id for item in read(tmp_path)] == ["a-1", "b"]


def test_standard_input_has_no_name_to_give_and_may_be_anything() -> None:
    lines = items("-", io.BytesIO(f"{json.dumps(ONE)}\n{json.dumps(TWO)}".encode()))
    assert lines == [Item("stdin:1", None, ONE), Item("stdin:2", None, TWO)]
    assert items("-", io.BytesIO(json.dumps([ONE]).encode())) == [Item("stdin[1]", None, ONE)]
    assert items("-", io.BytesIO(json.dumps(ONE, indent=2).encode())) == [Item("stdin", None, ONE)]


def test_a_name_that_no_id_may_have_is_made_to_fit(tmp_path: Path) -> None:
    path = write(tmp_path / ("Frühling & Söhne " + "x" * 200 + ".json"), json.dumps(ONE))
    (item,) = read(path)
    assert item.default_id is not None
    assert item.default_id.startswith("Fr-hling-S-hne-x")
    assert len(item.default_id) == 100


def test_a_byte_order_mark_is_no_part_of_the_brief(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(ONE).encode())
    assert [item.value for item in read(path)] == [ONE]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must be JSON: Expecting value at line 1, column 1"),
        ("[]", "holds no brief"),
        ('{"name": "a", "name": "b"}', "a name may stand only once in an object"),
        ('{"name": [{"a": 1, "a": 2}]}', "a name may stand only once in an object"),
        ("{", "must be JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ("[" * 100_000, "maximum recursion depth exceeded"),
    ],
)
def test_what_cannot_be_read_is_a_fault_of_its_place(text: str, rule: str, tmp_path: Path) -> None:
    (item,) = read(write(tmp_path / "a.json", text))
    assert [fault.rule[: len(rule)] for fault in item.faults] == [rule]


def test_text_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"name": "\xff"}')
    (item,) = read(tmp_path / "a.json")
    assert [fault.rule for fault in item.faults] == ["JSON is written in UTF-8"]


def test_a_bad_line_does_not_spoil_the_others(tmp_path: Path) -> None:
    good, bad = read(write(tmp_path / "a.jsonl", f"{json.dumps(ONE)}\n{{"))
    assert (good.value, bool(good.faults), bool(bad.faults)) == (ONE, False, True)


def test_a_place_with_nothing_to_read_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No such file"):
        read(tmp_path / "missing.json")
    with pytest.raises(NotFound, match="has no"):
        read(tmp_path)
