"""The Dramatiq broker: Redis, with a blocking consumer and with recovery of dead workers' messages.

Waiting is never a message here (docs/decisions.md), so there are no delay queues and no retries. A step that
became a dead letter has its brief held; a brief that did is kept for a person to look at.
"""

import hashlib
import itertools
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import uuid4

import redis
from dramatiq import Message, Middleware, Worker
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import CurrentMessage

from actors.broker import commands
from actors.broker.consumer import BlockingConsumer
from actors.broker.draining import Draining
from actors.broker.envelopes import SENDER
from actors.broker.library import broker_library
from actors.broker.outcomes import Outcomes
from config import durations, keys, logs, processes
from worker.ledger.handed import Taken
from worker.store.connection import connect_bytes, decoded, unconnected
from worker.store.functions import Functions
from worker.store.replicas import write

log = logs.get("broker")


class _OneEachThread(Middleware):
    """Tells the broker of its worker, and how many threads that has."""

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        broker.prefetch, broker.worker = worker.worker_threads, worker


class Broker(RedisBroker):
    """The broker of workers and of whoever enqueues."""

    def __init__(
        self,
        url: str | None = None,
        *,
        boot: Middleware | None = None,
        prefetch: int = 1,
        namespace: str | None = None,
    ) -> None:
        """`url` may be told later, by `open`: `boot`, which comes before all else, may do so.

        The namespace is that of the environment unless one is named.
        """
        self._draining = Draining()
        middleware = [_OneEachThread(), self._draining, CurrentMessage(), Outcomes()]
        super().__init__(  # type: ignore[no-untyped-call]  # dramatiq's
            client=connect_bytes(url, namespace) if url else unconnected(),
            namespace=keys.DRAMATIQ,
            middleware=[boot, *middleware] if boot else middleware,
            maintenance_chance=0,
        )
        self.prefetch = prefetch
        """How many messages this process holds at once; of a worker, as many as it has threads."""
        self._tended = -math.inf
        self._functions = Functions(self.client, broker_library())
        self.in_hand: defaultdict[str, set[str]] = defaultdict(set)
        """The Redis ids of the messages that this process's threads have, by queue."""
        self.worker: Worker | None = None
        """The worker of this process; None in one that only sends."""
        self.fetched: defaultdict[str, list[Taken]] = defaultdict(list)
        """The messages that were fetched and are about to be handed to a thread, by queue."""
        self.fetching = threading.Lock()
        """Held by the consumer that fetches: all queues share the threads."""
        self.room = threading.Event()
        """Set when a thread has become free."""
        self.inlets: Sequence[str] = ()
        """The further inlets whose messages this worker moves to the inlet."""
        self.suspects: dict[str, str] = {}
        """Of those messages the ones that a worker has died with, and what they are about."""
        self.stopping = threading.Event()
        """Set when this worker ends: nothing is begun any more."""

    def open(self, url: str, *, shutdown: float = 0.0, can_reload: Callable[[], bool] | None = None) -> None:
        """Use the server on `url` from here on, as a worker of its own: its process may be a fork.

        A worker that ends waits for its paid calls for `shutdown` seconds at the most. At SIGHUP it ends, to
        begin anew, unless `can_reload` says that it could not.
        """
        self.broker_id = processes.sign()
        self.client = connect_bytes(url)
        for script in self.scripts.values():
            script.registered_client = self.client
        self._functions = Functions(self.client, broker_library())
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

    def fetch(self, queue_name: str, most: int) -> list[Taken]:
        """Take up to so many messages, on record as this worker's."""
        fetched = self._functions.run(commands.fetch(self.broker_id, queue_name, most))
        _tell(fetched.dead)
        self.suspects |= {taken.id: topic for taken, topic in fetched.taken if topic}
        return [taken for taken, _ in fetched.taken]

    def held(self, queue_name: str) -> set[str]:
        """Return the ids of what is on record as in this worker's hands."""
        return set(map(decoded, self.client.smembers(keys.IN_HAND(self.broker_id, queue_name))))

    def may_take(self) -> bool:
        """Return whether a thread that has ended a step can run another one."""
        # A worker that was told to consume other queues only has nobody to hand it to.
        consumers = {} if self.worker is None else self.worker.consumers
        return keys.STEPS in consumers and not self.stopping.is_set()

    def is_taking(self) -> bool:
        """Return whether a message has ended in Redis and not here yet, and another may be taken with it."""
        return any(set(self.in_hand[queue]) - self.held(queue) for queue in (keys.INLET, keys.STEPS))

    def go_on(self, taken: Taken) -> None:
        """Hand a step that was taken with the end of another one to this worker's threads."""
        thread = None if self.worker is None else self.worker.consumers.get(keys.STEPS)
        consumer = None if thread is None else cast("BlockingConsumer | None", thread.consumer)
        if thread is None or consumer is None:
            return  # as the worker ends or begins: it is given back, or put back, as what was lost on its way
        try:
            message = consumer.read(taken)
        except redis.RedisError as error:
            log.warning("message.unsettled", queue=keys.STEPS, id=taken.id, error=str(error))
            return
        if message is not None:
            thread.handle_message(message)

    def clear(self, redis_id: str) -> None:
        """Note that a message ran to its end, so that it is not taken for what killed its earlier workers."""
        if topic := self.suspects.pop(redis_id, None):
            self.client.hdel(keys.DEATHS(), topic)

    def dead_letter(self, queue_name: str, redis_id: str, error: str, text: bytes = b"") -> None:
        """Make a message of this worker's a dead letter, and say why.

        `text` is the message as it was fetched: under its id another may stand by now.
        """
        told = error.encode(errors="backslashreplace").decode()
        self._functions.run(commands.dead_letter(self.broker_id, queue_name, redis_id, text, told))

    def acknowledge(
        self, queue_name: str, redis_id: str, following: list[commands.Following], text: bytes = b""
    ) -> None:
        """Acknowledge a message that ran, and send what is to follow it (`actors/broker/pipelines.py`).

        `text` is the message as it was fetched: under its id another may stand by now.
        """
        digest = hashlib.sha1(text, usedforsecurity=False).hexdigest() if text else ""
        self._functions.run(commands.ack(self.broker_id, queue_name, redis_id, digest, following))

    def requeue(self, queue_name: str, *redis_ids: str) -> None:
        """Give back messages of this worker's to their queue; raises redis.RedisError."""
        self._functions.run(commands.requeue(self.broker_id, queue_name, redis_ids))

    def enqueue_briefs(self, briefs: Sequence[str], replicas: int = 0, sender: str | None = None) -> None:
        """Put briefs (JSON) on the inlet queue in their order, all or none, and wait for so many replicas.

        `sender` is the caller who sees no others' briefs, and whose they are.
        In one call: a server that syncs each write to disk makes thousands wait once, not each. Raises
        redis.RedisError, TooFewReplicasError of briefs that are there and that a failover may lose.
        """
        said = {} if sender is None else {SENDER: sender}
        messages: dict[Any, Any] = {
            redis_id: brief_message(brief).copy(options={"redis_message_id": redis_id, **said}).encode()
            for redis_id, brief in ((str(uuid4()), brief) for brief in briefs)
        }
        bodies = itertools.chain.from_iterable(messages.items())
        hset = ("HSET", keys.MESSAGES(keys.INLET), *bodies)
        write(self.client, [hset, ("RPUSH", keys.QUEUE(keys.INLET), *messages)], replicas)

    def close(self) -> None:
        """Sign out: a worker that ended in order is not one that fell silent (`worker.unresolved.past`)."""
        try:
            self._functions.run(commands.leave(self.broker_id))
        except redis.RedisError as error:
            log.warning("worker.not_signed_out", error=str(error))

    def tend(self) -> None:
        """Say that this worker is alive, put back what dead ones held, queue what has come or is due.

        What has come by further inlets is moved to the inlet with that.

        Not before `durations.TEND_AGAIN_SECONDS` have passed since the last time.
        """
        if time.monotonic() - self._tended < durations.TEND_AGAIN_SECONDS:
            return
        self._tended = time.monotonic()
        _tell(self._functions.run(commands.tend(self.broker_id)).dead)
        if self.inlets:
            self._functions.run(commands.take_in(self.inlets))


def _tell(dead: Sequence[tuple[str, str]]) -> None:
    for redis_id, error in dead:
        log.warning("message.unreadable", id=redis_id, error=error)


def brief_message(brief: str) -> "Message[None]":
    """Return the message that puts a brief (JSON) on the inlet queue."""
    return Message(queue_name=keys.INLET, actor_name="accept_brief", args=(brief,), kwargs={}, options={})
