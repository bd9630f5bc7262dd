"""The whole flow in this process: the actors stepped one at a time, a listener in a thread, the queue."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from own_account import Api
from pydantic import SecretStr
from support import DEADLINE, brief, stored

from actors.broker.broker import Broker
from actors.listener.listener import Listener
from benchmarks.caps.virtual import admission
from config import keys
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from config.settings import Settings
from config.times import redis_ms
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject, promotion_subject
from worker.store.connection import connect_bytes
from worker.store.functions import Functions
from worker.views import snapshots

T = TypeVar("T")


class Steps:
    """Runs the actors in this process, one message at a time, in the order of the queue."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._consumers = {name: broker.consume(name, prefetch=1) for name in (keys.INLET, keys.STEPS)}

    def run(self, queue: str = keys.STEPS, deadline: float = DEADLINE) -> tuple[str, str]:
        """Run the next message; return its actor and its argument. Raises AssertionError if none comes."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            if (ran := self._run_one(queue)) is not None:
                return ran
        raise AssertionError(f"no message in the queue {queue} within {deadline} s")

    def until(self, condition: Callable[[], T], deadline: float = DEADLINE) -> T:
        """Run steps until `condition` is truthy; return its value. Raises AssertionError after `deadline`."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            if value := condition():
                return value
            self._run_one(keys.STEPS)
        raise AssertionError(f"not within {deadline} s: {condition}")

    def _run_one(self, queue: str) -> tuple[str, str] | None:
        consumer = self._consumers[queue]
        message = next(consumer)
        if message is None:
            return None
        self._broker.emit_before("process_message", message)
        result = self._broker.get_actor(message.actor_name)(*message.args, **message.kwargs)
        self._broker.emit_after("process_message", message, result=result)
        (consumer.nack if message.failed else consumer.ack)(message)
        return message.actor_name, str(message.args[0])


@dataclass
class Flow:
    """The whole flow with its actors stepped in this process, on a fresh account of the sandbox."""

    client: "redis.Redis"
    ledger: Ledger
    settings: Settings
    functions: Functions
    steps: Steps
    broker: Broker
    api: Api
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000)))

    def accept(self, **fields: Any) -> str:
        """Put a brief on the inlet queue and on record; return its id."""
        brief_id = str(fields.setdefault("brief_id", f"brief-{next(self._numbers)}"))
        self.broker.enqueue(inlet_message(brief(**fields)))
        self.steps.run(keys.INLET)
        return brief_id

    def brief(self, brief_id: str) -> Record:
        """Return a brief's record."""
        return self.record(brief_subject(brief_id))

    def promotion(self, brief_id: str, number: int = 0) -> Record:
        """Return the record of one of a brief's promotions."""
        return self.record(promotion_subject(brief_id, number))

    def record(self, subject: str) -> Record:
        """Return a record that must be there."""
        return stored(self.ledger, subject)

    def until(self, brief_id: str, *states: str) -> Record:
        """Run steps until the brief is in one of these states; return its record."""
        self.steps.until(lambda: self.brief(brief_id).state in states)
        return self.brief(brief_id)

    def finish(self, brief_id: str) -> Record:
        """Run steps until the brief is finished; return its record."""
        return self.until(brief_id, "done", "failed", "cancelled")

    def calls(self, brief_id: str) -> list[str]:
        """Return the brief's journal as `call what`, oldest first."""
        return [f"{entry['call']} {entry['what']}" for entry in snapshots.journal(self.client, brief_id)]

    def grow_older(self, subject: str, seconds: float) -> None:
        """Let a record have been in its state for `seconds` longer, and wake its step as its timer would."""
        record = keys.RECORD(subject)
        for name in ("moved_at", "unknown_since"):
            if self.client.hexists(record, name):
                self.client.hincrby(record, name, -round(seconds * 1000))
        self.wake_timer(subject)

    def pauses(self) -> dict[str, str]:
        """Return why what of the account was held up, by `pause`, `create` or `promote`."""
        fields: Any = self.client.hgetall(keys.RECORD(f"account:{DEFAULT}"))
        ends = ("pause_reason", "create_reason", "promote_reason")
        return {name.removesuffix("_reason"): fields[name] for name in ends if name in fields}

    def pause_promotes(self) -> None:
        """Let promotes wait from now on, as after a refusal."""
        until = redis_ms(self.client.time()) + 3_600_000
        told = {"promote_until": until, "promote_reason": "429", "promote_count": 0}
        self.client.hset(keys.RECORD(f"account:{DEFAULT}"), mapping=told)

    def end_pauses(self) -> None:
        """Let all pauses of the account be over now."""
        untils = ("pause_until", "create_until", "promote_until")
        self.client.hdel(keys.RECORD(f"account:{DEFAULT}"), *untils)
        self.functions.run(admission(DEFAULT))

    def wake_timer(self, subject: str) -> None:
        """Let the timer of one record be due now."""
        self.client.zadd(keys.TIMERS(), {subject: 1})
        self.functions.run(commands.due(most=1))


def inlet_message(body: Mapping[str, Any]) -> "Message[None]":
    """Return the message that other programs send: plain Dramatiq, nothing of ours."""
    return Message(
        queue_name="briefs", actor_name="accept_brief", args=(json.dumps(body),), kwargs={}, options={}
    )


def step(actor: str, *arguments: object) -> "Message[None]":
    """Return the message of a step, as the functions send it."""
    return Message(queue_name="steps", actor_name=actor, args=arguments, kwargs={}, options={})


def enqueue(url: str, **fields: Any) -> None:
    """Enqueue a brief as another program would, by a stock Dramatiq broker."""
    with connect_bytes(url) as client:
        stock_broker(client).enqueue(inlet_message(brief(**fields)))


def stock_broker(client: "redis.Redis") -> RedisBroker:
    """Return a broker as other programs have it."""
    return RedisBroker(client=client)


@contextmanager
def listening(
    settings: Settings, api: Api, url: str, accounts: Mapping[str, Account] | None = None
) -> Iterator[None]:
    """Run a listener in a thread of this process for the length of the block."""
    accounts = accounts or {DEFAULT: Account(name=DEFAULT, token=SecretStr(api.token))}
    with in_loop("listener", Listener(settings, accounts, url).run):
        yield


@contextmanager
def in_loop(name: str, main: Callable[[], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Run a program of asyncio in a thread of this name, and cancel it at the end of the block."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(main())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run, name=name)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
