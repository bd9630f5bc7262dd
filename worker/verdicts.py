"""What an API error means for the step that met it: one table for each paid call, read by the error's class.

The first row whose class fits decides, so narrow classes stand before wide ones. A brief that is sent back
to wait keeps its place; the pause, if any, stops the account or the endpoint for every worker at once.
"""

from typing import NamedTuple

from config.settings import PROBE_AGAIN, RATE_WINDOW, Settings
from worker import api_errors as api
from worker.ledger import Pause, Settle

#: Seconds after which a busy account (its jobs are in use elsewhere) or a lost connection is tried again.
BUSY_AGAIN = 15.0
LOST_AGAIN = 5.0


class Rule(NamedTuple):
    """One row: the error, the state that the record goes to, what is paused for how many seconds."""

    error: type[api.ApiError]
    to: str
    pause: str | None = None
    seconds: float = 0.0


class Verdict(NamedTuple):
    """What to do with the record that met an error."""

    to: str
    settle: Settle
    pause: Pause | None


#: A move that means: try the next-ranked draft, or fail when there is none.
NEXT_DRAFT = "next draft"

CREATE = (
    Rule(api.NotSent, "waiting", "pause", LOST_AGAIN),
    Rule(api.OutcomeUnknown, "uncertain"),
    Rule(api.Unauthorized, "waiting", "pause", PROBE_AGAIN),
    Rule(api.OutOfCredits, "waiting", "create", PROBE_AGAIN),
    Rule(api.Unavailable, "waiting", "create", PROBE_AGAIN),
    Rule(api.SlotsFull, "waiting", "create", PROBE_AGAIN),
    Rule(api.JobsFull, "waiting", "create", BUSY_AGAIN),
    Rule(api.Throttled, "waiting", "create", RATE_WINDOW),
    # A redirect or a status that nobody documents says nothing of whether the job was made.
    Rule(api.Unexpected, "uncertain"),
    Rule(api.Answered, "failed"),
)

PROMOTE = (
    Rule(api.NotSent, "planned", "pause", LOST_AGAIN),
    Rule(api.OutcomeUnknown, "planned", "promote", LOST_AGAIN),
    Rule(api.Unauthorized, "planned", "pause", PROBE_AGAIN),
    Rule(api.OutOfCredits, "planned", "promote", PROBE_AGAIN),
    Rule(api.Unavailable, "planned", "promote", PROBE_AGAIN),
    Rule(api.SlotsFull, "planned", "promote", PROBE_AGAIN),
    Rule(api.JobsFull, "planned", "promote", BUSY_AGAIN),
    Rule(api.Throttled, "planned", "promote", RATE_WINDOW),
    Rule(api.NameTaken, "failed"),
    Rule(api.Unexpected, "planned", "promote", PROBE_AGAIN),
    Rule(api.Answered, NEXT_DRAFT),
)

#: A move that means: stay, and make the call again after a pause that grows with the tries.
AGAIN = "again"

# An upload costs nothing, so whatever says nothing about the file is tried again.
UPLOAD = (
    Rule(api.Unauthorized, "preparing", "pause", PROBE_AGAIN),
    Rule(api.OutOfCredits, "preparing", "create", PROBE_AGAIN),
    Rule(api.Unavailable, "preparing", "create", PROBE_AGAIN),
    Rule(api.Throttled, "preparing", "prepare", RATE_WINDOW),
    Rule(api.Answered, "failed"),
    Rule(api.PictureRefused, "failed"),
    Rule(api.ApiError, AGAIN),
)

EXTRACT = (
    Rule(api.NotSent, "preparing", "pause", LOST_AGAIN),
    Rule(api.OutcomeUnknown, "held"),
    Rule(api.Unauthorized, "preparing", "pause", PROBE_AGAIN),
    Rule(api.OutOfCredits, "preparing", "create", PROBE_AGAIN),
    Rule(api.Unavailable, "preparing", "create", PROBE_AGAIN),
    Rule(api.Throttled, "preparing", "prepare", RATE_WINDOW),
    Rule(api.Unexpected, "held"),
    Rule(api.Answered, "failed"),
)


def judge(rules: tuple[Rule, ...], error: api.ApiError, settings: Settings) -> Verdict:
    """Return what the rules say of an error, with the API's own `Retry-After` where it gave one."""
    rule = next((rule for rule in rules if isinstance(error, rule.error)), rules[-1])
    settle = Settle.NEVER_LEFT if isinstance(error, api.NotSent) else Settle.COUNTED
    if rule.pause is None:
        return Verdict(rule.to, settle, None)
    # A lost connection is no matter of the API's clocks; Retry-After is in real seconds as well.
    milliseconds = round(rule.seconds * 1000) if rule.seconds == LOST_AGAIN else settings.api_ms(rule.seconds)
    if isinstance(error, api.Throttled) and error.retry_after is not None:
        milliseconds = max(1, round(error.retry_after * 1000))
    return Verdict(rule.to, settle, Pause(rule.pause, milliseconds, str(error)))
