"""The request windows: sliding, one for each paid endpoint of an account."""

from collections import deque
from dataclasses import dataclass, field

#: Both the API's window and the one that the ledger reports, in seconds.
WINDOW_SECONDS = 60.0


@dataclass(slots=True)
class Peak:
    """The most entries that any window has held."""

    times: deque[float] = field(default_factory=deque)
    most: int = 0

    def note(self, at: float) -> None:
        """Count one more at time `at`."""
        drop_before(self.times, at - WINDOW_SECONDS)
        self.times.append(at)
        self.most = max(self.most, len(self.times))


@dataclass(slots=True)
class Window:
    """The requests of one paid endpoint. Those that were let in count, whatever they were answered."""

    let_in: deque[float] = field(default_factory=deque)
    pause_until: float = 0.0
    accepted: Peak = field(default_factory=Peak)
    every: Peak = field(default_factory=Peak)

    def wait(self, now: float, limit: int) -> float:
        """Seconds until a request would be let in; 0 lets it in and counts it."""
        drop_before(self.let_in, now - WINDOW_SECONDS)
        if len(self.let_in) < limit:
            self.let_in.append(now)
            return 0.0
        # A limit of 0 has no oldest request to wait for.
        freed_by = self.let_in[len(self.let_in) - limit] if limit else now
        return freed_by + WINDOW_SECONDS - now


def drop_before(times: deque[float], start: float) -> None:
    """Forget the times up to `start`."""
    while times and times[0] <= start:
        times.popleft()
