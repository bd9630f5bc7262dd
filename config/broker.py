"""The Dramatiq broker: Redis, a consumer that blocks instead of polling, and recovery on purpose.

Waiting is never a message here (docs/decisions.md), so there are no delay queues and no retries: an actor
that raises makes its message a dead letter, and the ledger's timers send again what is still due.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from dramatiq import Message, Middleware, set_broker
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import CurrentMessage

from config import keys
from config.connection import BLOCK, connect_bytes

#: Milliseconds without a sign of life after which a worker is dead and its messages are put back.
DEAD_AFTER = 5_000
#: Milliseconds that a dead letter is kept: Dramatiq's own default.
DEAD_LETTERS_KEPT = 7 * 86_400_000
#: Seconds between two signs of life of a worker; each also looks for the dead.
TEND_EVERY = 1.0

_TEND = (Path(__file__).parent / "lua" / "tend.lua").read_text(encoding="utf-8")


class DeadLetters(Middleware):
    """Makes the message of an actor that raised a dead letter, instead of retrying it from memory."""

    def after_process_message(self, *given: Any, exception: BaseException | None = None, **_: Any) -> None:
        """Reject the message if its actor raised."""
        if exception is not None:
            _broker, message = given
            message.fail()


class BlockingConsumer(_RedisConsumer):
    """Dramatiq's Redis consumer, woken by the queue: a message starts in 1 ms, not in half a second."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._room = threading.Event()

    def __next__(self) -> MessageProxy | None:
        """Return the next message, or None after about a second without one."""
        with _as_lost_connection():
            self.broker.tend()
            if not self.message_cache and not self._something_to_fetch():
                return None
            self.misses = 0  # a lost race for the message costs the stock back-off's first step, not its last
            message: MessageProxy | None = super().__next__()
            return message

    def _something_to_fetch(self) -> bool:
        if self.outstanding_message_count >= self.prefetch:
            self._room.clear()
            if self.outstanding_message_count >= self.prefetch and not self._room.wait(BLOCK):
                return False
        # Moving the head to the head is a blocking peek: nothing is taken before `fetch` takes it on record.
        queue = keys.QUEUE(self.queue_name)
        return self.broker.client.blmove(queue, queue, BLOCK, "LEFT", "LEFT") is not None

    def ack(self, message: MessageProxy) -> None:
        """Acknowledge, and make room for the next."""
        with _as_lost_connection():
            super().ack(message)
        self._room.set()

    def nack(self, message: MessageProxy) -> None:
        """Reject, and make room for the next."""
        with _as_lost_connection():
            super().nack(message)
        self._room.set()

    def requeue(self, messages: Any) -> None:
        """Give back messages that were fetched and not begun."""
        with _as_lost_connection():
            super().requeue(messages)


class Broker(RedisBroker):
    """The broker of workers and of whoever enqueues."""

    def __init__(self, url: str, *, prefetch: int) -> None:
        super().__init__(
            client=connect_bytes(url),
            namespace=keys.DRAMATIQ,
            middleware=[CurrentMessage(), DeadLetters()],
            maintenance_chance=0,
        )
        self._prefetch = prefetch
        self._tended = 0.0
        self._tend = self.client.register_script(_TEND)

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

    def tend(self) -> None:
        """Say that this worker is alive, put back what dead ones held; at most once a second."""
        if time.monotonic() - self._tended < TEND_EVERY:
            return
        self._tended = time.monotonic()
        names = [keys.WORKERS(), keys.HEARTBEATS()]
        limits = [DEAD_AFTER, DEAD_LETTERS_KEPT]
        self._tend(keys=names, args=[keys.DRAMATIQ, self.broker_id, *limits, keys.INLET, keys.STEPS])


def make_broker(url: str, *, prefetch: int = 1) -> Broker:
    """Return the broker on `url` and make it Dramatiq's global one, as its actor decorator wants."""
    broker = Broker(url, prefetch=prefetch)
    set_broker(broker)
    return broker


def brief_message(brief: str) -> "Message[None]":
    """Return the message that puts a brief (JSON) on the inlet queue."""
    return Message(queue_name=keys.INLET, actor_name="accept_brief", args=(brief,), kwargs={}, options={})


@contextmanager
def _as_lost_connection() -> Iterator[None]:
    """Turn every Redis error into a lost connection, the one error that Dramatiq mends by itself.

    A timeout or a read-only answer would otherwise end an acknowledgement for good, and the finished
    message would run again at the next deploy.
    """
    try:
        yield
    except redis.RedisError as error:
        raise ConnectionClosed(error) from None
