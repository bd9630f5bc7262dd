"""Counts what this process does, until it is brought to Redis.

A figure is a field of one hash: its family, its labels, and of a histogram the upper end of the bucket, as a
JSON array. Labels are words of closed lists and names of accounts, so the hash is bounded.
"""

import json
import threading
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from worker.tally.family import Family

#: The last buckets of a histogram: the one without an end, and the sum of all that was observed.
NO_END, SUM = "+Inf", "sum"
#: Different fields that a process holds; whatever would come beyond is a fault, and is not counted.
MOST = 10_000


class Field(NamedTuple):
    """One figure, taken apart."""

    family: str
    labels: tuple[str, ...]
    bucket: str
    """Of a histogram; blank of others."""


class Tally:
    """The counts of one process; all its threads may count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, float] = {}
        self.is_open = False
        """Whether somebody brings them to Redis; what is counted before is nobody's."""

    def count(self, family: Family, *labels: str) -> None:
        """Count something."""
        if self.is_open:
            with self._lock:
                self._add(_field(family, labels), 1)

    def observe(self, family: Family, *labels: str, seconds: float) -> None:
        """Count how long something took."""
        if not self.is_open:
            return
        place = bisect_left(family.buckets, seconds)
        bucket = NO_END if place == len(family.buckets) else f"{family.buckets[place]:g}"
        with self._lock:
            self._add(_field(family, labels, bucket), 1)
            self._add(_field(family, labels, SUM), seconds)

    def take(self) -> Mapping[str, float]:
        """Return what was counted since this was asked last."""
        with self._lock:
            taken, self._counts = self._counts, {}
        return taken

    def _add(self, field: str, by: float) -> None:
        if field in self._counts or len(self._counts) < MOST:
            self._counts[field] = self._counts.get(field, 0) + by


def read_field(text: str) -> Field:
    """Return the parts of a field's name; raises ValueError for a name that is none."""
    family, *labels, bucket = json.loads(text)
    return Field(family, tuple(labels), bucket)


@lru_cache(MOST)
def _field(family: Family, labels: tuple[str, ...], bucket: str = "") -> str:
    return json.dumps([family.short, *labels, bucket], ensure_ascii=False, separators=(",", ":"))


#: The tally of this process.
TALLY = Tally()
