"""All that Redis holds of the accounts of a scene, read at once."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import redis
from side_by_side.model import Model

from config import keys
from worker.store.functions import Command, Functions, T

START = 1_000_000
ENDPOINTS = ("create", "promote")


@dataclass
class Seen:
    """What Redis holds of an account."""

    permits: set[str]
    waiting: dict[str, list[str]]
    windows: dict[str, list[tuple[str, float]]]
    slots: dict[str, int]
    identities: dict[str, int]
    record: dict[str, str]
    reservations: dict[str, float]

    def under_way(self, endpoint: str) -> set[str]:
        """Return whose requests have no end yet."""
        return {name for name, end in self.windows[endpoint] if end == float("inf")}


@dataclass
class Looking:
    """Accounts and batches, and what Redis holds of them."""

    client: "redis.Redis"
    functions: Functions
    model: Model
    batches: tuple[str, ...] = ()
    now: int = START
    ran: int = 0
    libraries: dict[str, set[str]] = field(default_factory=dict)
    """The identities that the server has, by account."""
    sent: list[tuple[str, str]] = field(default_factory=list)
    """Steps that were sent since the last look: actor and subject."""
    sound: bool = True
    """Whether the last comparison held."""
    timers: dict[str, int] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(1))

    def run(self, command: Command[T]) -> T:
        """Call a function now."""
        self.ran += 1
        return self.functions.run(command, self.now)

    def read(self) -> tuple[dict[str, Seen], dict[str, list[str]], Any, Any, dict[str, int]]:
        """Return what each account holds, who is parked by batch, budgets, promises and timers."""
        with self.client.pipeline(transaction=True) as pipe:
            for name in self.model.accounts:
                pipe.zrange(keys.PERMITS(name), 0, -1)
                pipe.hgetall(keys.SLOTS(name))
                pipe.zrange(keys.IDENTITIES(name), 0, -1, withscores=True)
                pipe.hgetall(keys.RECORD(f"account:{name}"))
                pipe.hgetall(keys.RESERVATIONS(name))
                for endpoint in ENDPOINTS:
                    pipe.zrange(keys.WAITING(name, endpoint), 0, -1)
                    pipe.zrange(keys.WINDOW(name, endpoint), 0, -1, withscores=True)
            for batch in self.batches:
                pipe.zrange(keys.PARKED(batch), 0, -1)
                pipe.hgetall(keys.BUDGET(batch))
                pipe.hgetall(keys.BATCH_RESERVATIONS(batch))
            pipe.zrange(keys.TIMERS(), 0, -1, withscores=True)
            pipe.lrange(keys.QUEUE(keys.STEPS), 0, -1)
            pipe.hgetall(keys.MESSAGES(keys.STEPS))
            pipe.delete(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))
            got = iter(pipe.execute())
        seen = {}
        for name in self.model.accounts:
            permits, slots, identities, record, reserved = (next(got) for _ in range(5))
            waiting, windows = {}, {}
            for endpoint in ENDPOINTS:
                waiting[endpoint], windows[endpoint] = next(got), next(got)
            seen[name] = Seen(
                set(permits), waiting, windows, {s: int(n) for s, n in slots.items()},
                {code: int(since) for code, since in identities}, record,
                {s: float(amount) for s, amount in reserved.items()},
            )  # fmt: skip
        parked, budgets, promised = {}, {}, {}
        for batch in self.batches:
            parked[batch], budgets[batch], promised[batch] = (next(got) for _ in range(3))
        timers = {subject: int(due) for subject, due in next(got)}
        order, messages = next(got), next(got)
        decoded = [json.loads(messages[number]) for number in order]
        self.sent = [(message["actor_name"], message["args"][0]) for message in decoded]
        return seen, parked, budgets, promised, timers
