"""The broker's commands: for each file under `lua/`, what it is given and what it answers.

`Functions.run(command)` calls one (`worker.store.functions`). A message's id is text as `decoded` made it.
What a command does, and why it must be one call, stands at the head of its file.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, NotRequired, TypedDict

from config import keys
from worker.ledger.handed import Taken, read_taken
from worker.store.connection import decoded, encoded
from worker.store.functions import Command, flag, number

#: Messages of a further inlet that each look moves, and those that may wait in the inlet when it moves more:
#: so that who sends thousands there does not have all others wait behind them.
LEAST_TAKEN_IN, MOST_WAITING = 16, 256


class Fetched(NamedTuple):
    """The answer of `fetch`: the messages taken, and those made dead letters."""

    taken: list[tuple[Taken, str]]
    """Each with what it is about where a worker has died with it, else ""."""
    dead: list[tuple[str, str]]
    """Id and reason."""


class Tended(NamedTuple):
    """The answer of `tend`."""

    put_back: int
    """Messages that dead workers had in hand."""
    dead: list[tuple[str, str]]
    """Id and reason of each dead letter that was made."""


class Following(TypedDict):
    """A message that is to follow another one."""

    queue: str
    id: str
    text: str
    error: NotRequired[str]
    """Why it becomes a dead letter of the message's own queue instead."""


class Stored(NamedTuple):
    """The answer of `read`."""

    text: bytes
    """Its beginning, where it is longer than what is read of any message."""
    size: int
    """Bytes in all."""
    since: int
    """Ms since 1970."""
    reason: bytes
    """JSON; empty where Dramatiq itself wrote it."""


class Surveyed(NamedTuple):
    """The answer of `survey`."""

    lost: int
    """Messages that nobody will come upon; -1 where there are too many to compare."""
    ids: list[str]
    """The ids of some of them."""


def fetch(worker: str, queue: str, most: int) -> Command[Fetched]:
    """Take messages from a queue."""
    return Command("fetch", keys.QUEUE(queue), _fetched, {"worker": worker, "queue": queue, "most": most})


def ack(
    worker: str, queue: str, message_id: str, digest: str, following: Sequence[Following]
) -> Command[bool]:
    """Acknowledge a message that ran, and send what is to follow it."""
    given = {"worker": worker, "queue": queue, "digest": digest, "following": following}
    return Command("ack", keys.QUEUE(queue), flag, given, (encoded(message_id),))


def dead_letter(worker: str, queue: str, message_id: str, fetched: bytes, error: str) -> Command[bool]:
    """Make a message that a worker has in hand a dead letter."""
    given = {"worker": worker, "queue": queue, "error": error}
    return Command("dead_letter", keys.QUEUE(queue), flag, given, (encoded(message_id), fetched))


def requeue(worker: str, queue: str, ids: Collection[str]) -> Command[int]:
    """Give back messages that a worker has in hand to their queue; answers how many are in it again."""
    given = {"worker": worker, "queue": queue}
    return Command("requeue", keys.QUEUE(queue), number, given, tuple(map(encoded, ids)))


def tend(worker: str) -> Command[Tended]:
    """Say that a worker is alive, and put the queues in order."""
    return Command("tend", keys.WORKERS(), _tended, {"worker": worker})


def take_in(inlets: Sequence[str]) -> Command[int]:
    """Move messages of further inlets to the inlet."""
    given = {"inlets": list(inlets), "least": LEAST_TAKEN_IN, "most": MOST_WAITING}
    return Command("take_in", keys.QUEUE(keys.INLET), number, given)


def leave(worker: str) -> Command[bool]:
    """Take a worker that has nothing in hand off the record."""
    return Command("leave", keys.WORKERS(), flag, {"worker": worker})


def read(queue: str, message_id: str, most: int | None = None) -> Command[Stored | None]:
    """Read a dead letter, None where there is none of this id; of its text so many bytes at most."""
    given = {"queue": queue, "most": most}
    return Command("read", keys.DEAD_LETTERS(queue), _stored, given, (encoded(message_id),))


def revive(queue: str, message_id: str) -> Command[bool]:
    """Put a dead letter back into its queue."""
    return Command("revive", keys.DEAD_LETTERS(queue), flag, {"queue": queue}, (encoded(message_id),))


def drop(queue: str, message_id: str) -> Command[bool]:
    """Forget a dead letter."""
    return Command("drop", keys.DEAD_LETTERS(queue), flag, {"queue": queue}, (encoded(message_id),))


def survey(queue: str, workers: Sequence[str]) -> Command[Surveyed]:
    """Look for messages that no worker will find; `workers` may still have some in hand."""
    given = {"queue": queue, "workers": list(workers)}
    return Command("survey", keys.QUEUE(queue), _surveyed, given)


def _fetched(answer: Any) -> Fetched:
    got, dead = answer
    taken = [(read_taken([id_, text, *about]), decoded(topic)) for id_, text, topic, *about in got]
    return Fetched(taken, _told(dead))


def _tended(answer: Any) -> Tended:
    put_back, dead = answer
    return Tended(int(put_back), _told(dead))


def _stored(answer: Any) -> Stored | None:
    if not answer:
        return None
    text, size, since, reason = answer
    return Stored(text, size, round(float(since)), reason)


def _surveyed(answer: Any) -> Surveyed:
    lost, *ids = answer
    return Surveyed(int(lost), [decoded(each) for each in ids])


def _told(dead: Sequence[bytes]) -> list[tuple[str, str]]:
    return [(decoded(id_), decoded(error)) for id_, error in zip(dead[::2], dead[1::2], strict=True)]
