"""What a queue holds, what workers have in hand, how anybody puts a message there, and what tending does."""

import math
import time
from collections.abc import Callable
from typing import Any

import redis
from dramatiq.broker import MessageProxy
from support import DEADLINE

from actors.broker import dead_letters
from actors.broker.broker import Broker
from actors.broker.dead_letters import DeadLetter
from config import keys


def in_hand(client: "redis.Redis", queue: str = keys.STEPS) -> list[str]:
    """The messages that workers have taken and not acknowledged."""
    held: list[str] = []
    for key in client.scan_iter(keys.IN_HAND("*", queue)):
        members: Any = client.smembers(str(key))
        held += members
    return held


def put(client: "redis.Redis", redis_id: str | bytes, text: str | bytes) -> None:
    """Put a message on the inlet queue as anybody can, with two commands."""
    client.hset(keys.MESSAGES(keys.INLET), redis_id, text)  # type: ignore[arg-type]  # bytes serve as well
    client.rpush(keys.QUEUE(keys.INLET), redis_id)


def taken(consumer: Any, seconds: float = DEADLINE) -> MessageProxy:
    """Return the next message, as a worker asks for it: again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (message := next(consumer)) is not None:
            return message  # type: ignore[no-any-return]  # dramatiq's has no types
    raise AssertionError(f"no message within {seconds} s")


def tended(ours: Broker, condition: Callable[[], Any]) -> None:
    """Tend the queues until something is so, as a worker does once a second."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        ours._tended = -math.inf
        ours.tend()


def dead(client: "redis.Redis") -> list[DeadLetter]:
    return list(dead_letters.each(client, dead_letters.ids(client)))
