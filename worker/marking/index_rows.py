"""Finds the row of an exported picture in the index of its batch."""

import json
from pathlib import Path
from typing import Any

INDEX = "index.jsonl"


def name_in_index(file: Path) -> str:
    """Return what the index of its batch calls a picture: its folder and its name."""
    return f"{file.absolute().parent.name}/{file.name}"


def row_of(file: Path) -> dict[str, Any] | None:
    """Return the row that tells of a picture or of its marked copy; None where there is none."""
    name = name_in_index(file)
    try:
        with (file.absolute().parent.parent / INDEX).open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                # Most rows are about other pictures, and to decode them all takes its time.
                if file.name in line and name in _names(row := json.loads(line)) and "brief_id" in row:
                    return dict(row)
    except (OSError, ValueError, RecursionError):
        pass  # none of an export
    return None


def _names(row: Any) -> tuple[Any, ...]:
    return (row.get("file"), row.get("marked_file")) if isinstance(row, dict) else ()
