"""The figures that processes count: what has happened, which no record tells afterwards."""

from worker.tally.family import Family

_ANSWER_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STAGE_SECONDS = (0.1, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0)

API_REQUESTS = Family(
    "api_requests",
    "counter",
    ("endpoint", "answer"),
    "Calls of the API by their outcome: the status; `NotSent` where it could not be reached, "
    "`OutcomeUnknown` where no answer came back.",
)
API_SECONDS = Family(
    "api_request_seconds",
    "histogram",
    ("endpoint",),
    "Seconds that the API took to answer, or after which the call was given up.",
    _ANSWER_SECONDS,
)
THROTTLED = Family(
    "throttled",
    "counter",
    ("account", "endpoint", "kind"),
    "Paid calls that were answered 429, by what the API said is full: `jobs`, `rate`, `slots`, `unclear`.",
)
STAGE_SECONDS = Family(
    "stage_seconds",
    "histogram",
    ("kind", "state"),
    "Seconds that briefs and promotions spent in a state, once they have left it.",
    _STAGE_SECONDS,
)

HOOK_SECONDS = Family(
    "hook_seconds",
    "histogram",
    ("endpoint",),
    "Seconds that an endpoint of webhooks took to answer, or after which this try was given up.",
    _ANSWER_SECONDS,
)
SPANS = Family(
    "spans",
    "counter",
    ("outcome",),
    "Spans of traces that a collector has `taken`, or has `refused` for good, as bad or too large.",
)

COUNTED = (API_REQUESTS, API_SECONDS, THROTTLED, STAGE_SECONDS, HOOK_SECONDS, SPANS)
