"""Arriving briefs: accepted, same, replaced or conflict; and what may be updated of one on record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from worker.ledger import commands
from worker.ledger.accounts import AccountLedger
from worker.ledger.events import BriefUpdated, Event
from worker.ledger.records import inside
from worker.store.connection import encoded


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
    event: Event
    """The event of one that is accepted."""
    state: str = "waiting"
    request_digest: str | None = None
    """Tells it from a record that was made before there were `parts`; None where it breaks rules."""

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the Lua commands."""
        given = {
            "id": self.brief_id,
            "account": self.account,
            "batch": self.batch,
            "priority": self.priority,
            "state": self.state,
            "set": dict(self.fields),
            "event": [self.event.type, inside(self.event.data)],
            "request_digest": self.request_digest,
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


class Arrivals(AccountLedger):
    """The part of the ledger that admits briefs; every method is one round trip."""

    def accept(self, arrival: Arrival, redis_id: str | None = None) -> Arrived:
        """Decide the outcome for an arriving brief, and act on it.

        `redis_id` is the id in Redis of the message that brings it. `identity.brief.conflict` is emitted once
        for each; the caller makes a message in conflict a dead letter.
        """
        brought_by = None if redis_id is None else encoded(redis_id)
        return _arrived(self.functions.run(commands.accept(arrival.arguments(), brought_by)))

    def compare(self, arrivals: Sequence[Arrival]) -> list[Arrived]:
        """Return the outcomes if briefs arrived now; nothing changes."""
        given = [arrival.arguments() for arrival in arrivals]
        return [_arrived(answer) for answer in self.functions.run(commands.compare(given))] if given else []

    def update(
        self,
        brief_id: str,
        *,
        when: Mapping[str, str],
        fields: Mapping[str, str],
        batch: str | None,
        priority: int | None,
        event: BriefUpdated,
        journal: Mapping[str, Any],
    ) -> bool:
        """Change a brief's envelope; return False if its fields in `when` ("": absent) do not hold any more.

        `batch` and `priority` are its new ones, None where they stay.
        """
        return self.functions.run(
            commands.update(
                brief_id,
                when=dict(when),
                set=dict(fields),
                batch=batch,
                priority=priority,
                event=[event.type, inside(event.data)],
                journal=inside(journal) + "}",
            )
        )


def _arrived(answer: Sequence[str]) -> Arrived:
    outcome, state, bought, *differs = answer
    return Arrived(Outcome(outcome), state or None, tuple(differs), read_bought(bought))


def read_bought(text: str | None) -> Bought | None:
    """Read the purchase that the commands wrote down; None where there is none."""
    return Bought(**json.loads(text)) if text else None
