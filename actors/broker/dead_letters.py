"""Dead letters: messages that no worker could run, each with the reason; read, brought back, dropped."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import redis

from actors.broker import commands
from actors.broker.library import broker_library
from config import keys
from config.text import printable
from worker.store.connection import decoded
from worker.store.functions import Functions


class DeadLetter(NamedTuple):
    """A dead letter: its queue and id, the message's text, since when and why it is one."""

    queue: str
    id: str
    text: str
    """Its beginning, where it is longer than what is read of any message."""
    bytes: int
    at: int
    """Ms since 1970, by the server's clock."""
    error: str
    deaths: tuple[dict[str, Any], ...]
    """The workers that died with it in hand: `at` (ms) and `worker` of each."""

    @property
    def step(self) -> tuple[str, str] | None:
        """Return the actor and the subject of a step's message, None of another."""
        try:
            message = json.loads(self.text)
            actor, subject = message["actor_name"], message["args"][0]
        except (ValueError, RecursionError, LookupError, TypeError):
            return None
        return (str(actor), subject) if self.queue == keys.STEPS and isinstance(subject, str) else None


def read(client: "redis.Redis", queue: str, message_id: str, most: int | None = None) -> DeadLetter | None:
    """Return a dead letter, None when there is none of this id; of its text so many bytes at most."""
    found = _functions(client).run(commands.read(queue, message_id, most))
    if found is None:
        return None
    told = json.loads(decoded(found.reason)) if found.reason else {}
    # A dead letter that Dramatiq itself wrote has no reason.
    error = str(told.get("error", "no worker could run it"))
    deaths = tuple(told.get("deaths", ()))
    return DeadLetter(queue, message_id, decoded(found.text), found.size, found.since, error, deaths)


def find(client: "redis.Redis", message_id: str) -> DeadLetter | None:
    """Return a dead letter of either queue."""
    found = (read(client, queue, message_id) for queue in (keys.INLET, keys.STEPS))
    return next((dead_letter for dead_letter in found if dead_letter is not None), None)


def shown_as(clients: Sequence["redis.Redis"], name: str) -> "tuple[redis.Redis, DeadLetter] | None":
    """Return a dead letter of any shard, and its shard's client: by its id, or by how that is shown.

    An id may be any bytes, which nobody can type. Raises redis.RedisError.
    """
    for client in clients:
        if (found := find(client, name)) is not None:
            return client, found
    # Only now: all ids are read for that, which may be thousands.
    for client in clients:
        alike = (its for its in ids(client) if printable(its[1]) == name)
        if (found := next(each(client, alike), None)) is not None:
            return client, found
    return None


def oldest(client: "redis.Redis", most: int, most_bytes: int) -> list[DeadLetter]:
    """Return some dead letters of each queue, the oldest, with the beginnings of their texts."""
    found = [
        read(client, queue, decoded(message_id), most_bytes)
        for queue in (keys.INLET, keys.STEPS)
        for message_id in _ask(client, "ZRANGE", keys.DEAD_LETTERS(queue), 0, most - 1)
    ]
    return [dead_letter for dead_letter in found if dead_letter is not None]


def ids(client: "redis.Redis") -> list[tuple[str, str]]:
    """Return queue and id of all dead letters, those of a queue oldest first."""
    return [
        (queue, decoded(message_id))
        for queue in (keys.INLET, keys.STEPS)
        for message_id in _ask(client, "ZRANGE", keys.DEAD_LETTERS(queue), 0, -1)
    ]


def each(client: "redis.Redis", found: Iterable[tuple[str, str]]) -> Iterator[DeadLetter]:
    """Yield those of these dead letters that there (still) are, one at a time: a body may be large."""
    for queue, message_id in found:
        dead_letter = read(client, queue, message_id)
        if dead_letter is not None:
            yield dead_letter


def beyond(client: "redis.Redis") -> int:
    """Return how many entries of the inlet found no room among its dead letters."""
    return int(_ask(client, "LLEN", keys.DEAD_LETTERS_BEYOND()))


def revive(client: "redis.Redis", dead_letter: DeadLetter) -> bool:
    """Put a dead letter back into its queue; return False when somebody else has."""
    return _functions(client).run(commands.revive(dead_letter.queue, dead_letter.id))


def drop(client: "redis.Redis", dead_letter: DeadLetter) -> bool:
    """Forget a dead letter; return False when somebody else has."""
    return _functions(client).run(commands.drop(dead_letter.queue, dead_letter.id))


def _functions(client: "redis.Redis") -> Functions:
    return Functions(client, broker_library())


def _ask(client: "redis.Redis", *command: Any) -> Any:
    """Return an answer as bytes, since others may have written any bytes."""
    return client.execute_command(*command, NEVER_DECODE=True)
