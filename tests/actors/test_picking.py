"""Picks that other systems send as messages: what `pick` allows, once, and dead letters with the reason."""

from typing import Any

import pytest
from dramatiq import Message
from stepping import Flow

from actors.broker import dead_letters
from config import keys

MANUAL: dict[str, Any] = {
    "choose": ["manual", "first"],
    "instructions": [{"prompt": "one", "num_variations": 2}, {"prompt": "two"}],
}


def waiting(flow: Flow) -> list[int]:
    """The drafts of a brief that waits for a pick."""
    brief = flow.until(flow.accept(brief_id="a", **MANUAL), "choosing")
    return [draft["image_result_id"] for draft in brief.json("drafts")]


def send(flow: Flow, *args: object, **kwargs: object) -> None:
    """Send a pick, and run it."""
    flow.broker.enqueue(Message(keys.INLET, "pick_drafts", args, kwargs, {}))
    assert flow.steps.run(keys.INLET)[0] == "pick_drafts"


def refused(flow: Flow) -> list[str]:
    found = dead_letters.each(flow.client, dead_letters.ids(flow.client))
    return [dead_letter.error for dead_letter in found]


def test_a_pick_by_message_is_put_on_record_once(heard: Flow) -> None:
    drafts = waiting(heard)
    send(heard, "a", [drafts[2]])
    assert f"no draft to pick: {drafts[2]}" in refused(heard)[0]
    send(heard, "a", [drafts[1]])
    send(heard, brief_id="a", drafts=[drafts[1]])
    assert heard.finish("a").state == "done"
    send(heard, "a", [drafts[1]])
    promoted = [heard.promotion("a", number).json("candidates")[0]["image_result_id"] for number in (0, 1)]
    assert (promoted, len(refused(heard))) == (drafts[1:], 1)
    send(heard, "a", [drafts[0]])
    assert "brief a is done" in refused(heard)[1]


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("gone", [1]), "no brief gone is on record"),
        (("a", []), "a list of 1 to"),
        (("a", [True]), "whole numbers"),
        (("a", "7"), "a list of 1 to"),
        ((7, [1]), "brief_id must be"),
        (("a", [1], "yes"), "leave_rest must be"),
    ],
)
def test_a_pick_that_can_not_be_made_is_a_dead_letter(
    flow: Flow, args: tuple[object, ...], reason: str
) -> None:
    send(flow, *args)
    assert [reason in each for each in refused(flow)] == [True]
