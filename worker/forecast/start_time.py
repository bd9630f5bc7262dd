"""Forecasts when a waiting record starts, if it lacks nothing but time."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

from config.limits import Endpoint
from config.settings import Settings
from worker.forecast.inputs import caps, forecast
from worker.forecast.simulation import Estimate
from worker.ledger.command_answers import Waits
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.views.account import AccountReport
from worker.views.blockers import Processes


class Start(NamedTuple):
    """The forecast of a start, ms since 1970; else what has to happen first, and the soonest time."""

    at: int | None
    not_known: str | None = None
    not_before: int | None = None


#: What has to happen first where no time can be forecast, by what is missing; the first that fits is told.
_UNKNOWN = {
    "budget": "the budget of its batch would have to be raised",
    "person": "the pause of its account or batch has to end",
    "turn": "those of its batch that were held back before it have to start",
    "account budget": "the account's budget would have to be raised, or what is reserved of it come free",
    "slots": "nobody knows when an identity will be deleted or a reserved slot given back",
    "price": "the first job of the account has to end, which tells what drafts cost",
    "probe": "the request that goes first after a refusal has to come through",
}


#: Forecasts the starts of the first so many that wait, which may be urgent.
Forecasting = Callable[[int, bool], Estimate]


def start_of(
    report: AccountReport,
    settings: Settings,
    told: Waits,
    needs: list[int],
    found: Processes,
    forecasting: Forecasting | None = None,
) -> Start:
    """Return the forecast of a record's start; where there is none, what has to happen first.

    `forecasting` is for whoever asks of many: those that come later change nothing for those before them.
    """
    if not found.workers:
        return Start(None, "no worker runs that would start it")
    if told["granted"]:
        return Start(report.read_at)
    missing = told["missing"]
    lacks = {each["what"] for each in missing}
    if told["parked"] and not lacks & {"person", "budget"}:
        lacks.add("turn")
    refused = [each for each in missing if each["what"] == "pause" and each["refusals"]]
    not_before = max((each["till"] for each in refused), default=None)
    for what, has_to_happen in _UNKNOWN.items():
        if what in lacks:
            return Start(None, has_to_happen, not_before)
    if report.listener is None:
        return Start(None, "no listener follows the account: nobody looks when its turn comes", not_before)
    if refused:
        return Start(None, f"the API has to accept it then, which said: {refused[0]['reason']}", not_before)

    def forecast_(number: int, urgent: bool) -> Estimate:
        return forecast(report, settings, needs[:number], urgent=urgent)

    at, not_known = _simulated(report, told, needs, forecasting or forecast_)
    return Start(at, not_known)


def _simulated(
    report: AccountReport, told: Waits, needs: list[int], forecasting: Forecasting
) -> tuple[int | None, str | None]:
    """Return the forecast by the account's limits alone, or None and why there is none."""
    if told.get("position") is None:
        return None, "it changed just now; ask again"
    creates = told["endpoint"] == Endpoint.CREATE
    position = told["position"]
    if creates and position > len(needs):
        return None, f"{position - 1} are before it, too many to simulate"
    if creates and report.slots_free is not None and sum(needs[:position]) > report.slots_free:
        return None, "those before it take the free slots"
    if creates and report.budget and _cost(report, needs[:position]) > report.budget.left:
        return None, "those before it take what is left of the account's budget"
    expected = forecasting(position, told["urgent"])
    starts = expected.starts if creates else expected.promotion_starts
    later = next(itertools.islice(starts, position - 1, None), None)
    if later is None:
        return None, "the account's limits leave it no job"
    return report.read_at + round(later * 1000), None


def _cost(report: AccountReport, needs: list[int]) -> float:
    """Return the least that briefs of so many promotions cost: one draft for each promotion."""
    return sum(needs) * (PROMOTION_CREDITS + (report.draft_price or 0))


def assumed(report: AccountReport, settings: Settings) -> str:
    """Return in words what the forecast assumes."""
    known = caps(report, settings)

    def took(seconds: float, mean: int | None) -> str:
        return f"{seconds:.3g} s" + (
            " (a guess: none has ended yet)" if mean is None else " (as the last ones)"
        )

    pause = ", the API accepts again when the pause ends" if report.pauses else ""
    return (
        f"assumed: drafts take {took(known.drafts, report.drafts_ms)}, preprocessing "
        f"{took(known.preprocessing, report.preprocessing_ms)}, nobody else uses the account{pause}, "
        "nobody picks drafts of a brief that waits for that, and nothing comes that goes before it"
    )
