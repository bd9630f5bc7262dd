"""Sets the clock of the process on whose path this stands `CLOCK_AHEAD` seconds ahead, or behind if negative.

Python imports a module of this name before any other, so the processes that a command starts have that clock
too, and the commands run as they are. To change the kernel's clock would take a privilege, and change it for
all.
"""

import datetime
import os
import time

_AHEAD = float(os.environ.get("CLOCK_AHEAD", "0"))
_now, _now_ns = time.time, time.time_ns


class _Datetime(datetime.datetime):
    """The same, for those who ask it for the time."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "_Datetime":
        """Return the time of this process."""
        return super().now(tz) + datetime.timedelta(seconds=_AHEAD)


def _set() -> None:
    time.time = lambda: _now() + _AHEAD
    time.time_ns = lambda: _now_ns() + round(_AHEAD * 1_000_000_000)
    datetime.datetime = _Datetime  # type: ignore[misc]


if _AHEAD:
    _set()
