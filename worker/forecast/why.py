"""Explains why a brief is where it is: what it waits for, who holds that, and when it may start.

Times are ms since 1970 by the server's clock.
"""

from dataclasses import asdict, dataclass
from typing import Any

import redis

from config import keys
from config.limits import Endpoint
from config.settings import Settings
from worker.forecast.inputs import waiting_needs
from worker.forecast.start_time import assumed, start_of
from worker.ledger import commands
from worker.ledger.kinds import Kind
from worker.ledger.library import ledger_library
from worker.ledger.records import brief_subject, parse_subject
from worker.store.functions import Functions
from worker.views import account_reading, reservations, snapshots
from worker.views.account import AccountReport
from worker.views.blockers import Blocker, Processes, ahead, not_running, processes, queued_since
from worker.views.models import BriefView, PromotionView


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
    """What it lacks: `what` (pause, person, probe, request, job, slots, budget, account budget, price).

    With slots, the number of `identities` in the library, and with a budget, the credits `spent`; with both,
    who holds the rest, in `held` (the fields of `worker.views.reservations.Reservations`). Jobs are in the
    account's report.
    """
    starts_at: int | None
    not_before: int | None
    """When it is tried again after a refusal; whether it starts then is for the API to say."""
    not_known: str | None
    """Why no time of start can be told: what has to happen first."""
    assumed: str
    """What the time of start rests on."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One unfinished record of a brief (itself or a promotion), and what it waits for."""

    subject: str
    state: str
    since: int
    job_id: str | None
    next_look: int | None
    """When its timer looks at it, whether or not an event speaks of it before."""
    error: str | None
    """What the API said last, if it was a refusal."""
    waiting: Waiting | None
    blockers: tuple[Blocker, ...]
    """All that stands in its way, what `waiting` lacks included (`worker.views.blockers`).
    `question`, `pick`: a person has to decide."""


@dataclass(frozen=True, slots=True)
class Why:
    """The answer of `why`: a brief, its unfinished records, and its account."""

    brief: BriefView
    standing: tuple[Standing, ...]
    account: AccountReport


def why(client: "redis.Redis", settings: Settings, brief_id: str) -> Why | None:
    """Return why a brief is where it is; None when there is no brief of this id."""
    brief = snapshots.brief(client, brief_id)
    if brief is None:
        return None
    report = account_reading.report(client, brief.account)
    under_way = [_of_brief(brief)] if not brief.finished else []
    under_way += [_of_promotion(each) for each in brief.promotions if not each.finished]
    found = processes(client)
    standing = tuple(_standing(client, settings, report, found, brief, row) for row in under_way)
    return Why(brief, standing, report)


_Row = tuple[str, str, int, str | None, str | None]


def _of_brief(brief: BriefView) -> _Row:
    job = brief.job_id if brief.state == "generating" else None
    return brief_subject(brief.brief_id), brief.state, brief.moved_at, job, brief.error


def _of_promotion(promotion: PromotionView) -> _Row:
    job = promotion.preprocessing_job_id or promotion.identity_code
    known = job if promotion.state == "preprocessing" else None
    return promotion.subject, promotion.state, promotion.moved_at, known, promotion.error


def _standing(
    client: "redis.Redis",
    settings: Settings,
    report: AccountReport,
    found: Processes,
    brief: BriefView,
    row: _Row,
) -> Standing:
    subject, state, since, job, error = row
    kind = Kind(parse_subject(subject).kind)
    timer: Any = client.zscore(keys.TIMERS(), subject)
    queued_at = queued_since(client, subject)
    waiting = _waiting(client, settings, report, found, subject)
    if state == "held":
        blockers: list[Blocker] = [{"what": "question"}]
    elif brief.waits_for_pick:
        blockers = [{"what": "pick"}, *ahead(report, kind, state)]
    elif waiting is not None:
        blockers = [*not_running(report, found, queued_at), *waiting.missing]
    elif state == "promoting" and kind is Kind.BRIEF:
        blockers = []  # its promotions stand for themselves
    else:
        blockers = [*not_running(report, found, queued_at), *ahead(report, kind, state)]
    return Standing(
        subject, state, since, job, None if timer is None else int(timer), error, waiting, tuple(blockers)
    )


def _waiting(
    client: "redis.Redis", settings: Settings, report: AccountReport, found: Processes, subject: str
) -> Waiting | None:
    told = Functions(client, ledger_library(settings)).run(commands.why(subject))
    if told is None:
        return None
    missing = tuple(each | _held(client, report, each) for each in told["missing"])
    needs = waiting_needs(client, report.name) if told["endpoint"] == Endpoint.CREATE else []
    start = start_of(report, settings, told, needs, found)
    return Waiting(
        endpoint=told["endpoint"],
        granted=told["granted"],
        parked=told["parked"],
        position=told.get("position"),
        waiting=told["waiting"],
        promotions=told["promotions"],
        missing=missing,
        starts_at=start.at,
        not_before=start.not_before,
        not_known=start.not_known,
        assumed=assumed(report, settings),
    )


def _held(client: "redis.Redis", report: AccountReport, missing: dict[str, Any]) -> dict[str, Any]:
    """Return who holds what is missing, where the account's report does not say it."""
    if missing["what"] == "slots":
        held = reservations.of_slots(client, report.name)
        return {"identities": report.slots_used, "held": asdict(held)}
    if missing["what"] == "budget":
        return {"held": asdict(reservations.of_budget(client, missing["batch"]))}
    return {}
