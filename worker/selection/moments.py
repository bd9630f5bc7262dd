"""Times as people write them in a filter: an age (`45s`, `1h30m`, `2d`) or a date (`2026-11-28T09:00`)."""

import re
from datetime import datetime
from typing import NamedTuple

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_AGE = re.compile(r"(?:\d{1,9}[smhdw])+", re.ASCII)
_PART = re.compile(r"(\d+)([smhdw])", re.ASCII)
MOMENT_RULE = "must be an age, as 45s, 90m, 1h30m, 2d or 1w, or a date, as 2026-11-28 or 2026-11-28T09:00"


class Moment(NamedTuple):
    """A time: so long before now, or a fixed one. `text` is how it was written."""

    text: str
    age_ms: int | None
    ms: int

    def at(self, now: int) -> int:
        """Return it in ms since 1970; `now` is the server's time."""
        return self.ms if self.age_ms is None else now - self.age_ms


def moment(text: str) -> Moment | None:
    """Return the time that a text says, None where it says none; a date without a zone is this machine's."""
    if (age := duration(text)) is not None:
        return Moment(text, age, 0)
    try:
        date = datetime.fromisoformat(text)
        return Moment(text, None, round(date.timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        return None


def duration(text: str) -> int | None:
    """Return the ms of a length of time as `45s` or `1h30m`, None where a text is none."""
    if _AGE.fullmatch(text) is None:
        return None
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))
