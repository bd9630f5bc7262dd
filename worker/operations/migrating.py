"""Brings a ledger of an older release to the present schema, piece by piece (`config/recorded/schema.py`)."""

from enum import StrEnum
from typing import Any, NamedTuple

import redis

from config import keys
from config.recorded import schema
from worker.store.functions import Command, texts


class Following(StrEnum):
    """What is to be done after a piece."""

    #: Another piece.
    MORE = "more"
    #: Processes of an older release must end before anything is.
    WAIT = "wait"
    #: Nothing.
    NONE = "none"


class Piece(NamedTuple):
    """How a ledger stands after a piece."""

    number: int
    """The schema that it is of."""
    oldest: int
    """The oldest schema whose processes may work on it."""
    following: Following

    @property
    def shuts_out(self) -> bool:
        """Whether this release may not go on working on it."""
        return self.oldest > schema.present()


def migrate() -> Command[Piece]:
    """Do the next piece, if there is one; at any time, as often as one likes, and two at once."""
    return Command("migrate", keys.SCHEMA(), _piece, {})


def standing(client: "redis.Redis") -> schema.Standing:
    """Return what is on record of the ledger's schema."""
    record: Any = client.hgetall(keys.SCHEMA())
    return schema.standing(record)


def _piece(answer: Any) -> Piece:
    number, oldest, following = texts(answer)
    return Piece(int(number), int(oldest), Following(following))
