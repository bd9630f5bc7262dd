"""Turns an error answer into an exception, by its status (guide, *Error handling*)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from config import durations
from worker.piktid.error_body import Refusal
from worker.piktid.errors import (
    AlreadyPromotedError,
    ApiError,
    ForbiddenError,
    InvalidRequestError,
    JobsFullError,
    NameTakenError,
    NotFoundError,
    OutcomeUnknownError,
    OutOfCreditsError,
    RateLimitedError,
    RetryLaterError,
    SlotsFullError,
    StatusError,
    ThrottledError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedStatusError,
)
from worker.piktid.json_values import identifier, number
from worker.piktid.transport import Reply


def error_of(call: str, reply: Reply, *, secret: str = "") -> ApiError:
    """Return the error that a response other than 2xx stands for; `secret` appears in none of its texts.

    A 5xx says nothing of how far the request got. A 409 that broke off, or is some proxy's page, may lack the
    very code that decides between its two meanings.
    """
    refusal = Refusal.read(reply, secret)
    if (reply.status >= 500 and reply.status != 503) or (reply.status == 409 and not refusal.legible):
        return OutcomeUnknownError(f"{call}: answered {reply.status}: {refusal.message}")
    return _READERS.get(reply.status, _plain(UnexpectedStatusError))(refusal)


def _invalid(refusal: Refusal) -> InvalidRequestError:
    term, message = refusal.blocked_term, refusal.message
    if term and term not in message:
        message = f"{message} (blocked term: {term})"
    return InvalidRequestError(refusal.reply.status, message, faults=refusal.faults, blocked_term=term)


def _out_of_credits(refusal: Refusal) -> OutOfCreditsError:
    return OutOfCreditsError(
        refusal.reply.status,
        refusal.message,
        required_credits=number(refusal.field("required_credits")),
        in_progress_credits=number(refusal.field("in_progress_credits")),
        user_credits=number(refusal.field("user_credits")),
    )


def _conflict(refusal: Refusal) -> StatusError:
    common = refusal.reply.status, refusal.message
    if code := identifier(refusal.field("identity_code")):
        return AlreadyPromotedError(*common, identity_code=code)
    # `existing_identity_code`, where it is told, is no proof that it is this draft.
    return NameTakenError(*common)


#: No field tells the three kinds of 429 apart, only their text (piktid-v2.md 6.17). "Too many requests"
#: is not among these: it is the status's own name, and may stand in any of them.
_THROTTLES: tuple[tuple[type[ThrottledError], re.Pattern[str]], ...] = (
    (
        SlotsFullError,
        re.compile(r"max\w* identit|identit\w+ (slot|limit|cap)|identity[- ]slot", re.IGNORECASE),
    ),
    (
        JobsFullError,
        re.compile(r"concurren|(max\w*|too many) (\w+ ){0,2}jobs|jobs? (limit|cap)\b", re.IGNORECASE),
    ),
    (RateLimitedError, re.compile(r"rate.?limit|per (\d+ )?(second|minute|hour)", re.IGNORECASE)),
)


def _throttled(refusal: Refusal) -> RetryLaterError:
    kinds = [kind for kind, pattern in _THROTTLES if pattern.search(refusal.texts)]
    return _later(kinds[0] if len(kinds) == 1 else ThrottledError)(refusal)


def _later(kind: type[RetryLaterError]) -> Callable[[Refusal], RetryLaterError]:
    return lambda refusal: kind(
        refusal.reply.status,
        refusal.message,
        retry_after=retry_after(refusal.reply.headers),
    )


def _plain(kind: type[StatusError]) -> Callable[[Refusal], StatusError]:
    return lambda refusal: kind(refusal.reply.status, refusal.message)


_READERS: dict[int, Callable[[Refusal], StatusError]] = {
    400: _invalid,
    401: _plain(UnauthorizedError),
    402: _out_of_credits,
    403: _plain(ForbiddenError),
    404: _plain(NotFoundError),
    409: _conflict,
    413: _invalid,
    415: _invalid,
    422: _invalid,
    429: _throttled,
    503: _later(UnavailableError),
}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks for, given as seconds or as a date (RFC 9110, 10.2.3).

    An hour at most: then the API is asked again, and may say so again. A date is compared with the answer's
    own Date if it has one, so a clock that is off here does no harm.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        return min(float(value), durations.RETRY_AFTER_MOST_SECONDS)
    until = _http_date(value)
    if until is None:
        return None
    now = _http_date(headers.get("date", "")) or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), durations.RETRY_AFTER_MOST_SECONDS)


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
