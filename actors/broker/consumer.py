"""The consumer of a queue: it blocks instead of polling, and loses no message that it was given.

What Dramatiq's own does not do: a message that can't be read is put aside instead of ending the fetch of its
neighbours; what Redis says this worker has in hand, but it has not (the answer to a fetch was lost), is given
back; a message whose step met an outage is given back as well, since nothing has become of it. Every Redis
error of the consumer itself is taken for a lost connection, and mended here: Dramatiq would wait for three or
five seconds, all workers of all machines the same.
"""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import redis
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import _RedisConsumer

from actors.broker.commands import Following
from actors.broker.envelopes import FOLLOWING, EnvelopeError, read_envelope
from actors.broker.peek import Peek
from config import durations, keys, logs
from config.times import backoff
from worker.ledger.handed import Handed, Taken

log = logs.get("consumer")

#: Messages that are fetched at once: a process with hundreds of threads must leave the others their share.
MOST_AT_ONCE = 16


class BlockingConsumer(_RedisConsumer):
    """Consumes one queue; woken by the queue itself, a message starts in 1 ms, not in half a second."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)  # type: ignore[no-untyped-call]  # dramatiq's
        # The broker's, so that what is fetched and not handed out yet counts for the other queue too.
        self.message_cache = self.broker.fetched[self.queue_name]
        self._peek = Peek(self.broker.client, keys.QUEUE(self.queue_name))
        self._reclaimed = -math.inf
        self._missing: set[str] = set()
        """What was on record as in hand here, and was not, at the last look."""
        self._backoff = backoff()
        self._resting = False
        self._more = False
        """Whether there may well be more to fetch, so that a peek would only cost time."""

    def __next__(self) -> MessageProxy | None:
        """Return the next message, or None after a while without one; never raises a Redis error."""
        try:
            message = self._next()
        except redis.RedisError as error:
            pause = next(self._backoff)
            log.warning("redis.lost", queue=self.queue_name, error=str(error), again_in=round(pause, 2))
            self.broker.stopping.wait(pause)
            self._peek.end()  # the server may be another one by now
            # The answer that was lost may have held a message.
            self._reclaimed = -math.inf
            return None
        self._backoff = backoff()
        return message

    def _next(self) -> MessageProxy | None:
        self.broker.tend()
        if self.broker.stopping.is_set():
            self._rest()
            return None
        self._reclaim()
        if not self.message_cache and self._something_to_fetch():
            self._fetch()
        return self.read(self.message_cache.pop(0)) if self.message_cache else None

    def _rest(self) -> None:
        """Fetch nothing more: the worker ends, and only its sign of life is still needed."""
        if not self._resting:
            # Not where the signal is handled, which may have come in the middle of another line of the log.
            log.info("queue.left", queue=self.queue_name)
            self._resting = True
        time.sleep(durations.PEEK_SECONDS / 10)

    @property
    def _in_hand(self) -> set[str]:
        """The Redis ids of the messages that were handed to the worker's threads."""
        return self.broker.in_hand[self.queue_name]  # type: ignore[no-any-return]  # dramatiq's has no types

    @property
    def _free(self) -> int:
        """How many threads have nothing to do."""
        taken = (*self.broker.in_hand.values(), *self.broker.fetched.values())
        free: int = self.prefetch - sum(map(len, taken))
        return free

    def _fetch(self) -> None:
        """Take as many messages as can begin at once: what a worker has in hand is suspected when it dies.

        One queue at a time, or both would count on the same free threads; but a fetch that hangs must not
        keep the other queue's consumer from the sign of life.
        """
        if not self.broker.fetching.acquire(timeout=durations.PEEK_SECONDS):
            return
        try:
            free = self._free
            if free > 0:
                self.message_cache.extend(self.broker.fetch(self.queue_name, min(free, MOST_AT_ONCE)))
        finally:
            self.broker.fetching.release()
        peeked, self._more = not self._more, 0 < free <= len(self.message_cache)
        if peeked and free > 0 and not self.message_cache:
            # Messages are left that must wait for a free thread, so the peek returns at once.
            self.broker.stopping.wait(durations.PEEK_SECONDS / 10)

    def _something_to_fetch(self) -> bool:
        if self._free <= 0:
            self.broker.room.clear()
            if self._free <= 0 and not self.broker.room.wait(durations.PEEK_SECONDS):
                return False
        return self._more or self._peek.wait(durations.PEEK_SECONDS)

    def read(self, taken: Taken) -> MessageProxy | None:
        """Return a message for a thread that runs it; None if it can't be run."""
        redis_id, data = taken.id, taken.text
        try:
            message = read_envelope(self.queue_name, redis_id, data)
        except EnvelopeError as error:
            log.warning("message.unreadable", queue=self.queue_name, id=redis_id, error=str(error))
            self.broker.dead_letter(self.queue_name, redis_id, str(error), data)
            return None
        self._in_hand.add(redis_id)
        proxy: Any = MessageProxy(message)
        unique = self.queue_name != keys.INLET  # the ids of steps are ours, and none is used twice
        if not unique:
            proxy.text = data
        # What a worker has died with is cleared as it ends, and what others are to follow ends with those.
        if redis_id not in self.broker.suspects and message.options.keys().isdisjoint(FOLLOWING):
            broker_id, may_take = self.broker.broker_id, self.broker.may_take
            proxy.handed = Handed(broker_id, self.queue_name, taken, unique, may_take)
        return proxy  # type: ignore[no-any-return]  # it takes any attribute

    def _reclaim(self) -> None:
        """Give back what Redis says is in hand here and is not: the answer to its fetch was lost."""
        if self.message_cache or time.monotonic() - self._reclaimed < durations.RECLAIM_AGAIN_SECONDS:
            return
        before = self._in_hand.copy()
        held = self.broker.held(self.queue_name)
        # A thread acknowledges in Redis first: what is on Redis' list and no thread has was lost on its way
        # here, or it was taken with a move and is about to arrive, long before the next look.
        missing = held - before - self._in_hand
        lost = missing & self._missing if missing and self.broker.is_taking() else missing
        lost -= self._in_hand  # what has arrived meanwhile
        self._missing = missing - lost
        if lost:
            log.warning("messages.reclaimed", queue=self.queue_name, messages=len(lost))
            self.broker.requeue(self.queue_name, *lost)
        self._reclaimed = time.monotonic()

    def ack(self, message: MessageProxy) -> None:
        """Acknowledge, or give back what met a Redis error or comes too late to be begun."""
        if self._is_over(message):
            return
        if getattr(message, "give_back", False):
            # Blocks a worker's thread, which can do nothing without Redis anyway.
            self.broker.stopping.wait(durations.GIVE_BACK_SECONDS)
            self.requeue([message])
        else:
            follow, text = getattr(message, "following", []), getattr(message, "text", b"")
            self._end(lambda queue, redis_id: self._acknowledge(queue, redis_id, follow, text), message)

    def nack(self, message: MessageProxy) -> None:
        """Make the message a dead letter."""
        if self._is_over(message):
            return
        # Without an error it never ran: Dramatiq knows no such actor.
        error = getattr(message, "error", f"no worker has an actor {message.actor_name[:40]}")
        text = getattr(message, "text", b"")
        self._end(lambda queue, redis_id: self.broker.dead_letter(queue, redis_id, error, text), message)

    def _is_over(self, message: MessageProxy) -> bool:
        """Return whether a message has ended with its step's move; go on with what was taken with it."""
        handed: Handed | None = getattr(message, "handed", None)
        if handed is None or not handed.is_over:
            return False
        if handed.following is not None:
            self.broker.go_on(handed.following)
        self._forget(message.options["redis_message_id"])
        return True

    def _acknowledge(self, queue: str, redis_id: str, following: list[Following], text: bytes) -> None:
        # First: should the acknowledgement fail, it is run again, and must not be suspected any more.
        self.broker.clear(redis_id)
        self.broker.acknowledge(queue, redis_id, following, text)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give back messages to their queue."""
        for message in messages:
            self._end(self.broker.requeue, message)

    def _end(self, command: Callable[[str, str], Any], message: MessageProxy) -> None:
        """Run a command until it succeeds, or once if the process ends: then others put the message back."""
        redis_id = message.options["redis_message_id"]
        for pause in backoff():
            try:
                command(self.queue_name, redis_id)
                break
            except redis.RedisError as error:
                log.warning("message.unsettled", queue=self.queue_name, id=redis_id, error=str(error))
                if self.broker.stopping.wait(pause):
                    break
        self._forget(redis_id)

    def _forget(self, redis_id: str) -> None:
        self._in_hand.discard(redis_id)
        self.broker.room.set()

    def close(self) -> None:
        """Give back, when the process ends, what is still on record as in its hands: others need not wait."""
        self._peek.end()
        if not self.broker.stopping.is_set():
            return
        try:
            if left := self.broker.held(self.queue_name):
                self.broker.requeue(self.queue_name, *left)
        except redis.RedisError as error:
            log.warning("messages.left", queue=self.queue_name, error=str(error))
