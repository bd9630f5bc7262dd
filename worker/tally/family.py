"""A family of figures, as Prometheus is told of it."""

from dataclasses import dataclass
from typing import Literal

#: What all names begin with.
PREFIX = "identity_worker_"


@dataclass(frozen=True, slots=True)
class Family:
    """One figure, of each of what its labels name. Names: https://prometheus.io/docs/practices/naming/."""

    short: str
    """Its name without the prefix; a counter's has `_total` behind it when it is told."""
    kind: Literal["gauge", "counter", "histogram"]
    labels: tuple[str, ...]
    help: str
    """What it is, in a sentence."""
    buckets: tuple[float, ...] = ()
    """Of a histogram: the upper ends, in seconds, without the last, which has none."""

    @property
    def name(self) -> str:
        """Return its name as Prometheus keeps it."""
        return PREFIX + self.short + ("_total" if self.kind == "counter" else "")
