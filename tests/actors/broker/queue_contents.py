"""What a queue holds, and what workers have in hand."""

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
