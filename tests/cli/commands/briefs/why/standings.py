"""Accounts whose limits are reached, and what is told of a brief that waits there."""

from typing import Any

from stepping import Flow

from config import keys
from worker.forecast.why import Standing, why


def limit(flow: Flow, **limits: int) -> None:
    """Change limits, as a person would once the worker has put the configured ones on record."""
    from actors.runtime import runtime

    runtime()
    flow.ledger.set_limits("default", {name: str(number) for name, number in limits.items()}, by="test")


def fill(flow: Flow, jobs: int = 5) -> None:
    """Let briefs hold all jobs, `job-0` and so on, and no request count any more."""
    flow.api.lose_events()
    for number in range(jobs):
        flow.accept(brief_id=f"job-{number}")
        flow.until(f"job-{number}", "generating")
    flow.client.delete(keys.WINDOW("default", "create"))


def standing(flow: Flow, brief_id: str) -> Standing:
    """The one thing of a brief that is under way, without a process of its own for the command."""
    found = why(flow.client, flow.settings, brief_id)
    assert found is not None
    return next(each for each in found.standing if each.waiting or each.blockers)


def blockers(flow: Flow, brief_id: str) -> list[dict[str, Any]]:
    """What stands in the way of a brief."""
    return list(standing(flow, brief_id).blockers)
