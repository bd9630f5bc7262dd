"""What a call of the API can end in, other than its answer. What to do next is read from the class.

ApiError
├── NotSent              the request never left: simply sent again
├── OutcomeUnknown       it may have arrived, nobody can tell: what costs is not blindly sent again
├── PictureRefused       a draft's picture that is not fetched or not kept
└── Answered             the API said no
    ├── Invalid          400, 422: the request breaks a rule, named in `faults` or `blocked_term`
    ├── Unauthorized     401: the token is bad or has expired
    ├── OutOfCredits     402: with the API's numbers
    ├── Forbidden        403: the size is above the account's tier
    ├── NotFound         404: unknown, not ours, hidden, or (a job just made) not known yet
    ├── AlreadyPromoted  409 with the identity's code
    ├── NameTaken        409 without
    ├── Throttled        429 of an unclear kind
    │   ├── SlotsFull    all identity slots are taken
    │   ├── JobsFull     as many jobs as the account may have are in flight
    │   └── RateLimited  too many requests in the window
    ├── Unavailable      503: switched off, or an outage
    └── Unexpected       any other status

Which status means what: guide, *Error handling*; what the bodies may look like: piktid-v2.md 6.14 to 6.19.
"""
# The names say what happened and read as such where they are caught, so none ends in "Error":

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from worker.answers import UnreadableError, decode, identifier, number, text

#: Longest text of the API's kept in an error, in characters.
EXCERPT_LENGTH = 1000

#: How much of a body is searched for words, in characters: enough for any error, little for a hostile page.
SEARCHED_LENGTH = 8000


class ApiError(Exception):
    """Any end of a call other than its answer."""


class NotSent(ApiError):
    """Raised when the request provably never left: no connection, no name, no TLS, none free in the pool."""


class OutcomeUnknown(ApiError):
    """Raised when the request may have arrived, but no answer that can be read came back.

    For a call that only reads it may simply be made again.
    """


class PictureRefused(ApiError):
    """Raised when a draft's URL, or what it holds, is not what a picture may be; once more won't help."""


class Answered(ApiError):
    """Raised when the API said no: `message` in its own words, `body_excerpt` the start of its body."""

    def __init__(self, status: int, body_excerpt: str, message: str) -> None:
        super().__init__(f"{status}: {message}" if message else str(status))
        self.status = status
        self.body_excerpt = body_excerpt
        self.message = message


class Invalid(Answered):
    """Raised on 400 and 422. `faults` are pairs of field (blank if none is named) and message."""

    def __init__(
        self,
        status: int,
        body_excerpt: str,
        message: str,
        *,
        faults: tuple[tuple[str, str], ...] = (),
        blocked_term: str | None = None,
    ) -> None:
        super().__init__(status, body_excerpt, message)
        self.faults = faults
        self.blocked_term = blocked_term


class Unauthorized(Answered):
    """Raised on 401. Jobs already made go on without us."""


class OutOfCredits(Answered):
    """Raised on 402, with the numbers of credits that the API gave, None where it gave none."""

    def __init__(
        self,
        status: int,
        body_excerpt: str,
        message: str,
        *,
        required_credits: float | None = None,
        in_progress_credits: float | None = None,
        user_credits: float | None = None,
    ) -> None:
        super().__init__(status, body_excerpt, message)
        self.required_credits = required_credits
        self.in_progress_credits = in_progress_credits
        self.user_credits = user_credits


class Forbidden(Answered):
    """Raised on 403."""


class NotFound(Answered):
    """Raised on 404, which is normal for a job made seconds ago (piktid-v2.md 6.8)."""


class AlreadyPromoted(Answered):
    """Raised on 409 with the code of the identity that the draft already is."""

    def __init__(self, status: int, body_excerpt: str, message: str, *, identity_code: str) -> None:
        super().__init__(status, body_excerpt, message)
        self.identity_code = identity_code


class NameTaken(Answered):
    """Raised on 409 without `identity_code`.

    `existing_identity_code` is the identity that has the name, if told: no proof that it is this draft.
    """

    def __init__(
        self, status: int, body_excerpt: str, message: str, *, existing_identity_code: str | None = None
    ) -> None:
        super().__init__(status, body_excerpt, message)
        self.existing_identity_code = existing_identity_code


class Throttled(Answered):
    """Raised on 429. `retry_after` is in seconds, None when the API names no time."""

    def __init__(
        self, status: int, body_excerpt: str, message: str, *, retry_after: float | None = None
    ) -> None:
        super().__init__(status, body_excerpt, message)
        self.retry_after = retry_after


class SlotsFull(Throttled):
    """Raised on 429 when the account has as many identities as it may; only a deletion helps."""


class JobsFull(Throttled):
    """Raised on 429 when the account has as many jobs in flight as it may; the end of one helps."""


class RateLimited(Throttled):
    """Raised on 429 when the endpoint was called too often within a minute."""


class Unavailable(Answered):
    """Raised on 503: the feature is switched off, or the API is down."""


class Unexpected(Answered):
    """Raised on a status that no source describes, redirects among them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as far as it was read; `whole` is False when it broke off or was too long."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


def error_of(call: str, reply: Reply, *, secret: str = "") -> ApiError:
    """Return the error that a response other than 2xx stands for; `secret` appears in none of its texts.

    A 5xx says nothing of how far the request got. A 409 that broke off may have lost the very code that
    decides between its two meanings.
    """
    refusal = _Refusal.read(reply, secret)
    if (reply.status >= 500 and reply.status != 503) or (reply.status == 409 and not reply.whole):
        return OutcomeUnknown(f"{call}: answered {reply.status}: {refusal.message}")
    return _READERS.get(reply.status, _plain(Unexpected))(refusal)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What can be read of an answer that says no, cleaned of the secret."""

    reply: Reply
    body: dict[str, object]
    texts: str
    excerpt: str
    secret: str

    @classmethod
    def read(cls, reply: Reply, secret: str) -> "_Refusal":
        try:
            decoded = decode(reply.body)
        except UnreadableError:
            decoded = None
        raw = reply.body.decode("utf-8", "replace")
        leaves = " ".join(leaf for _, leaf in _leaves(decoded) if isinstance(leaf, str))
        body = decoded if isinstance(decoded, dict) else {}
        texts = (leaves if body else raw)[:SEARCHED_LENGTH]
        return cls(reply, body, texts, _clean(raw, secret), secret)

    def field(self, name: str) -> object:
        """Return a field of the body, or of its `detail`, where some frameworks put the whole of it."""
        detail = self.body.get("detail")
        nested = detail.get(name) if isinstance(detail, dict) else None
        return self.body.get(name, nested)

    def words(self, value: object) -> str:
        """Return a text of the body cleaned, or a blank when it is none."""
        return _clean(text(value) or "", self.secret)

    @property
    def faults(self) -> tuple[tuple[str, str], ...]:
        detail = self.body.get("detail")
        rows = [row for row in detail if isinstance(row, dict)] if isinstance(detail, list) else []
        return tuple((self.words(row.get("field")), self.words(row.get("message"))) for row in rows)

    @property
    def message(self) -> str:
        """The API's own words: its general texts and each fault, else the raw body."""
        general = [self.words(self.field(key)) for key in ("error", "message", "detail")]
        faults = [": ".join(filter(None, fault)) for fault in self.faults]
        return _clean("; ".join(filter(None, [*general, *faults])) or self.excerpt, self.secret)


def _invalid(refusal: _Refusal) -> Invalid:
    term, message = _blocked_term(refusal), refusal.message
    if term and term not in message:
        message = f"{message} (blocked term: {term})"
    return Invalid(refusal.reply.status, refusal.excerpt, message, faults=refusal.faults, blocked_term=term)


def _out_of_credits(refusal: _Refusal) -> OutOfCredits:
    return OutOfCredits(
        refusal.reply.status,
        refusal.excerpt,
        refusal.message,
        required_credits=number(refusal.field("required_credits")),
        in_progress_credits=number(refusal.field("in_progress_credits")),
        user_credits=number(refusal.field("user_credits")),
    )


def _conflict(refusal: _Refusal) -> Answered:
    facts = refusal.reply.status, refusal.excerpt, refusal.message
    if code := identifier(refusal.field("identity_code")):
        return AlreadyPromoted(*facts, identity_code=code)
    return NameTaken(*facts, existing_identity_code=identifier(refusal.field("existing_identity_code")))


#: No field tells the three kinds of 429 apart, only their text (piktid-v2.md 6.17). "Too many requests"
#: is not among these: it is the status's own name, and may stand in any of them.
_THROTTLES: tuple[tuple[type[Throttled], re.Pattern[str]], ...] = (
    (SlotsFull, re.compile(r"max\w* identit|identit\w+ (slot|limit|cap)|identity[- ]slot", re.IGNORECASE)),
    (JobsFull, re.compile(r"concurren|(max\w*|too many) (\w+ ){0,2}jobs|jobs? (limit|cap)\b", re.IGNORECASE)),
    (RateLimited, re.compile(r"rate.?limit|per (\d+ )?(second|minute|hour)", re.IGNORECASE)),
)


def _throttled(refusal: _Refusal) -> Throttled:
    kinds = [kind for kind, pattern in _THROTTLES if pattern.search(refusal.texts)]
    kind = kinds[0] if len(kinds) == 1 else Throttled
    return kind(
        refusal.reply.status,
        refusal.excerpt,
        refusal.message,
        retry_after=_retry_after(refusal.reply.headers),
    )


def _plain(kind: type[Answered]) -> Callable[[_Refusal], Answered]:
    return lambda refusal: kind(refusal.reply.status, refusal.excerpt, refusal.message)


_READERS: dict[int, Callable[[_Refusal], Answered]] = {
    400: _invalid,
    401: _plain(Unauthorized),
    402: _out_of_credits,
    403: _plain(Forbidden),
    404: _plain(NotFound),
    409: _conflict,
    422: _invalid,
    429: _throttled,
    503: _plain(Unavailable),
}

_QUOTED_TERM = re.compile(r"blocked terms?\s*[:=]\s*(['\"])(.+?)\1(?!\w)", re.IGNORECASE)
_BARE_TERM = re.compile(r"blocked terms?\s*[:=]\s*([^'\".,;]+)", re.IGNORECASE)


def _blocked_term(refusal: _Refusal) -> str | None:
    """Return the name that a prompt was refused for; its field has no documented name (6.15)."""
    for key, leaf in _leaves(refusal.body):
        if isinstance(leaf, str) and "term" in key.lower() and "block" in key.lower() and leaf.strip():
            return refusal.words(leaf)
    if found := _QUOTED_TERM.search(refusal.texts):
        return refusal.words(found[2])
    found = _BARE_TERM.search(refusal.texts)
    return refusal.words(found[1]) or None if found else None


def _leaves(body: object) -> Iterator[tuple[str, object]]:
    """Yield every value with the nearest key; by a loop, as a body may nest deeper than calls may."""
    pending = [("", body)]
    while pending:
        key, node = pending.pop()
        if isinstance(node, dict):
            pending.extend(reversed(node.items()))
        elif isinstance(node, list):
            pending.extend((key, item) for item in reversed(node))
        else:
            yield key, node


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks for, given as seconds or as a date (RFC 9110, 10.2.3).

    A date is compared with the answer's own Date if it has one, so a clock that is off here does no harm.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        return float(value)
    until = _http_date(value)
    if until is None:
        return None
    now = _http_date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


#: A link's query: signed links carry their right of access there.
_QUERY = re.compile(r"\?[^\s\"'<>?]*=[^\s\"'<>]*")


def _clean(words: str, secret: str) -> str:
    """Return a text as one printable line, cut to length, without the secret and links' queries."""
    if secret:
        words = words.replace(secret, "[secret]")
    words = _QUERY.sub("?[query]", words[:SEARCHED_LENGTH])
    line = " ".join("".join(char if char.isprintable() else " " for char in words).split())
    return line if len(line) <= EXCERPT_LENGTH else line[: EXCERPT_LENGTH - 1] + "…"
