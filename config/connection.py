"""How this project connects to Redis: every timeout and retry said aloud."""

from typing import Any

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

#: Seconds to wait for a connection, and for any one answer.
CONNECT_TIMEOUT = 2.0
ANSWER_TIMEOUT = 5.0
#: Seconds that a blocking command may block: well below the answer's timeout.
BLOCK = 1.0


def _options(**more: Any) -> dict[str, Any]:
    # No client retries: a script whose reply was lost has run, and its second run would answer `repeat`
    # to the very caller who moved the record. The timers and the broker repeat what is safe to repeat.
    return {
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "socket_timeout": ANSWER_TIMEOUT,
        "protocol": 2,
        **more,
    }


def connect(url: str) -> "redis.Redis":
    """Return a client whose answers are text; nothing is sent before the first command."""
    return redis.Redis.from_url(url, **_options(decode_responses=True, retry=Retry(NoBackoff(), 0)))


def connect_bytes(url: str) -> "redis.Redis":
    """Return a client whose answers are bytes, as Dramatiq wants them."""
    return redis.Redis.from_url(url, **_options(retry=Retry(NoBackoff(), 0)))


def connect_async(url: str) -> "redis.asyncio.Redis":
    """Return an asyncio client whose answers are text."""
    from redis.asyncio.retry import Retry as AsyncRetry

    retry = AsyncRetry(NoBackoff(), 0)
    return redis.asyncio.Redis.from_url(url, **_options(decode_responses=True, retry=retry))
