"""The Dramatiq broker: Redis, a consumer that blocks instead of polling, and recovery on purpose.

Waiting is never a message here (docs/decisions.md), so there are no delay queues and no retries. A step that
became a dead letter has its brief held; a brief that did is kept for a person to look at.
"""

import hashlib
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from dramatiq import Message, Middleware
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import CurrentMessage

from actors.broker.consumer import BlockingConsumer, Outcomes
from actors.broker.dead_letters import Scripts
from actors.broker.draining import Draining
from config import durations, keys, logs
from worker.store.connection import connect_bytes, decoded, unconnected

#: Workers that may die with a message in hand before it is taken for the cause, and made a dead letter.
MOST_DEATHS = 3

log = logs.get("broker")


class _OneEachThread(Middleware):
    """Tells the broker how many threads its worker has, whoever started it with how many."""

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        broker.prefetch = worker.worker_threads


class Broker(RedisBroker):
    """The broker of workers and of whoever enqueues."""

    def __init__(self, url: str | None = None, *, boot: Middleware | None = None, prefetch: int = 1) -> None:
        """`url` may be told later, by `open`: `boot`, which comes before all else, may do so."""
        self._draining = Draining()
        middleware = [_OneEachThread(), self._draining, CurrentMessage(), Outcomes()]
        super().__init__(
            client=connect_bytes(url) if url else unconnected(),
            namespace=keys.DRAMATIQ,
            middleware=[boot, *middleware] if boot else middleware,
            maintenance_chance=0,
        )
        self.prefetch = prefetch
        """How many messages this process holds at once; of a worker, as many as it has threads."""
        self._tended = -math.inf
        self._scripts = Scripts(self.client, self.broker_id)
        self.in_hand: defaultdict[str, set[str]] = defaultdict(set)
        """The Redis ids of the messages that this process's threads have, by queue."""
        self.fetched: defaultdict[str, list[tuple[str, bytes]]] = defaultdict(list)
        """The messages that were fetched and are about to be handed to a thread, by queue."""
        self.fetching = threading.Lock()
        """Held by the consumer that fetches: all queues share the threads."""
        self.room = threading.Event()
        """Set when a thread has become free."""
        self.suspects: dict[str, str] = {}
        """Of those messages the ones that a worker has died with, and what they are about."""
        self.stopping = threading.Event()
        """Set when this worker ends: nothing is begun any more."""

    def open(self, url: str, *, shutdown: float = 0.0, can_reload: Callable[[], bool] | None = None) -> None:
        """Use the server on `url` from here on, as a worker of its own: its process may be a fork.

        A worker that ends waits for its paid calls for `shutdown` seconds at the most. At SIGHUP it ends, to
        begin anew, unless `can_reload` says that it could not.
        """
        self.broker_id = str(uuid4())
        self._scripts = Scripts(self.client, self.broker_id)
        self.client.connection_pool = connect_bytes(url).connection_pool
        self._draining.seconds = shutdown
        self._draining.can_reload = can_reload

    @property
    def consumer_class(self) -> type[Consumer]:
        """The consumer that blocks."""
        return BlockingConsumer

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue without the delay queue that the stock broker would give it a thread for."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Consume a queue, holding no more messages of all queues than there are threads to run them."""
        return super().consume(queue_name, min(prefetch, self.prefetch), timeout)

    def fetch(self, queue_name: str, most: int) -> list[tuple[str, bytes]]:
        """Take up to so many messages, on record as this worker's; return their ids and texts."""
        got, dead = self._scripts.run("fetch", queue=queue_name, most=most)
        _tell(dead)
        taken = []
        for redis_id, text, topic in zip(got[::3], got[1::3], got[2::3], strict=True):
            taken.append((decoded(redis_id), text))
            if topic:
                self.suspects[decoded(redis_id)] = decoded(topic)
        return taken

    def clear(self, redis_id: str) -> None:
        """Note that a message ran to its end: whatever killed the workers that had it before, it did not."""
        if topic := self.suspects.pop(redis_id, None):
            self.client.hdel(keys.DEATHS(), topic)

    def dead_letter(self, queue_name: str, redis_id: str, error: str, text: bytes = b"") -> None:
        """Make a message of this worker's a dead letter, and say why.

        `text` is the message as it was fetched: under its id another may stand by now.
        """
        told = error.encode(errors="backslashreplace").decode()
        self._scripts.run("bury", redis_id, text, queue=queue_name, error=told)

    def acknowledge(
        self, queue_name: str, redis_id: str, following: list[dict[str, str]], text: bytes = b""
    ) -> None:
        """Acknowledge a message that ran, and send what is to follow it (`actors/broker/pipelines.py`).

        `text` is the message as it was fetched: under its id another may stand by now.
        """
        digest = hashlib.sha1(text, usedforsecurity=False).hexdigest() if text else ""
        self._scripts.run("ack", redis_id, queue=queue_name, digest=digest, following=following)

    def tend(self) -> None:
        """Say that this worker is alive, put back what dead ones held, queue what has come or is due.

        At most once a second.
        """
        if time.monotonic() - self._tended < durations.TEND_AGAIN_SECONDS:
            return
        self._tended = time.monotonic()
        _, dead = self._scripts.run(
            "tend",
            heartbeats=keys.HEARTBEATS(),
            dead_after=durations.WORKER_DEAD_MS,
            letters_kept=durations.DEAD_LETTERS_KEPT_MS,
            most_deaths=MOST_DEATHS,
            deaths_kept=durations.DEATHS_KEPT_MS,
            patience=durations.MESSAGE_COMES_MS,
            longest_delay=durations.DELAY_MOST_MS,
        )
        _tell(dead)


def _tell(dead: list[bytes]) -> None:
    for redis_id, error in zip(dead[::2], dead[1::2], strict=True):
        log.warning("message.unreadable", id=decoded(redis_id), error=decoded(error))


def brief_message(brief: str) -> "Message[None]":
    """Return the message that puts a brief (JSON) on the inlet queue."""
    return Message(queue_name=keys.INLET, actor_name="accept_brief", args=(brief,), kwargs={}, options={})
