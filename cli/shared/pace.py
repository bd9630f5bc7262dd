"""How fast briefs finish, by what was seen of them, and when the last of them may."""

import time
from collections import deque

from config import durations
from config.times import format_duration


class Pace:
    """The rate at which briefs finish, over the last minutes of looking."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def see(self, finished: int) -> None:
        """Take in how many are finished now."""
        now = time.monotonic()
        self._seen.append((now, finished))
        while self._seen[0][0] < now - durations.RATE_SECONDS:
            self._seen.popleft()

    def words(self, left: int) -> str:
        """Return the rate and when the `left` are finished at that rate; blank where it is not known yet."""
        (began, before), (now, finished) = self._seen[0], self._seen[-1]
        if finished <= before or now <= began:
            return ""
        a_minute = (finished - before) * 60 / (now - began)
        rate = f"{a_minute:.1f}/min" if a_minute < 100 else f"{a_minute:.0f}/min"
        return f"{rate} · about {format_duration(left / a_minute * 60_000)} left" if left else rate
