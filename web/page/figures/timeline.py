"""What happened to a brief, in its order: its moves, paid calls, words of people; and how long between."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.text import credits_text
from config.times import format_duration, format_time
from worker.ledger.records import parse_subject

#: What of an entry stands in columns of its own, or for every event alike.
_OWN = ("at", "call", "what", "subject", "by", "why")
_ALIKE = ("brief_id", "batch", "account", "metadata", "kind", "name")
#: Characters that are shown of a value.
_LONG = 160


@dataclass(frozen=True)
class Moment:
    """One thing that happened."""

    at: int
    date: str
    after: str
    """How long after the one before."""
    kind: str
    """`event`, `call`, or `person`."""
    what: str
    of: str
    """Of which part of the brief; blank: of itself."""
    told: str


def timeline(events: Sequence[Mapping[str, Any]], journal: Sequence[Mapping[str, Any]]) -> list[Moment]:
    """Return the moments of a brief, the first first."""
    found = sorted([*map(_event, events), *map(_entry, journal)], key=lambda each: each["at"])
    befores = [None, *(each["at"] for each in found)]
    return [
        Moment(
            date=format_time(each["at"]),
            after="" if before is None else format_duration(max(0, each["at"] - before)),
            **each,
        )
        for each, before in zip(found, befores, strict=False)
    ]


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    at = round(datetime.fromisoformat(event["time"]).timestamp() * 1000)
    data = {name: value for name, value in event["data"].items() if name not in _ALIKE}
    what = event["type"].removeprefix("identity.")
    return {"at": at, "kind": "event", "what": what, "of": _part(event["subject"]), "told": _told(data)}


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    more = {name: value for name, value in entry.items() if name not in _OWN}
    said = [entry["by"]] if "by" in entry else []
    said += [f"({entry['why']})"] if entry.get("why") else []
    is_person = entry["call"] == "operator"
    return {
        "at": entry["at"],
        "kind": "person" if is_person else "call",
        "what": entry["what"] if is_person else f"{entry['call']} {entry['what']}",
        "of": _part(entry["subject"]),
        "told": " ".join([*said, _told(more)]).strip(),
    }


def _part(subject: str) -> str:
    number = parse_subject(subject).number
    return "" if number is None else f"identity {number + 1}"


def _told(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {_text(value)}" for name, value in values.items() if value not in (None, [], {})
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        text = value
    else:
        text = credits_text(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else text[:_LONG] + " …"
