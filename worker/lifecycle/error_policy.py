"""What an API error means for the step that met it: one table for each paid call, read by the error's class.

The first row whose class fits decides, so narrow classes stand before wide ones. A record that is sent back
to wait keeps its place; what is paused is paused for every worker at once.
"""

from enum import StrEnum
from typing import NamedTuple

from config import durations
from config.settings import Settings
from worker.ledger.ledger import Pause, Settle, Throttle
from worker.piktid import errors as api

#: A move that means: try the next-ranked draft, or fail when there is none.
NEXT_DRAFT = "next draft"


class Stop(StrEnum):
    """What is held up after an error."""

    ACCOUNT = "pause"
    CREATE = "create"
    PROMOTE = "promote"
    PREPARE = "prepare"
    THROTTLED = "throttled"


class Rule(NamedTuple):
    """One row: the error, the state that the record goes to, what is held up."""

    error: type[api.ApiError]
    to: str
    stop: Stop | None = None


class Verdict(NamedTuple):
    """What to do with the record that met an error."""

    to: str
    settle: Settle
    pause: Pause | None = None
    throttle: Throttle | None = None


CREATE = (
    Rule(api.NotSentError, "waiting", Stop.ACCOUNT),
    Rule(api.OutcomeUnknownError, "uncertain"),
    Rule(api.UnauthorizedError, "waiting", Stop.ACCOUNT),
    Rule(api.OutOfCreditsError, "waiting", Stop.CREATE),
    Rule(api.UnavailableError, "waiting", Stop.CREATE),
    Rule(api.ThrottledError, "waiting", Stop.THROTTLED),
    # A redirect or a status that nobody documents says nothing of whether the job was made.
    Rule(api.UnexpectedStatusError, "uncertain"),
    Rule(api.StatusError, "failed"),
)

PROMOTE = (
    Rule(api.NotSentError, "planned", Stop.ACCOUNT),
    Rule(api.OutcomeUnknownError, "planned", Stop.PROMOTE),
    Rule(api.UnauthorizedError, "planned", Stop.ACCOUNT),
    Rule(api.OutOfCreditsError, "planned", Stop.PROMOTE),
    Rule(api.UnavailableError, "planned", Stop.PROMOTE),
    Rule(api.ThrottledError, "planned", Stop.THROTTLED),
    Rule(api.NameTakenError, "failed"),
    Rule(api.UnexpectedStatusError, "planned", Stop.PROMOTE),
    Rule(api.StatusError, NEXT_DRAFT),
)

#: The three kinds of 429 (piktid-v2.md 6.17); the scripts tell an unclear one by the room left in our window.
KINDS = (
    (api.SlotsFullError, "slots"),
    (api.JobsFullError, "jobs"),
    (api.RateLimitedError, "rate"),
    (api.ThrottledError, "unclear"),
)

#: A move that means: stay, and make the call again after a pause that grows with the tries.
AGAIN = "again"

# An upload costs nothing, so whatever says nothing about the file is tried again.
UPLOAD = (
    Rule(api.UnauthorizedError, "preparing", Stop.ACCOUNT),
    Rule(api.OutOfCreditsError, "preparing", Stop.CREATE),
    Rule(api.UnavailableError, "preparing", Stop.CREATE),
    Rule(api.ThrottledError, "preparing", Stop.PREPARE),
    Rule(api.StatusError, "failed"),
    Rule(api.PictureRefusedError, "failed"),
    Rule(api.ApiError, AGAIN),
)

EXTRACT = (
    Rule(api.NotSentError, "preparing", Stop.ACCOUNT),
    Rule(api.OutcomeUnknownError, "held"),
    Rule(api.UnauthorizedError, "preparing", Stop.ACCOUNT),
    Rule(api.OutOfCreditsError, "preparing", Stop.CREATE),
    Rule(api.UnavailableError, "preparing", Stop.CREATE),
    Rule(api.ThrottledError, "preparing", Stop.PREPARE),
    Rule(api.UnexpectedStatusError, "held"),
    Rule(api.StatusError, "failed"),
)


def judge(rules: tuple[Rule, ...], error: api.ApiError, settings: Settings) -> Verdict:
    """Return what the rules say of an error."""
    rule = next((rule for rule in rules if isinstance(error, rule.error)), rules[-1])
    settle = Settle.NEVER_LEFT if isinstance(error, api.NotSentError) else Settle.COUNTED
    if rule.stop is None:
        return Verdict(rule.to, settle)
    if isinstance(error, api.ThrottledError) and rule.stop is Stop.THROTTLED:
        kind = next(kind for class_, kind in KINDS if isinstance(error, class_))
        return Verdict(rule.to, settle, throttle=Throttle(kind, _retry_after(error), str(error)))
    return Verdict(rule.to, settle, pause=Pause(rule.stop, _pause_ms(error, settings), str(error)))


def _pause_ms(error: api.ApiError, settings: Settings) -> int:
    match error:
        case api.NotSentError() | api.OutcomeUnknownError():
            return round(durations.LOST_AGAIN_SECONDS * 1000)
        case api.ThrottledError():
            return _retry_after(error) or settings.api_ms(durations.RATE_WINDOW_SECONDS)
        case api.UnavailableError():
            return max(_retry_after(error) or 0, settings.api_ms(durations.PROBE_FIRST_SECONDS))
        case _:
            return settings.api_ms(durations.PROBE_FIRST_SECONDS)


def _retry_after(error: api.RetryLaterError) -> int | None:
    """Return what Retry-After said, in ms: it is in real seconds, whatever the speed of a sandbox."""
    return None if error.retry_after is None else max(1, round(error.retry_after * 1000))
