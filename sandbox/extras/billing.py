"""GET /billing/credits and /billing/usage/{group_name} (reference, section 2.8)."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Account
from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.serving.context import account_of
from sandbox.serving.paging import choice

#: What a charge's reason is called in the usage.
JOB_TYPES = {"drafts": "identity_creation", "promotion": "identity_preprocessing"}


async def credits_used(request: Request) -> JSONResponse:
    """Credits used in a time, by period and type of job; not the balance."""
    summary = _summary(request)
    return JSONResponse({"total_credits": sum(row["total_credits"] for row in summary), "summary": summary})


async def group_usage(request: Request) -> JSONResponse:
    """The same for each member of a group, whose owner alone may ask: raises 403 to others.

    `breakdown` tells by what its `summary` is divided.
    """
    account, group = account_of(request), request.path_params["group_name"]
    if group != account.username:
        raise ApiError(403, "Only the owner of a group may read its usage.")
    summary = _summary(request)
    total = sum(row["total_credits"] for row in summary)
    breakdown = choice(request.query_params, "breakdown", ("job_type", "user"))
    by_user = _of_user(account.username, summary)
    member = {"username": account.username, "total_credits": total, "summary": summary}
    return JSONResponse(
        {
            "group_name": group,
            "breakdown": breakdown,
            "total_credits": total,
            "summary": by_user if breakdown == "user" else summary,
            "summary_by_user": by_user,
            "members": [member],
        }
    )


def _of_user(username: str, summary: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same sums by period alone, as those of the one user that a group has here."""
    periods: dict[str, dict[str, Any]] = {}
    for row in summary:
        period = periods.setdefault(
            row["period_start"],
            {
                "period_start": row["period_start"],
                "period_end": row["period_end"],
                "username": username,
                "total_credits": 0,
                "job_count": 0,
            },
        )
        period["total_credits"] += row["total_credits"]
        period["job_count"] += row["job_count"]
    return list(periods.values())


def _summary(request: Request) -> list[dict[str, Any]]:
    query = request.query_params
    start = _date(query.get("start_date"), "start_date", datetime.min.replace(tzinfo=UTC))
    end = _date(query.get("end_date"), "end_date", datetime.max.replace(tzinfo=UTC))
    resolution = choice(query, "resolution", ("day", "week", "month"))
    return _periods(account_of(request), start, end, resolution)


def _periods(account: Account, start: datetime, end: datetime, resolution: str) -> list[dict[str, Any]]:
    amounts: defaultdict[tuple[datetime, str], list[float]] = defaultdict(list)
    for charge in account.charges:
        on = datetime.fromisoformat(charge["on"])
        if start <= on <= end:
            job_type = JOB_TYPES.get(charge["reason"], charge["reason"])
            amounts[_period(on, resolution), job_type].append(charge["credits"])
    return [
        {
            "period_start": period.isoformat(),
            "period_end": _period_end(period, resolution).isoformat(),
            "job_type": job_type,
            "total_credits": sum(charged),
            "job_count": len(charged),
        }
        for (period, job_type), charged in sorted(amounts.items())
    ]


def _period(on: datetime, resolution: str) -> datetime:
    day = on.replace(hour=0, minute=0, second=0, microsecond=0)
    if resolution == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if resolution == "month" else day


def _period_end(start: datetime, resolution: str) -> datetime:
    if resolution == "month":
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if resolution == "week" else 1)


def _date(text: str | None, field: str, default: datetime) -> datetime:
    if not text:
        return default
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise invalid([Fault(field, "Must be an ISO 8601 date.", "query")]) from None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
