"""How long a process that waits for briefs goes on: not for ever, and not while nothing moves."""

from dataclasses import dataclass, field

from config import durations
from config.times import monotonic


@dataclass
class Patience:
    """Since when it has waited, and since when nothing has moved; limits in ms, None: there is none."""

    still_ms: int | None
    """That nothing may have moved."""
    most_ms: int | None
    """To wait at the most."""
    began: float = field(default_factory=monotonic)
    moved: float = field(default_factory=monotonic)

    def has_moved(self) -> None:
        """Something has moved just now."""
        self.moved = monotonic()

    def left_ms(self) -> int:
        """Return after how long to look whatever happens: at least 1, and what Redis blocks at the most."""
        left = min(self._stall_end, self._end) - monotonic()
        return max(1, round(min(durations.REDIS_BLOCK_SECONDS, left) * 1000))

    def stands_still(self) -> bool:
        """Return whether nothing has moved for too long."""
        return monotonic() >= self._stall_end

    def is_over(self) -> bool:
        """Return whether the time is over."""
        return monotonic() >= self._end

    @property
    def _stall_end(self) -> float:
        return float("inf") if self.still_ms is None else self.moved + self.still_ms / 1000

    @property
    def _end(self) -> float:
        return float("inf") if self.most_ms is None else self.began + self.most_ms / 1000
