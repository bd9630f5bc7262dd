"""Briefs that the tests have the command send, and what of them stands on the inlet queue."""

import json
from typing import Any

import redis
from support import brief

from config import keys

GOOD = json.dumps(brief())
BAD = json.dumps(brief(priority=1000, choose="worst"))


def queued(client: "redis.Redis") -> list[dict[str, Any]]:
    """The briefs on the inlet queue, in its order."""
    ids: Any = client.lrange(keys.QUEUE(keys.INLET), 0, -1)
    texts: Any = client.hmget(keys.MESSAGES(keys.INLET), ids) if ids else []
    messages = list(map(json.loads, texts))
    assert all(message["actor_name"] == "accept_brief" for message in messages)
    return [json.loads(message["args"][0]) for message in messages]


def ids(client: "redis.Redis") -> list[str]:
    """The ids of the briefs on the inlet queue, in its order."""
    return [each["brief_id"] for each in queued(client)]
