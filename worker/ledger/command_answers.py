"""The answers of the ledger's commands, and how they are read."""

import json
from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict, cast

from worker.ledger.arrivals import Arrived, Outcome, read_bought
from worker.ledger.transition import Answer
from worker.store.functions import text, texts

#: What an event of the API has woken: the step of its record; nobody, as its job is not known yet; the steps
#: of all jobs in flight, as it names none; nothing, as it came by webhook before, or too late to tell.
Woken = Literal["ours", "nobody", "all", "seen", "old"]


class Waits(TypedDict):
    """What a waiting record waits for."""

    account: str
    endpoint: str
    granted: bool
    urgent: bool
    parked: bool
    position: NotRequired[int]
    """From 1; not there where it is parked."""
    waiting: int
    promotions: int
    """How many go first."""
    missing: Sequence[dict[str, Any]]
    """`what` is missing, with its numbers."""


def read_answer(answer: Any) -> Answer:
    """Read the answer to a change."""
    return Answer(text(answer))


def read_arrived(answer: Any) -> Arrived:
    """Read what became of an arriving brief."""
    outcome, state, bought, *differs = texts(answer)
    return Arrived(Outcome(outcome), state or None, tuple(differs), read_bought(bought))


def read_woken(answer: Any) -> Woken:
    """Read what an event has woken."""
    return cast(Woken, text(answer))


def read_waits(answer: Any) -> Waits | None:
    """Read what a record waits for, None where it does not wait."""
    if not answer:
        return None
    found: Waits = json.loads(answer)
    # An empty table of Lua's is an object.
    return {**found, "missing": found["missing"] or ()}


def read_pairs(answer: Any) -> dict[str, str]:
    """Read a table of texts."""
    found = texts(answer)
    return dict(zip(found[::2], found[1::2], strict=True))
