"""A message that a worker runs: the call of the move that it leads to ends it, and takes the next message.

It is all one call (`worker/ledger/lua/lib/hands.lua`). What else can become of a message is the
broker's matter.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from worker.store.connection import decoded, encoded
from worker.store.functions import Command

T = TypeVar("T")


class Taken(NamedTuple):
    """A message as it was taken from a queue."""

    id: str
    """Its id in Redis, as `decoded` made it."""
    text: bytes
    subject: str
    """What its step is about."""
    fields: dict[str, str]
    """Those of the subject's record, read in that call; empty where there is none."""
    read_at: int
    """The server's time then, ms."""


@dataclass
class Handed:
    """A message that a worker's thread runs."""

    worker: str
    queue: str
    message: Taken
    unique: bool
    """Whether no other message can have its id: the ids of steps are ours."""
    may_take: Callable[[], bool]
    """Tells whether its thread could run another step when this one ends."""
    is_over: bool = False
    """Whether it has ended with a move."""
    following: Taken | None = None
    """The step that was taken with that."""

    def arguments(self) -> dict[str, Any]:
        """Return what the Lua commands are given to end it, beside its id."""
        digest = "" if self.unique else hashlib.sha1(self.message.text, usedforsecurity=False).hexdigest()
        return {"worker": self.worker, "queue": self.queue, "digest": digest, "takes": self.may_take()}

    def end(self, ended: "Ended[T]") -> T:
        """Note what has become of it; return what its command answers."""
        if ended.is_over:
            self.is_over, self.following = True, ended.following
        return ended.answer


class Ended(NamedTuple, Generic[T]):
    """The answer of a command that was to end a message."""

    answer: T
    is_over: bool
    """Whether the message has ended, and was still in its worker's hands."""
    following: Taken | None
    """The step that its worker has in hand instead."""


def ending(command: Command[T], handed: Handed) -> Command[Ended[T]]:
    """Return a command that ends a message as well, if it does what it is for."""

    def read(answer: Any) -> Ended[T]:
        # The answer stands alone where nothing was done.
        told, *came = answer if isinstance(answer, list) else [answer]
        return Ended(command.read(told), bool(came), read_taken(came[0]) if came and came[0] else None)

    arguments = {**command.arguments, "hand": handed.arguments()}
    return Command(command.name, command.key, read, arguments, (encoded(handed.message.id),))


def read_taken(answer: Sequence[Any]) -> Taken:
    """Read what a function has taken: id, text, subject or '', its fields and texts, time in ms."""
    message_id, text, subject, fields, now = answer
    found = dict(zip(map(decoded, fields[::2]), map(decoded, fields[1::2]), strict=True))
    return Taken(decoded(message_id), text, decoded(subject), found, int(now))
