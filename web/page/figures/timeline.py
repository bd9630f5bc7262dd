"""What happened to a brief, in its order: its moves, what it waited for, paid calls, words of people."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.text import credits_text
from config.times import format_duration, format_time
from web.page.figures.rows import LACKS
from worker.ledger.records import brief_subject, parse_subject
from worker.views.models import BriefView, Stay

#: What of an entry stands in columns of its own, or for every event alike.
_OWN = ("at", "call", "what", "subject", "by", "why")
#: What programs need, and says nothing to people that does not stand beside it.
_FOR_PROGRAMS = ("fingerprint", "url", "promotion")
_ALIKE = ("brief_id", "batch", "account", "metadata", "kind", "name")
#: What a stay in a state was, in words; of a brief whose promotions are under way these tell.
_STAYS = {
    "preparing": "its files were prepared",
    "waiting": "waited for permits",
    "planned": "waited for permits",
    "submitting": "waited for the API's answer",
    "uncertain": "waited to know what became of its create",
    "generating": "waited for its drafts",
    "choosing": "waited for a choice",
    "held": "waited for an answer",
    "preprocessing": "waited for the identity to be prepared",
}
#: The same of promotions, where it is another one.
_OF_PROMOTIONS = {"promoting": "waited for the API's answer"}
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
    """`event`, `call`, `person`, or `stay`: it was in a state until then."""
    what: str
    of: str
    """Of which part of the brief; blank: of itself."""
    told: str


def timeline(
    events: Sequence[Mapping[str, Any]], journal: Sequence[Mapping[str, Any]], brief: BriefView | None = None
) -> list[Moment]:
    """Return the moments of a brief, the first first."""
    found = [*([] if brief is None else _stays(brief)), *map(_event, events), *map(_entry, journal)]
    # What ended a stay comes after it, at the same time.
    found.sort(key=lambda each: each["at"])
    befores = [None, *(each["at"] for each in found)]
    return [
        Moment(
            date=format_time(each["at"]),
            after="" if before is None else format_duration(max(0, each["at"] - before)),
            **each,
        )
        for each, before in zip(found, befores, strict=False)
    ]


def _stays(brief: BriefView) -> Iterator[dict[str, Any]]:
    for stay in brief.stays:
        if stay.state in _STAYS:
            yield _stay(brief_subject(brief.brief_id), stay, _STAYS[stay.state])
    for promotion in brief.promotions:
        for stay in promotion.stays:
            what = _OF_PROMOTIONS.get(stay.state) or _STAYS.get(stay.state, stay.state)
            yield _stay(promotion.subject, stay, what)


def _stay(subject: str, stay: Stay, what: str) -> dict[str, Any]:
    lacked = ", ".join(LACKS.get(each, each) for each in stay.lacked)
    told = f"{format_duration(stay.ms)}{f': for {lacked}' if lacked else ''}"
    return {"at": stay.since + stay.ms, "kind": "stay", "what": what, "of": _part(subject), "told": told}


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
        f"{name} {_text(value)}"
        for name, value in values.items()
        if value not in (None, [], {}) and name not in _FOR_PROGRAMS
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
        text = str(len(value))  # of drafts, or identities: they stand above
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        text = ", ".join(value)
    else:
        text = credits_text(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else text[:_LONG] + " …"
