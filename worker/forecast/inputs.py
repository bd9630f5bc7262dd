"""Feeds the simulation with what is on record of an account."""

from collections.abc import Sequence
from typing import Any

import redis

from config import durations, keys
from config.limits import Endpoint, windows_of
from config.settings import Settings
from worker.forecast.simulation import Caps, Estimate, Load, Rate, estimate
from worker.ledger.kinds import Kind
from worker.ledger.records import parse_subject
from worker.views.account import AccountReport, PermitHolder

#: Waiting briefs that are simulated one by one; those behind them are not.
MOST = 2_000
#: Jobs beyond the working limit that an account without a cap is taken to get, one after the other.
UNCAPPED = 50


def waiting_needs(client: "redis.Redis", account: str) -> list[int]:
    """Return the slots that each of the first `MOST` waiting briefs needs, in the order of their start."""
    subjects: Any = client.zrange(keys.WAITING(account, Endpoint.CREATE), 0, MOST - 1)
    with client.pipeline(transaction=False) as pipe:
        for subject in subjects:
            pipe.hget(keys.RECORD(subject), "need")
        return [int(needed or 1) for needed in pipe.execute()]


def forecast(
    report: AccountReport, settings: Settings, needs: Sequence[int], *, urgent: bool = False
) -> Estimate:
    """Return when waiting briefs of these numbers of promotions start, after the waiting promotions.

    `urgent`: they may take jobs of the express share.
    """
    return estimate(caps(report, settings, urgent=urgent), needs, _load(report, settings))


def caps(report: AccountReport, settings: Settings, *, urgent: bool = False) -> Caps:
    """Return what the account allows now, and the mean durations of its jobs in our seconds."""
    limits = report.limits
    return Caps(
        # An account without a cap still has one while others use its jobs; beyond so many more it has none.
        jobs=limits["jobs"] or (0 if report.working is None else report.working + UNCAPPED),
        express=0 if urgent else limits["express"],
        create=_rates(report, settings, Endpoint.CREATE),
        promote=_rates(report, settings, Endpoint.PROMOTE),
        drafts=_seconds(report.drafts_ms, durations.USUAL_DRAFTS_SECONDS, settings),
        preprocessing=_seconds(report.preprocessing_ms, durations.USUAL_PREPROCESSING_SECONDS, settings),
        preprocessing_counts=settings.preprocessing_counts,
    )


def _rates(report: AccountReport, settings: Settings, endpoint: Endpoint) -> list[Rate]:
    rates = []
    for window in (report.windows[each.name] for each in windows_of(endpoint)):
        seconds = settings.api_ms(window.seconds) / 1000
        under_way = [seconds] * (window.used - len(window.frees_at))
        frees = [(at - report.read_at) / 1000 for at in window.frees_at]
        rates.append(Rate(window.limit, seconds, frees + under_way))
    return rates


def _seconds(mean: int | None, usual: float, settings: Settings) -> float:
    return (settings.api_ms(usual) if mean is None else max(mean, 1)) / 1000


def _creates(holder: PermitHolder) -> bool:
    return parse_subject(holder.subject).kind == Kind.BRIEF


def _load(report: AccountReport, settings: Settings) -> Load:
    known = caps(report, settings)

    def left(holder: PermitHolder) -> float:
        mean = known.drafts if _creates(holder) else known.preprocessing
        # One that is over its mean already ends soon, but not for certain now.
        return max(mean - (report.read_at - holder.since) / 1000, mean / 10)

    def tried_again() -> list[float]:
        if report.working is None or report.working_until is None:
            return []
        first = (report.working_until - report.read_at) / 1000
        step = settings.api_ms(durations.BUSY_AGAIN_SECONDS) / 1000
        return [max(first, 0) + step * number for number in range(known.jobs - report.working)]

    def paused(endpoint: Endpoint) -> float:
        ends = [report.pauses[what].until for what in ("pause", endpoint) if what in report.pauses]
        return max([0, *(end - report.read_at for end in ends)]) / 1000

    return Load(
        jobs=[(left(holder), holder.need if _creates(holder) else 0) for holder in report.jobs],
        create_from=paused(Endpoint.CREATE),
        promote_from=paused(Endpoint.PROMOTE),
        promotions=report.waiting[Endpoint.PROMOTE],
        more_jobs=tried_again(),
    )
