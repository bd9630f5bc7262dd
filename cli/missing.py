"""What stands in the way of a start, each as a line of text."""

from collections.abc import Callable, Mapping
from typing import Any

from cli.common import age, clock

Missing = Mapping[str, Any]


def missing_line(missing: Missing, now: int) -> str:
    """Return one of `worker.why.Waiting.missing` as text; `now` in ms."""
    return _LINES[missing["what"]](missing, now)


def _soon(at: int, now: int) -> str:
    return f"{clock(at)}, in {age(at - now + 999)}"


def _pause(missing: Missing, now: int) -> str:
    what = {"pause": "the account", "create": "creating", "promote": "promoting"}[missing["of"]]
    ends = "tried again" if missing["refusals"] else "goes on"
    return f"{what} is paused, {ends} at {_soon(missing['till'], now)}: {missing['reason']}"


def _probe(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    return "after a refusal one request goes first, and that one is under way"


def _request(missing: Missing, now: int) -> str:
    text = f"a request of the minute: {missing['used']} of {missing['limit']} used, the next"
    if "next_at" not in missing:
        return f"{text} a minute after an answer that is under way"
    return f"{text} at {_soon(missing['next_at'], now)}"


def _job(missing: Missing, now: int) -> str:
    text = f"a job: {missing['used']} of {missing['cap'] or 'any number'} in use"
    if missing.get("working") is not None:
        text += f", kept to {missing['working']} as others use the account"
    if missing["express"]:
        text += f", {missing['express']} kept for urgent briefs"
    return (
        f"{text}; one more is tried in {age(missing['next_at'] - now + 999)}"
        if "next_at" in missing
        else text
    )


def _slots(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    return (
        f"slots: it needs {missing['need']}, {max(0, missing['free'])} of {missing['cap']} are free; "
        "delete identities, or raise the limit"
    )


def _budget(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    batch = missing["batch"]
    return (
        f"budget: it may cost {missing['cost']:g} credits, {missing['left']:g} of {missing['allowed']:g} are "
        f"left for batch {batch}; "
        f"to raise it: `identity-worker limits {missing['account']} --budget {batch}=N`"
    )


_LINES: dict[str, Callable[[Missing, int], str]] = {
    "pause": _pause,
    "probe": _probe,
    "request": _request,
    "job": _job,
    "slots": _slots,
    "budget": _budget,
}
