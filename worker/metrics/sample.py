"""One figure, as it is told."""

from typing import NamedTuple

from worker.tally.family import Family

#: The part of a histogram that is the number of all that was observed.
COUNT = "count"


class Sample(NamedTuple):
    """One figure."""

    family: Family
    labels: tuple[str, ...]
    value: float
    part: str = ""
    """Of a histogram: the upper end of the bucket, `count` or `sum`."""
