"""The Dramatiq broker: Redis, a consumer that blocks instead of polling, and recovery on purpose.

Waiting is never a message here (docs/decisions.md), so there are no delay queues and no retries. A step that
became a dead letter is sent again by the ledger's timers; a brief that did is kept for a person to look at.
"""

import threading
import time
from collections import defaultdict
from pathlib import Path

from dramatiq import Message, set_broker
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import CurrentMessage

from config import keys
from config.connection import connect_bytes, decoded
from config.consumer import BlockingConsumer, Outcomes
from config.draining import Draining

#: Milliseconds without a sign of life after which a worker is dead and its messages are put back.
DEAD_AFTER = 5_000
#: Milliseconds that a dead letter of a step is kept: Dramatiq's own default. Those of the inlet are briefs
#: that nobody else has on record, so they stay.
DEAD_LETTERS_KEPT = 7 * 86_400_000
#: Seconds between two signs of life of a worker; each also looks for the dead.
TEND_EVERY = 1.0

_LUA = Path(__file__).parent / "lua"


class Broker(RedisBroker):
    """The broker of workers and of whoever enqueues."""

    def __init__(self, url: str, *, prefetch: int, shutdown: float = 0.0) -> None:
        super().__init__(
            client=connect_bytes(url),
            namespace=keys.DRAMATIQ,
            middleware=[Draining(shutdown), CurrentMessage(), Outcomes()],
            maintenance_chance=0,
        )
        self._prefetch = prefetch
        self._tended = 0.0
        self._tend = self.client.register_script((_LUA / "tend.lua").read_text(encoding="utf-8"))
        self._fetch = self.client.register_script((_LUA / "fetch.lua").read_text(encoding="utf-8"))
        self.in_hand: defaultdict[str, set[str]] = defaultdict(set)
        """The Redis ids of the messages that this process's threads have, by queue."""
        self.stopping = threading.Event()
        """Set when this worker ends: nothing is begun any more."""

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
        """Consume a queue, holding no more messages than there are threads to run them."""
        return super().consume(queue_name, min(prefetch, self._prefetch), timeout)

    def fetch(self, queue_name: str, most: int) -> list[tuple[str, bytes]]:
        """Take up to so many messages, on record as this worker's; return their ids and texts."""
        queue, messages = keys.QUEUE(queue_name), keys.MESSAGES(queue_name)
        got = self._fetch(keys=[queue, messages, keys.HELD(self.broker_id, queue_name)], args=[most])
        return [(decoded(redis_id), text) for redis_id, text in zip(got[::2], got[1::2], strict=True)]

    def tend(self) -> None:
        """Say that this worker is alive, put back what dead ones held; at most once a second."""
        if time.monotonic() - self._tended < TEND_EVERY:
            return
        self._tended = time.monotonic()
        names = [keys.WORKERS(), keys.HEARTBEATS()]
        limits = [DEAD_AFTER, DEAD_LETTERS_KEPT]
        self._tend(keys=names, args=[keys.DRAMATIQ, self.broker_id, *limits, keys.INLET, keys.STEPS])


def make_broker(url: str, *, prefetch: int = 1, shutdown: float = 0.0) -> Broker:
    """Return the broker on `url` and make it Dramatiq's global one, as its actor decorator wants.

    A worker that ends waits for its paid calls for `shutdown` seconds at the most.
    """
    broker = Broker(url, prefetch=prefetch, shutdown=shutdown)
    set_broker(broker)
    return broker


def brief_message(brief: str) -> "Message[None]":
    """Return the message that puts a brief (JSON) on the inlet queue."""
    return Message(queue_name=keys.INLET, actor_name="accept_brief", args=(brief,), kwargs={}, options={})
