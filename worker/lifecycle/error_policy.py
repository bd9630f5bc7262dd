"""Decides what an error of the API means for the step that met it: one table for each paid call.

The first row whose class fits decides, so narrow classes stand before wide ones. A record that is sent back
to wait keeps its score in the queue; a pause holds for every worker at once.
"""

from enum import StrEnum
from typing import NamedTuple

from config import durations
from config.limits import Endpoint
from config.settings import Settings
from worker.ledger.transition import Completion, Pause, Throttle
from worker.piktid import errors as api

#: Stands for the move that fits: to try the next-ranked draft, or to fail if there is none.
NEXT_DRAFT = "next draft"


class UnconfirmedError(api.NotSentError):
    """Raised in place of a paid call that too few replicas of Redis know of; says how many must."""

    def __init__(self, replicas: int) -> None:
        super().__init__(
            f"too few replicas of Redis know of it (IDENTITY_WORKER_REPLICAS={replicas}): see that they run"
        )


class Scope(StrEnum):
    """What pauses after an error: nothing (only the record waits), an endpoint, or the account."""

    ACCOUNT = "pause"
    CREATE = Endpoint.CREATE
    PROMOTE = Endpoint.PROMOTE
    PREPARE = "prepare"
    THROTTLED = "throttled"


class Rule(NamedTuple):
    """One row: the error, the state that the record goes to, what is held up."""

    error: type[api.ApiError]
    to: str
    scope: Scope | None = None


class Decision(NamedTuple):
    """What is done with the record that met an error."""

    to: str
    completion: Completion
    pause: Pause | None = None
    throttle: Throttle | None = None


CREATE = (
    Rule(api.NotSentError, "waiting", Scope.ACCOUNT),
    Rule(api.PageAnsweredError, "uncertain", Scope.ACCOUNT),
    Rule(api.OutcomeUnknownError, "uncertain"),
    Rule(api.UnauthorizedError, "waiting", Scope.ACCOUNT),
    Rule(api.RedirectedError, "waiting", Scope.ACCOUNT),
    Rule(api.NoApiError, "waiting", Scope.ACCOUNT),
    Rule(api.OutOfCreditsError, "waiting", Scope.CREATE),
    Rule(api.UnavailableError, "waiting", Scope.CREATE),
    Rule(api.ThrottledError, "waiting", Scope.THROTTLED),
    # A status that nobody documents says nothing of whether the job was made.
    Rule(api.UnexpectedStatusError, "uncertain"),
    Rule(api.StatusError, "failed"),
)

PROMOTE = (
    Rule(api.NotSentError, "planned", Scope.ACCOUNT),
    Rule(api.PageAnsweredError, "planned", Scope.ACCOUNT),
    Rule(api.OutcomeUnknownError, "planned", Scope.PROMOTE),
    Rule(api.UnauthorizedError, "planned", Scope.ACCOUNT),
    Rule(api.RedirectedError, "planned", Scope.ACCOUNT),
    Rule(api.NoApiError, "planned", Scope.ACCOUNT),
    Rule(api.OutOfCreditsError, "planned", Scope.PROMOTE),
    Rule(api.UnavailableError, "planned", Scope.PROMOTE),
    Rule(api.ThrottledError, "planned", Scope.THROTTLED),
    Rule(api.NameTakenError, "failed"),
    Rule(api.UnexpectedStatusError, "planned", Scope.PROMOTE),
    Rule(api.StatusError, NEXT_DRAFT),
)

#: The three kinds of 429 (piktid-v2.md 6.17); Lua tells an unclear one by the room left in our window.
KINDS = (
    (api.SlotsFullError, "slots"),
    (api.JobsFullError, "jobs"),
    (api.RateLimitedError, "rate"),
    (api.ThrottledError, "unclear"),
)

#: Stands for no move: the record stays, and the call is made again after a pause that grows each time.
AGAIN = "again"

# An upload costs nothing, so whatever says nothing about the file is tried again.
UPLOAD = (
    Rule(api.UnauthorizedError, "preparing", Scope.ACCOUNT),
    Rule(api.RedirectedError, "preparing", Scope.ACCOUNT),
    Rule(api.NoApiError, "preparing", Scope.ACCOUNT),
    Rule(api.OutOfCreditsError, "preparing", Scope.CREATE),
    Rule(api.UnavailableError, "preparing", Scope.CREATE),
    Rule(api.ThrottledError, "preparing", Scope.PREPARE),
    Rule(api.StatusError, "failed"),
    Rule(api.PictureRefusedError, "failed"),
    Rule(api.ApiError, AGAIN),
)

EXTRACT = (
    Rule(api.NotSentError, "preparing", Scope.ACCOUNT),
    Rule(api.OutcomeUnknownError, "held"),
    Rule(api.UnauthorizedError, "preparing", Scope.ACCOUNT),
    Rule(api.RedirectedError, "preparing", Scope.ACCOUNT),
    Rule(api.NoApiError, "preparing", Scope.ACCOUNT),
    Rule(api.OutOfCreditsError, "preparing", Scope.CREATE),
    Rule(api.UnavailableError, "preparing", Scope.CREATE),
    Rule(api.ThrottledError, "preparing", Scope.PREPARE),
    Rule(api.UnexpectedStatusError, "held"),
    Rule(api.StatusError, "failed"),
)

# Whatever is only read is read again in any case. Where the API is at another address, every call meets the
# same.
READ = (
    Rule(api.RedirectedError, AGAIN, Scope.ACCOUNT),
    Rule(api.NoApiError, AGAIN, Scope.ACCOUNT),
    Rule(api.ApiError, AGAIN),
)


def decide(rules: tuple[Rule, ...], error: api.ApiError, settings: Settings) -> Decision:
    """Return the decision for an error: that of the first row that fits."""
    rule = next((rule for rule in rules if isinstance(error, rule.error)), rules[-1])
    completion = Completion.NEVER_LEFT if isinstance(error, api.NotSentError) else Completion.COUNTED
    if rule.scope is None:
        return Decision(rule.to, completion)
    if isinstance(error, api.ThrottledError) and rule.scope is Scope.THROTTLED:
        kind = next(kind for class_, kind in KINDS if isinstance(error, class_))
        return Decision(rule.to, completion, throttle=Throttle(kind, _retry_after(error), str(error)))
    status = error.status if isinstance(error, api.StatusError) else None
    # To try again costs nothing but the wait for replicas, and they may be back at any time.
    most = round(durations.LOST_AGAIN_SECONDS * 1000) if isinstance(error, UnconfirmedError) else None
    pause = Pause(rule.scope, _pause_ms(error, settings), str(error), status, most)
    return Decision(rule.to, completion, pause=pause)


def _pause_ms(error: api.ApiError, settings: Settings) -> int:
    match error:
        case api.PageAnsweredError():
            return settings.api_ms(durations.PROBE_FIRST_SECONDS)
        case api.NotSentError() | api.OutcomeUnknownError():
            return round(durations.LOST_AGAIN_SECONDS * 1000)
        case api.ThrottledError():
            return _retry_after(error) or settings.api_ms(durations.RATE_WINDOW_SECONDS)
        case api.UnavailableError():
            return max(_retry_after(error) or 0, settings.api_ms(durations.PROBE_FIRST_SECONDS))
        case _:
            return settings.api_ms(durations.PROBE_FIRST_SECONDS)


def _retry_after(error: api.RetryLaterError) -> int | None:
    """Return Retry-After in ms: real time, whatever the speed of a sandbox."""
    return None if error.retry_after is None else max(1, round(error.retry_after * 1000))
