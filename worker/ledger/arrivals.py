"""Arriving briefs: as they would be put on record, and what became of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from worker.ledger.events import Event


class Outcome(StrEnum):
    """What becomes of an arriving brief."""

    #: Its id is new.
    ACCEPTED = "accepted"
    #: The same brief is on record: nothing happens.
    SAME = "same"
    #: Another one was on record, finished without ever having cost anything: this one takes its place.
    REPLACED = "replaced"
    #: Another one is on record that runs or was paid for: nothing of it changes.
    CONFLICT = "conflict"


class Bought(NamedTuple):
    """An earlier purchase of the same content: when (ms since 1970), as which brief, for which account."""

    brief_id: str
    account: str
    bought_at: int


@dataclass(frozen=True)
class Arrival:
    """An arriving brief, as it would be put on record."""

    brief_id: str
    account: str
    batch: str | None
    priority: int
    fields: Mapping[str, str]
    """What its record holds; `parts`, `source` and `content` are the digests of `worker.briefs.equality`."""
    event: "Event"
    """The event of one that is accepted."""
    state: str = "waiting"
    promotions: tuple[Mapping[str, str], ...] = ()
    """Of one that needs no drafts: the fields of each promotion, planned at once; its state is `choosing`."""
    request_digest: str | None = None
    """Tells it from a record that was made before there were `parts`; None where it breaks rules."""

    elsewhere: str | None = None
    """Where the brief of another account stands that has its id, in another shard; None where none has."""

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the Lua commands."""
        given = {
            "id": self.brief_id,
            "account": self.account,
            "batch": self.batch,
            "priority": self.priority,
            "state": self.state,
            "set": dict(self.fields),
            "event": self.event.arguments(),
            "request_digest": self.request_digest,
            "promotions": [dict(each) for each in self.promotions] or None,
            "elsewhere": self.elsewhere,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class Arrived:
    """The outcome for an arriving brief."""

    outcome: Outcome
    state: str | None = None
    """The state of the brief that was on record."""
    differs: tuple[str, ...] = ()
    """The paths in which that one and this one differ; empty where this one breaks rules."""
    bought: Bought | None = None
    """Of one that is accepted or takes a place: the same was bought before."""


def read_bought(text: str | None) -> Bought | None:
    """Read the purchase that the commands wrote down; None where there is none."""
    return Bought(**json.loads(text)) if text else None
