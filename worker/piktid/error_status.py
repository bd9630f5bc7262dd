"""Turns an error answer into an exception, by its status (guide, *Error handling*)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from config import durations
from config.text import printable
from config.urls import is_safe
from worker.piktid.error_body import Refusal
from worker.piktid.errors import (
    AlreadyPromotedError,
    ApiError,
    ForbiddenError,
    InvalidRequestError,
    JobsFullError,
    NameTakenError,
    NoApiError,
    NotFoundError,
    OutcomeUnknownError,
    OutOfCreditsError,
    RateLimitedError,
    RedirectedError,
    RetryLaterError,
    SlotsFullError,
    StatusError,
    ThrottledError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedStatusError,
)
from worker.piktid.json_values import UnreadableError, decode, identifier, number

if TYPE_CHECKING:
    from worker.piktid.answers import Reply

#: What to do where something else than the API answers.
RIGHT_PATH = "set PIKTID_API_URL right, with the path where the API is below one"
_GATEWAY = "have whatever is before the API (gateway, firewall, proxy) let us pass, or " + RIGHT_PATH
#: Statuses by which a server says that the request, or who sends it, is wrong; so nothing was done. Not 409
#: and 413, which are about what was sent, whoever says so. 511 is a network that wants a login (RFC 6585).
_BLAMING = frozenset({400, 401, 403, 404, 405, 406, 407, 410, 415, 421, 422, 426, 431, 451, 511})
#: Characters of a page that are told.
_PAGE = 120
#: Characters of an address that are told.
_ADDRESS = 200


def error_of(call: str, reply: "Reply", *, secret: str = "", url: str = "") -> ApiError:
    """Return the error that a response other than 2xx stands for; `secret` appears in none of its texts.

    `url` is what was called of the API, whose redirects lead somewhere else.

    A 5xx says nothing of how far the request got. A 409 that broke off, or is some proxy's page, may lack the
    very code that decides between its two meanings.
    """
    if url and reply.status in _REDIRECTS:
        kind = UnexpectedStatusError if reply.status == _DONE else RedirectedError
        leads = redirection(url, call.partition(" ")[2], reply.headers.get("location", ""))
        return kind(reply.status, leads.replace(secret, "[secret]") if secret else leads)
    refusal = Refusal.read(reply, secret)
    if url and reply.status in _BLAMING and is_page(reply):
        remedy = RIGHT_PATH if reply.status == 404 else f"{_GATEWAY}; it says {refusal.excerpt[:_PAGE]!r}"
        return NoApiError(reply.status, f"a web page, and not the API, answers {call}: {remedy}")
    if (reply.status >= 500 and reply.status != 503) or (reply.status == 409 and not refusal.legible):
        return OutcomeUnknownError(f"{call}: answered {reply.status}: {refusal.message}")
    return _READERS.get(reply.status, _plain(UnexpectedStatusError))(refusal)


def is_web_page(content_type: str) -> bool:
    """Return whether an answer is a page of HTML, which the API never sends."""
    return content_type.lower().startswith("text/html")


def is_page(reply: "Reply") -> bool:
    """Return whether an answer is a page: HTML, or words that are no JSON, as gateways write them.

    The API speaks JSON, or says nothing at all. A login in plain words may be its own all the same.
    """
    content_type = reply.headers.get("content-type", "")
    if is_web_page(content_type):
        return True
    if reply.status == 401 or "json" in content_type.lower() or not (reply.whole and reply.body.strip()):
        return False
    try:
        decode(reply.body)
    except UnreadableError:
        return not reply.body.lstrip().startswith((b"{", b"["))  # JSON that broke off
    return False


def redirection(url: str, path: str, location: str) -> str:
    """Return in words where the redirect of a call leads, and what to do; `path` ends the called URL.

    Queries and users may carry tokens, and so may a path that is not the API's: none of them is told.
    """
    try:
        to = urlsplit(urljoin(url, location))
        host = to.netloc.rpartition("@")[2]
        _ = to.port  # raises ValueError for none
    except ValueError:
        to, host = urlsplit(""), ""
    full = f"{to.scheme}://{host}{to.path}"
    base = full.removesuffix(path)
    if base not in (full, url.removesuffix(path)) and is_safe(base) and len(base) < _ADDRESS:
        return f"a redirect, which is not followed: set PIKTID_API_URL to {printable(base)}"
    place = f"{to.scheme}://{host}"[:_ADDRESS] if host else "nowhere"
    return (
        f"a redirect to {printable(place)}, which is not followed: is it the login page of this network? "
        "Sign in there, or set PIKTID_API_URL to the API's own address"
    )


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


#: The statuses of redirects. 303 says that a POST was done (RFC 9110, 15.4.4).
_REDIRECTS, _DONE = (301, 302, 303, 307, 308), 303

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
