"""What the Lua commands are given of a transition or a note: what it says, by its name there, and no more."""

from typing import Any

import pytest

from worker.ledger.events import BriefFailed
from worker.ledger.transition import Completion, Note, Pause, Throttle, Transition

#: What a transition and a note have in common, and the arguments that it makes.
CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"fields": {"a": "1"}}, {"set": {"a": "1"}}),
    ({"forget": ("a", "b")}, {"forget": ["a", "b"]}),
    ({"timer_ms": 0}, {"timer": 0}),
    # Without the brace that opens it: Lua puts the time before the rest.
    ({"journal": {"call": "create", "name": "é"}}, {"journal": '"call":"create","name":"é"}'}),
    (
        {"pause": Pause("create", 5, "why", 402)},
        {"pause": {"what": "create", "ms": 5, "reason": "why", "status": 402}},
    ),
    ({"pause": Pause("pause", 5, "why")}, {"pause": {"what": "pause", "ms": 5, "reason": "why"}}),
    ({"paid": True}, {"paid": True}),
    # `Ledger.apply` looks at these itself.
    ({"when": {"state": "held"}, "claim_by": 1.5}, {}),
]
TRANSITIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"event": BriefFailed(error="é")}, {"event": ["identity.brief.failed", '"error":"é"']}),
    ({"completion": Completion.NEVER_LEFT}, {"completion": "never left"}),
    ({"jobs": ("j", "k")}, {"jobs": ["j", "k"]}),
    ({"unowned": True}, {"unowned": True}),
    ({"throttle": Throttle("rate", 9, "slow")}, {"throttle": {"kind": "rate", "ms": 9, "reason": "slow"}}),
    ({"throttle": Throttle("jobs", None, "slow")}, {"throttle": {"kind": "jobs", "reason": "slow"}}),
    ({"promotions": ({"tried": "0"},)}, {"promotions": [{"tried": "0"}]}),
    ({"keep_permit": True}, {"keep_permit": True}),
    ({"observed": 0}, {"observed": 0}),
    ({"also_from": ("held",)}, {}),  # and at this
]
NOTES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"again": True}, {"again": True}),
    ({"calls": True}, {"calls": True}),
]


@pytest.mark.parametrize(("says", "arguments"), [({}, {}), *CHANGES, *TRANSITIONS])
def test_a_transition_gives_the_commands_what_it_says(
    says: dict[str, Any], arguments: dict[str, Any]
) -> None:
    assert Transition("held", **says).arguments() == {"to": "held", **arguments}


@pytest.mark.parametrize(("says", "arguments"), [({}, {}), *CHANGES, *NOTES])
def test_a_note_gives_the_commands_what_it_says(says: dict[str, Any], arguments: dict[str, Any]) -> None:
    assert Note(**says).arguments() == arguments


@pytest.mark.parametrize("state", ["waiting", "planned", "ready"])
def test_a_transition_leads_to_a_state_of_any_kind(state: str) -> None:
    assert Transition(state).to == state


def test_a_transition_to_no_state_cannot_be_made() -> None:
    with pytest.raises(ValueError, match=r"^'done_with' is no state of worker/ledger/states\.py$"):
        Transition("done_with")
