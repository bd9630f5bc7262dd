"""Clocks that are minutes apart: each process of ours is given one of its own, and so is the API.

Redis keeps the machine's: what counts is how far the others are from it.
"""

import os
import random
from pathlib import Path

#: Seconds by which a clock is wrong, at least and at most. Below the quarter of an hour after which a webhook
#: is too old to be acted on (docs/decisions.md).
LEAST, MOST = 120, 480

_FOLDER = Path(__file__).parents[1] / "clock"


def wrong_clock(rng: random.Random) -> dict[str, str]:
    """Return what sets the clock of a process wrong when it stands in its environment."""
    return clock(rng.choice((-1, 1)) * rng.uniform(LEAST, MOST))


def clock(ahead: float) -> dict[str, str]:
    """Return the environment of a process whose clock is so many seconds ahead of the machine's."""
    path = os.pathsep.join(filter(None, (str(_FOLDER), os.environ.get("PYTHONPATH"))))
    return {"PYTHONPATH": path, "CLOCK_AHEAD": f"{ahead:.0f}"}
