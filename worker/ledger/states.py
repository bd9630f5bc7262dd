"""The life of a brief and of a promotion, as one table: the states, the allowed moves, what a state holds.

`worker/ledger/scripts.py` hands this table to the Lua scripts, which refuse every move that is not in it.
README's picture of the states and the test of the refused moves are made from it.
"""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a record is of; also the first part of its subject."""

    BRIEF = "brief"
    PROMOTION = "promotion"


class State(NamedTuple):
    """One state: where it may go, who is woken when its timer is due, what it holds of the account."""

    moves: tuple[str, ...]
    actor: str | None = None
    permit: bool = False
    """Holds a job permit: the API has, or may have, a job of it."""
    slots: bool = False
    """Holds the slots that were reserved for it."""
    final: bool = False
    """Nothing follows by itself: its moves are an operator's, who wants it tried again."""


BRIEF: dict[str, State] = {
    # its files are uploaded and its reference image described, before it asks for permits
    "preparing": State(("waiting", "failed", "held", "cancelled"), "prepare_brief"),
    # accepted, waits for permits; once they are granted, submit_brief comes
    "waiting": State(("submitting", "failed", "held", "cancelled"), "submit_brief"),
    # the create may be under way
    "submitting": State(
        ("generating", "waiting", "uncertain", "failed", "cancelled"), "submit_brief", permit=True, slots=True
    ),
    # nobody knows whether the create arrived
    "uncertain": State(
        ("generating", "waiting", "held", "failed", "cancelled"), "submit_brief", permit=True, slots=True
    ),
    # the API draws the drafts
    "generating": State(
        ("choosing", "failed", "held", "cancelled"), "collect_drafts", permit=True, slots=True
    ),
    # drafts are there; where a rule chooses, the brief goes on in the same call, else it waits for a person
    "choosing": State(("promoting", "failed", "cancelled"), slots=True),
    # its promotions are on their way
    "promoting": State(("done", "failed", "held", "cancelled")),
    # waits for an operator's word: on its job, on the description of its photo, on a step that fails
    "held": State(
        ("preparing", "waiting", "uncertain", "generating", "promoting", "failed", "cancelled"),
        "watch_held",
        slots=True,
    ),
    "done": State(("promoting",), final=True),
    "failed": State(("preparing", "waiting", "generating", "choosing", "promoting"), final=True),
    "cancelled": State((), final=True),
}

PROMOTION: dict[str, State] = {
    # a draft is chosen; waits for permits; once they are granted, promote_draft comes
    "planned": State(("promoting", "failed", "held", "cancelled"), "promote_draft", slots=True),
    # the promote may be under way; it may be repeated
    "promoting": State(
        ("preprocessing", "planned", "failed", "held", "cancelled"), "promote_draft", permit=True, slots=True
    ),
    # the identity is there, the API prepares it
    "preprocessing": State(
        ("ready", "planned", "failed", "held", "cancelled"), "finish_identity", permit=True
    ),
    # one of its steps fails again and again: its brief is held as well
    "held": State(("planned", "preprocessing", "failed", "cancelled"), "watch_held", slots=True),
    "ready": State((), final=True),
    "failed": State(("planned",), final=True),
    "cancelled": State((), final=True),
}

TABLE: dict[Kind, dict[str, State]] = {Kind.BRIEF: BRIEF, Kind.PROMOTION: PROMOTION}

#: The states in which a record begins.
BEGINS: dict[Kind, tuple[str, ...]] = {
    Kind.BRIEF: ("preparing", "waiting", "failed"),
    Kind.PROMOTION: ("planned",),
}

#: The states in which a record waits for permits, with the paid endpoint that it waits for.
WAITS: dict[Kind, tuple[str, str]] = {
    Kind.BRIEF: ("waiting", "create"),
    Kind.PROMOTION: ("planned", "promote"),
}


def final(kind: Kind, state: str) -> bool:
    """Return whether a record in this state is finished."""
    return TABLE[kind][state].final
