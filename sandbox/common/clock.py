"""The sandbox's time: seconds that pass `speed` times faster than on the wall."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVarTuple

Ts = TypeVarTuple("Ts")


class Clock:
    """Counts sandbox seconds since the sandbox first started; stands still while it is down.

    Durations, windows and lifetimes are all measured here, unscaled: 60 s stay 60 s at any speed.
    Dates that clients see come from the wall, so that they can be compared with the client's own.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, got {speed}")
        self.speed = speed
        self.go_on_from(0.0)

    def go_on_from(self, start: float) -> None:
        """Let the time be `start` now."""
        self._start = start
        self._origin = time.monotonic()

    def now(self) -> float:
        """Sandbox seconds since the sandbox first started."""
        return self._start + (time.monotonic() - self._origin) * self.speed

    def real(self, seconds: float) -> float:
        """How long `seconds` of the sandbox last on the wall."""
        return seconds / self.speed

    def call_at(self, when: float, callback: Callable[[*Ts], object], *args: *Ts) -> asyncio.TimerHandle:
        """Run `callback` in the event loop at sandbox time `when`, or at once if that is over."""
        delay = self.real(max(0.0, when - self.now()))
        return asyncio.get_running_loop().call_later(delay, callback, *args)
