"""What a queue holds, what workers have in hand, and how anybody puts a message there."""

from typing import Any

import redis

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
