"""GET /auth/me and GET /billing/credits (reference, section 2.8)."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Account
from sandbox.api.context import account_of
from sandbox.dates import today
from sandbox.errors import Fault, invalid

RESOLUTIONS = ("day", "week", "month")
#: What a charge's reason is called in the usage.
JOB_TYPES = {"drafts": "identity_creation", "promotion": "identity_preprocessing"}


async def me(request: Request) -> JSONResponse:
    """Who the token belongs to, with the balance in credits."""
    account = account_of(request)
    return JSONResponse(
        {
            "username": account.username,
            "email": f"{account.username}@example.com",
            "name": account.username,
            "surname": "",
            "verified": True,
            "contract": "enterprise" if account.settings.enterprise else account.settings.tier,
            "affiliation": None,
            "groups": [],
            "last_active": today(),
            "credits": account.credits,
        }
    )


async def credits_used(request: Request) -> JSONResponse:
    """Credits used in a time, by period and type of job; not the balance."""
    query = request.query_params
    start = _date(query.get("start_date"), "start_date", datetime.min.replace(tzinfo=UTC))
    end = _date(query.get("end_date"), "end_date", datetime.max.replace(tzinfo=UTC))
    resolution = query.get("resolution", RESOLUTIONS[0])
    if resolution not in RESOLUTIONS:
        raise invalid([Fault("resolution", f"Must be one of {', '.join(RESOLUTIONS)}.", "query")])
    summary = _summary(account_of(request), start, end, resolution)
    return JSONResponse({"total_credits": sum(row["total_credits"] for row in summary), "summary": summary})


def _summary(account: Account, start: datetime, end: datetime, resolution: str) -> list[dict[str, Any]]:
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
