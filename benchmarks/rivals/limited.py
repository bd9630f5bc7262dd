"""Stock Dramatiq under the caps: its own ConcurrentRateLimiter, and its own retries."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Retries, default_middleware
from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends import RedisBackend

from benchmarks.rivals.client import Body, Client

JOBS = 5
#: Dramatiq's own defaults, seconds: of `Retries`, and of the pause between two looks at an empty queue.
MIN_BACKOFF, MAX_BACKOFF = 15.0, 7 * 86_400.0
WORKER_TIMEOUT = 1.0


def limited(url: str, speed: float, bodies: Sequence[Body], redis_url: str, deadline: float) -> None:
    """Drive the briefs by stock Dramatiq: one process, ConcurrentRateLimiter, Retries.

    Two actors, so that a retry after a 429 never buys the drafts again; each holds the limiter for as long as
    its remote job runs. Returns when all are ready, or after `deadline` seconds.
    """
    broker: Any = RedisBroker(url=redis_url, middleware=_middleware(speed))
    limiter = ConcurrentRateLimiter(RedisBackend(url=redis_url), "jobs", limit=JOBS)
    client = Client(url, speed)
    ready = threading.Semaphore(0)

    @dramatiq.actor(broker=broker)
    def create(body: Body) -> None:
        with limiter.acquire():
            draft = client.create(body)
        promote.send(draft)

    @dramatiq.actor(broker=broker)
    def promote(draft: int) -> None:
        with limiter.acquire():
            client.promote(draft)
        ready.release()

    worker = dramatiq.Worker(broker, worker_timeout=round(1000 * WORKER_TIMEOUT / speed))
    for body in bodies:
        create.send(body)
    worker.start()
    until = time.monotonic() + deadline
    for _ in bodies:
        if not ready.acquire(timeout=max(0.0, until - time.monotonic())):
            break
    worker.stop()
    client.close()
    broker.close()


def _middleware(speed: float) -> list[dramatiq.Middleware]:
    """Return Dramatiq's default middleware, the pauses of its retries at the sandbox's speed."""
    stock = [kind() for kind in default_middleware if kind is not Retries]
    pauses = [round(1000 * seconds / speed) for seconds in (MIN_BACKOFF, MAX_BACKOFF)]
    return [*stock, Retries(min_backoff=pauses[0], max_backoff=pauses[1])]
