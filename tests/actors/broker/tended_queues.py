"""Queues that are tended as a worker tends them, and the dead letters that come of it."""

import math
import time
from collections.abc import Callable
from typing import Any

import redis
from support import DEADLINE

from actors.broker import dead_letters
from actors.broker.broker import Broker
from actors.broker.dead_letters import DeadLetter


def tended(ours: Broker, condition: Callable[[], Any]) -> None:
    """Tend the queues until something is so, as a worker does once a second."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        ours._tended = -math.inf
        ours.tend()


def dead(client: "redis.Redis") -> list[DeadLetter]:
    return list(dead_letters.each(client, dead_letters.ids(client)))
