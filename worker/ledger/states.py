"""The states of briefs and promotions and the allowed moves between them, as one table.

`worker/ledger/library.py` hands these tables to the Lua functions, which refuse every move that is not in
them. The pictures of docs/states.md and the test of the refused moves are made from them.
"""

from typing import NamedTuple

from config.limits import Endpoint


class State(NamedTuple):
    """One state: its allowed moves, the actor that its timer wakes, what it holds of the account's limits."""

    moves: tuple[str, ...]
    actor: str | None = None
    permit: bool = False
    """Holds a job permit: the API has, or may have, a job of it."""
    slots: bool = False
    """Holds the slots that were reserved for it."""
    final: bool = False
    """Nothing follows by itself: its moves are an operator's, who wants it tried again."""
    happens: str = ""
    """What happens to a record in it, in words; blank where it waits for permits or has ended."""
    meets: tuple[str, ...] = ()
    """Whose pauses (`PAUSES` of worker/ledger/kinds.py) stop what a record in it does next."""


BRIEF: dict[str, State] = {
    # before it asks for permits; one that asks for the description of its photo alone is done with it
    "preparing": State(
        ("waiting", "done", "failed", "held", "cancelled"),
        "prepare_brief",
        happens="its files are uploaded and its reference image described",
        meets=("pause", Endpoint.CREATE, "prepare"),
    ),
    # accepted, waits for permits; once they are granted, submit_brief comes
    "waiting": State(("submitting", "failed", "held", "cancelled"), "submit_brief"),
    "submitting": State(
        ("generating", "waiting", "uncertain", "held", "failed", "cancelled"),
        "submit_brief",
        permit=True,
        slots=True,
        happens="its create is under way",
    ),
    "uncertain": State(
        ("generating", "waiting", "held", "failed", "cancelled"),
        "submit_brief",
        permit=True,
        slots=True,
        happens="nobody knows yet whether its create arrived; it is not sent twice",
        meets=("pause",),
    ),
    "generating": State(
        ("choosing", "failed", "held", "cancelled"),
        "collect_drafts",
        permit=True,
        slots=True,
        happens="the API draws its drafts",
        meets=("pause", Endpoint.PROMOTE),
    ),
    # `first` and `all` choose in the same call, as an import does; a rule that looks at pictures has a step
    # of its own; else it waits for a person, without a timer
    "choosing": State(
        ("promoting", "failed", "cancelled"),
        "choose_drafts",
        slots=True,
        happens="its drafts are being chosen from",
        meets=("pause", Endpoint.PROMOTE),
    ),
    "promoting": State(
        ("done", "failed", "held", "cancelled"),
        happens="its promotions are under way",
        meets=("pause", Endpoint.PROMOTE),
    ),
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
        ("preprocessing", "planned", "failed", "held", "cancelled"),
        "promote_draft",
        permit=True,
        slots=True,
        happens="its promotions are under way",
        meets=("pause", Endpoint.PROMOTE),
    ),
    # the identity is there
    "preprocessing": State(
        ("ready", "planned", "failed", "held", "cancelled"),
        "finish_identity",
        permit=True,
        happens="the API prepares its identity",
        meets=("pause",),
    ),
    # one of its steps fails again and again: its brief is held as well
    "held": State(("planned", "preprocessing", "failed", "cancelled"), "watch_held", slots=True),
    "ready": State((), final=True),
    "failed": State(("planned",), final=True),
    "cancelled": State((), final=True),
}
