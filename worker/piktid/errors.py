"""The errors of the API: their class decides what is done next.

ApiError
├── NotSentError              the request never left: simply sent again
├── OutcomeUnknownError       it may have arrived, nobody can tell: what costs is not blindly sent again
│   └── PageAnsweredError     success, but a page in place of the answer
├── PictureRefusedError       a draft's picture that is not fetched or not kept
└── StatusError               the API said no
    ├── InvalidRequestError   400, 413, 415, 422: a rule is broken, named in `faults` or `blocked_term`
    ├── UnauthorizedError     401: the token is bad or has expired
    ├── OutOfCreditsError     402: with the API's numbers
    ├── ForbiddenError        403: the size is above the account's tier
    ├── NotFoundError         404: unknown, not ours, hidden, or (a job just made) not known yet
    ├── AlreadyPromotedError  409 with the identity's code
    ├── NameTakenError        409 without
    ├── RetryLaterError       may be asked again, perhaps at a time that the API names
    │   ├── ThrottledError        429 of a kind that its text does not tell
    │   │   ├── SlotsFullError    all identity slots are taken
    │   │   ├── JobsFullError     as many jobs as the account may have are in flight
    │   │   └── RateLimitedError  too many requests in the window
    │   └── UnavailableError      503: switched off, or an outage
    ├── RedirectedError       301, 302, 307, 308: the API is elsewhere, and nothing was done
    ├── NoApiError            something else than the API says no: a page, or a 404 for whatever is asked
    └── UnexpectedStatusError any other status

Each class has an `outcome`, its word in the journal of paid calls. Journals are kept for years and read by
every version, so a word stays when its class is renamed.

Which status means what: guide, *Error handling*. `worker.piktid.error_status` makes them of the API's
replies.
"""

from typing import ClassVar

from config.errors import IdentityWorkerError


class ApiError(IdentityWorkerError):
    """Any end of a call other than its answer."""

    outcome: ClassVar[str] = "ApiError"


class NotSentError(ApiError):
    """Raised when the request provably never left: no connection, no name, no TLS, none free in the pool."""

    outcome = "NotSent"


class OutcomeUnknownError(ApiError):
    """Raised when the request may have arrived, but no answer that can be read came back.

    For a call that only reads it may simply be made again.
    """

    outcome = "OutcomeUnknown"


class PageAnsweredError(OutcomeUnknownError):
    """Raised when a page came in place of what a paid call answers: a login of this network, or a filter's.

    It may have been put there before the API or behind it, so nobody knows. The next call meets the same.
    """


class PictureRefusedError(ApiError):
    """Raised when a draft's URL, or what it holds, is not what a picture may be; once more won't help."""

    outcome = "PictureRefused"


class StatusError(ApiError):
    """Raised when the API said no: `message` in its own words."""

    outcome = "Answered"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}" if message else str(status))
        self.status = status
        self.message = message


class InvalidRequestError(StatusError):
    """Raised on 400, 413, 415 and 422. `faults` are pairs of field (blank if none is named) and message."""

    outcome = "Invalid"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        faults: tuple[tuple[str, str], ...] = (),
        blocked_term: str | None = None,
    ) -> None:
        super().__init__(status, message)
        self.faults = faults
        self.blocked_term = blocked_term


class UnauthorizedError(StatusError):
    """Raised on 401. Jobs already made go on without us."""

    outcome = "Unauthorized"


class OutOfCreditsError(StatusError):
    """Raised on 402, with the numbers of credits that the API gave, None where it gave none."""

    outcome = "OutOfCredits"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        required_credits: float | None = None,
        in_progress_credits: float | None = None,
        user_credits: float | None = None,
    ) -> None:
        numbers = (
            ("required", required_credits),
            ("in progress", in_progress_credits),
            ("balance", user_credits),
        )
        told = ", ".join(f"{name} {number:g}" for name, number in numbers if number is not None)
        super().__init__(status, f"{message} (credits: {told})" if told else message)


class ForbiddenError(StatusError):
    """Raised on 403."""

    outcome = "Forbidden"


class NotFoundError(StatusError):
    """Raised on 404, which is normal for a job made seconds ago (piktid-v2.md 6.8)."""

    outcome = "NotFound"


class AlreadyPromotedError(StatusError):
    """Raised on 409 with the code of the identity that the draft already is."""

    outcome = "AlreadyPromoted"

    def __init__(self, status: int, message: str, *, identity_code: str) -> None:
        super().__init__(status, message)
        self.identity_code = identity_code


class NameTakenError(StatusError):
    """Raised on 409 without `identity_code`: another identity has the name, perhaps this very draft's."""

    outcome = "NameTaken"


class RetryLaterError(StatusError):
    """Raised on what may be asked again later: `retry_after` in seconds, None when the API names no time."""

    outcome = "Later"

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(status, message)
        self.retry_after = retry_after


class ThrottledError(RetryLaterError):
    """Raised on 429."""

    outcome = "Throttled"


class SlotsFullError(ThrottledError):
    """Raised on 429 when the account has as many identities as it may; only a deletion helps."""

    outcome = "SlotsFull"


class JobsFullError(ThrottledError):
    """Raised on 429 when the account has as many jobs in flight as it may; the end of one helps."""

    outcome = "JobsFull"


class RateLimitedError(ThrottledError):
    """Raised on 429 when the endpoint was called too often within a minute."""

    outcome = "RateLimited"


class UnavailableError(RetryLaterError):
    """Raised on 503: the feature is switched off, or the API is down."""

    outcome = "Unavailable"


class RedirectedError(StatusError):
    """Raised on a redirect, which is never followed: whoever answered asks for the same call elsewhere.

    Not on 303, by which a server says that it has done what a POST asked for (RFC 9110, 15.4.4).
    """

    outcome = "Redirected"


class NoApiError(StatusError):
    """Raised where it is not the API that says no, and nothing was done.

    It is a page, as of a web server for a path that leads nowhere, or of a firewall; or a 403 or 404 that
    answers the list of identities as well, which each account has. No NotFoundError: it says nothing of
    whether the API knows what was asked for.
    """

    outcome = "NoApi"


class UnexpectedStatusError(StatusError):
    """Raised on a status that no source describes, 303 among them."""

    outcome = "Unexpected"
