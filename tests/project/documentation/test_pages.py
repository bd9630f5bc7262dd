"""The tables of facts: what stands in them is used, and the pages that are made of them say the same."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from project.every import every

from config.records import RECORDS
from docs.make import MAKERS

ROOT = Path(__file__).parents[3]
FIELDS = [(of, field.name) for of, fields in RECORDS.items() for field in fields]

#: The ends of fields that are put together of the name of an endpoint or of a kind of job.
PUT_TOGETHER = ("_until", "_count", "_reason", "_full", "_status", "_ms", "_seen")


@every(MAKERS)
def test_a_page_says_what_its_table_says(maker: Any) -> None:
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page(), "run: python -m docs.make"


def test_no_field_stands_twice_in_a_record() -> None:
    for of, fields in RECORDS.items():
        names = [field.name for field in fields]
        assert len(set(names)) == len(names), of


@every(FIELDS)
def test_each_field_on_the_page_is_read_or_written(field: tuple[tuple[str, str | None], str]) -> None:
    of, name = field
    # Some are put together: `create_until` of an endpoint, `weight:%s` of a batch.
    names = {name, name.removesuffix("%s"), *(end for end in PUT_TOGETHER if name.endswith(end))}
    assert any(re.search(rf"""["']{each}["']|\b{each}(?= = |: )""", code()) for each in names), (of, name)


@cache
def code() -> str:
    """All Python and Lua but the pages themselves, without comments."""
    rooms = ("config", "worker", "actors", "web", "cli")
    paths = [path for room in rooms for kind in ("*.py", "*.lua") for path in (ROOT / room).rglob(kind)]
    texts = [path.read_text(encoding="utf-8") for path in paths if path != ROOT / "config" / "records.py"]
    return re.sub(r"^\s*(#|--).*$", "", "\n".join(texts), flags=re.MULTILINE)
