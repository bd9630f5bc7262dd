"""Why a brief stands where it stands: what it waits for, who holds that, and when it may start.

Times are ms since 1970 by the server's clock.
"""

import itertools
import json
from dataclasses import asdict, dataclass
from typing import Any

import redis

from config import keys
from config.settings import Settings
from worker import account_report, holders, views
from worker.account_models import AccountReport
from worker.forecast import caps, forecast, waiting_needs
from worker.ledger import brief_subject
from worker.scripts import Scripts
from worker.view_models import BriefView, PromotionView


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that waits for permits."""

    endpoint: str
    granted: bool
    """It has its permits; its step is about to begin."""
    parked: bool
    """The budget of its batch holds it back; it has no position until then."""
    position: int | None
    """Its place in the order of those that wait for this endpoint, from 1."""
    waiting: int
    promotions: int
    """Promotions that wait, and go before creations."""
    missing: tuple[dict[str, Any], ...]
    """What stands in its way: `what` (pause, probe, request, job, slots, budget) with its numbers.

    With slots, the number of `identities` in the library, and with a budget, the credits `spent`; with both,
    who holds the rest, in `held` (the fields of `worker.holders.Holders`). Jobs are in the account's report.
    """
    starts_at: int | None
    not_known: str | None
    """Why no time of start can be told."""
    assumed: str
    """What the time of start rests on."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One record of the brief that is not finished: itself or a promotion."""

    subject: str
    state: str
    since: int
    job_id: str | None
    next_look: int | None
    """When its timer looks at it, whether or not an event speaks of it before."""
    error: str | None
    """What the API said last, if it was a refusal."""
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class Why:
    """A brief, what of it is under way, and its account if something of it waits."""

    brief: BriefView
    standing: tuple[Standing, ...]
    account: AccountReport


def why(client: "redis.Redis", settings: Settings, brief_id: str) -> Why | None:
    """Return why a brief stands where it stands; None when there is none of this id."""
    brief = views.brief(client, brief_id)
    if brief is None:
        return None
    report = account_report.report(client, brief.account)
    under_way = [_of_brief(brief)] if not brief.finished else []
    under_way += [_of_promotion(each) for each in brief.promotions if not each.finished]
    with client.pipeline(transaction=False) as pipe:
        for subject, *_ in under_way:
            pipe.zscore(keys.TIMERS(), subject)
        timers = pipe.execute()
    standing = [
        Standing(
            subject,
            state,
            since,
            job,
            timer and int(timer),
            error,
            _waiting(client, settings, report, subject),
        )
        for (subject, state, since, job, error), timer in zip(under_way, timers, strict=True)
    ]
    return Why(brief, tuple(standing), report)


_Row = tuple[str, str, int, str | None, str | None]


def _of_brief(brief: BriefView) -> _Row:
    job = brief.job_id if brief.state == "generating" else None
    return brief_subject(brief.brief_id), brief.state, brief.moved_at, job, brief.error


def _of_promotion(promotion: PromotionView) -> _Row:
    job = promotion.preprocessing_job_id or promotion.identity_code
    known = job if promotion.state == "preprocessing" else None
    return promotion.subject, promotion.state, promotion.moved_at, known, promotion.error


def _waiting(
    client: "redis.Redis", settings: Settings, report: AccountReport, subject: str
) -> Waiting | None:
    text = Scripts(client, settings).run("why", subject=subject)
    if not text:
        return None
    told: dict[str, Any] = json.loads(text)
    # An empty table of Lua's is an object.
    missing = tuple(each | _held(client, report, each) for each in told["missing"] or ())
    needs = waiting_needs(client, report.name) if told["endpoint"] == "create" else []
    starts_at, not_known = _start(report, settings, told, needs)
    return Waiting(
        endpoint=told["endpoint"],
        granted=told["granted"],
        parked=told["parked"],
        position=told.get("position"),
        waiting=told["waiting"],
        promotions=told["promotions"],
        missing=missing,
        starts_at=starts_at,
        not_known=not_known,
        assumed=_assumed(report, settings),
    )


def _held(client: "redis.Redis", report: AccountReport, missing: dict[str, Any]) -> dict[str, Any]:
    """Return who holds what is missing, where the account's report does not tell it."""
    if missing["what"] == "slots":
        held = holders.of_slots(client, report.name)
        return {"identities": report.slots_used, "held": asdict(held)}
    if missing["what"] == "budget":
        return {"held": asdict(holders.of_budget(client, missing["batch"]))}
    return {}


def _start(
    report: AccountReport, settings: Settings, told: dict[str, Any], needs: list[int]
) -> tuple[int | None, str | None]:
    """Return when a record starts, or None and why that can't be told."""
    if told["granted"]:
        return report.read_at, None
    lacks = {each["what"] for each in told["missing"] or ()}
    if told["parked"] or "budget" in lacks:
        return None, "the budget of its batch would have to be raised"
    if "slots" in lacks:
        return None, "nobody knows when an identity will be deleted or a reserved slot given back"
    if told.get("position") is None:
        return None, "it changed just now; ask again"
    creates = told["endpoint"] == "create"
    position = told["position"]
    if creates and position > len(needs):
        return None, f"{position - 1} are before it, too many to simulate"
    if creates and report.slots_free is not None and sum(needs[:position]) > report.slots_free:
        return None, "those before it take the free slots"
    expected = forecast(report, settings, needs[:position], urgent=told["urgent"])
    starts = expected.starts if creates else expected.promotion_starts
    later = next(itertools.islice(starts, position - 1, None), None)
    if later is None:
        return None, "the account's limits leave it no job"
    return report.read_at + round(later * 1000), None


def _assumed(report: AccountReport, settings: Settings) -> str:
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
