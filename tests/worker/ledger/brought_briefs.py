"""Briefs that are brought by the inlet queue, and what becomes of their messages."""

from typing import Any

import redis
from stepping import Flow, inlet_message
from support import brief

from actors.broker import dead_letters
from config import keys


def bring(flow: Flow, **fields: Any) -> str:
    """Bring a brief by the queue; return the id in Redis of its message."""
    message = inlet_message(brief(**fields))
    flow.broker.enqueue(message)
    (redis_id,) = flow.client.lrange(keys.QUEUE(keys.INLET), 0, -1)
    flow.steps.run(keys.INLET)
    return str(redis_id)


def dead(client: "redis.Redis") -> list[dead_letters.DeadLetter]:
    return list(dead_letters.each(client, dead_letters.ids(client)))
