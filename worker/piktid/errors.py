"""What a call of the API can end in, other than its answer. What to do next is read from the class.

ApiError
├── NotSent              the request never left: simply sent again
├── OutcomeUnknown       it may have arrived, nobody can tell: what costs is not blindly sent again
├── PictureRefused       a draft's picture that is not fetched or not kept
└── Answered             the API said no
    ├── Invalid          400, 413, 415, 422: what was sent breaks a rule, named in `faults` or `blocked_term`
    ├── Unauthorized     401: the token is bad or has expired
    ├── OutOfCredits     402: with the API's numbers
    ├── Forbidden        403: the size is above the account's tier
    ├── NotFound         404: unknown, not ours, hidden, or (a job just made) not known yet
    ├── AlreadyPromoted  409 with the identity's code
    ├── NameTaken        409 without
    ├── Later            may be asked again, perhaps at a time that the API names
    │   ├── Throttled        429 of an unclear kind
    │   │   ├── SlotsFull    all identity slots are taken
    │   │   ├── JobsFull     as many jobs as the account may have are in flight
    │   │   └── RateLimited  too many requests in the window
    │   └── Unavailable      503: switched off, or an outage
    └── Unexpected       any other status

Which status means what: guide, *Error handling*. `worker.piktid.error_status` makes them of the API's
replies.
"""


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
    """Raised on 400, 413, 415 and 422. `faults` are pairs of field (blank if none is named) and message."""

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
        numbers = (
            ("required", required_credits),
            ("in progress", in_progress_credits),
            ("balance", user_credits),
        )
        told = ", ".join(f"{name} {number:g}" for name, number in numbers if number is not None)
        super().__init__(status, body_excerpt, f"{message} (credits: {told})" if told else message)
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


class Later(Answered):
    """Raised on what may be asked again later: `retry_after` in seconds, None when the API names no time."""

    def __init__(
        self, status: int, body_excerpt: str, message: str, *, retry_after: float | None = None
    ) -> None:
        super().__init__(status, body_excerpt, message)
        self.retry_after = retry_after


class Throttled(Later):
    """Raised on 429."""


class SlotsFull(Throttled):
    """Raised on 429 when the account has as many identities as it may; only a deletion helps."""


class JobsFull(Throttled):
    """Raised on 429 when the account has as many jobs in flight as it may; the end of one helps."""


class RateLimited(Throttled):
    """Raised on 429 when the endpoint was called too often within a minute."""


class Unavailable(Later):
    """Raised on 503: the feature is switched off, or the API is down."""


class Unexpected(Answered):
    """Raised on a status that no source describes, redirects among them."""
