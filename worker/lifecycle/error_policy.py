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
    Rule(api.NotSent, "waiting", Stop.ACCOUNT),
    Rule(api.OutcomeUnknown, "uncertain"),
    Rule(api.Unauthorized, "waiting", Stop.ACCOUNT),
    Rule(api.OutOfCredits, "waiting", Stop.CREATE),
    Rule(api.Unavailable, "waiting", Stop.CREATE),
    Rule(api.Throttled, "waiting", Stop.THROTTLED),
    # A redirect or a status that nobody documents says nothing of whether the job was made.
    Rule(api.Unexpected, "uncertain"),
    Rule(api.Answered, "failed"),
)

PROMOTE = (
    Rule(api.NotSent, "planned", Stop.ACCOUNT),
    Rule(api.OutcomeUnknown, "planned", Stop.PROMOTE),
    Rule(api.Unauthorized, "planned", Stop.ACCOUNT),
    Rule(api.OutOfCredits, "planned", Stop.PROMOTE),
    Rule(api.Unavailable, "planned", Stop.PROMOTE),
    Rule(api.Throttled, "planned", Stop.THROTTLED),
    Rule(api.NameTaken, "failed"),
    Rule(api.Unexpected, "planned", Stop.PROMOTE),
    Rule(api.Answered, NEXT_DRAFT),
)

#: The three kinds of 429 (piktid-v2.md 6.17); the scripts tell an unclear one by the room left in our window.
KINDS = (
    (api.SlotsFull, "slots"),
    (api.JobsFull, "jobs"),
    (api.RateLimited, "rate"),
    (api.Throttled, "unclear"),
)

#: A move that means: stay, and make the call again after a pause that grows with the tries.
AGAIN = "again"

# An upload costs nothing, so whatever says nothing about the file is tried again.
UPLOAD = (
    Rule(api.Unauthorized, "preparing", Stop.ACCOUNT),
    Rule(api.OutOfCredits, "preparing", Stop.CREATE),
    Rule(api.Unavailable, "preparing", Stop.CREATE),
    Rule(api.Throttled, "preparing", Stop.PREPARE),
    Rule(api.Answered, "failed"),
    Rule(api.PictureRefused, "failed"),
    Rule(api.ApiError, AGAIN),
)

EXTRACT = (
    Rule(api.NotSent, "preparing", Stop.ACCOUNT),
    Rule(api.OutcomeUnknown, "held"),
    Rule(api.Unauthorized, "preparing", Stop.ACCOUNT),
    Rule(api.OutOfCredits, "preparing", Stop.CREATE),
    Rule(api.Unavailable, "preparing", Stop.CREATE),
    Rule(api.Throttled, "preparing", Stop.PREPARE),
    Rule(api.Unexpected, "held"),
    Rule(api.Answered, "failed"),
)


def judge(rules: tuple[Rule, ...], error: api.ApiError, settings: Settings) -> Verdict:
    """Return what the rules say of an error."""
    rule = next((rule for rule in rules if isinstance(error, rule.error)), rules[-1])
    settle = Settle.NEVER_LEFT if isinstance(error, api.NotSent) else Settle.COUNTED
    if rule.stop is None:
        return Verdict(rule.to, settle)
    if isinstance(error, api.Throttled) and rule.stop is Stop.THROTTLED:
        kind = next(kind for class_, kind in KINDS if isinstance(error, class_))
        return Verdict(rule.to, settle, throttle=Throttle(kind, _retry_after(error), str(error)))
    return Verdict(rule.to, settle, pause=Pause(rule.stop, _pause_ms(error, settings), str(error)))


def _pause_ms(error: api.ApiError, settings: Settings) -> int:
    match error:
        case api.NotSent() | api.OutcomeUnknown():
            return round(durations.LOST_AGAIN_SECONDS * 1000)
        case api.Throttled():
            return _retry_after(error) or settings.api_ms(durations.RATE_WINDOW_SECONDS)
        case api.Unavailable():
            return max(_retry_after(error) or 0, settings.api_ms(durations.PROBE_FIRST_SECONDS))
        case _:
            return settings.api_ms(durations.PROBE_FIRST_SECONDS)


def _retry_after(error: api.Later) -> int | None:
    """Return what Retry-After said, in ms: it is in real seconds, whatever the speed of a sandbox."""
    return None if error.retry_after is None else max(1, round(error.retry_after * 1000))
