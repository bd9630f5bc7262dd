"""Every figure of `/metrics` that is read of the ledger; `worker/tally/counted.py` has the others.

docs/metrics.md is made of both. Labels are names of accounts and words of closed lists; causes are cut short
by the ledger, and of those of an account the most frequent have a figure of their own.
"""

from worker.tally.family import Family

BRIEFS = Family("briefs", "gauge", ("account", "state"), "Briefs on record, by the state that they are in.")
HELD = Family(
    "held_briefs",
    "gauge",
    ("account", "question"),
    "Briefs that wait for an operator's answer, by the first words of the question.",
)
FAILED = Family(
    "failed_briefs",
    "gauge",
    ("account", "cause"),
    "Briefs on record that failed, by the API's status or the first words of the error.",
)
HELD_OLDEST = Family(
    "held_oldest_seconds", "gauge", (), "Seconds for which the longest held brief is held; 0: none is held."
)
WAITING = Family(
    "waiting_records",
    "gauge",
    ("account", "endpoint"),
    "Briefs that wait for `create`, promotions that wait for `promote`, and briefs that wait to be prepared.",
)
WAITING_OLDEST = Family(
    "waiting_oldest_seconds",
    "gauge",
    ("account", "endpoint", "lacks"),
    "Seconds for which the oldest of the first in line waits, by each thing that it lacks: `pause`, "
    "`person`, `request`, `probe`, `job`, `slots`, `budget`, `account budget`, `price`; `step`: it has its "
    "permits, and no worker has begun; `nothing`: it could start.",
)
PARKED = Family(
    "parked_records",
    "gauge",
    ("account",),
    "Briefs that are held back by the budget or the pause of their batch.",
)
JOBS = Family("jobs", "gauge", ("account",), "Jobs that may be in flight at the API: permits that are taken.")
JOBS_LIMIT = Family(
    "jobs_limit", "gauge", ("account",), "Jobs that may be in flight at once; +Inf: any number."
)
JOBS_WORKING = Family(
    "jobs_working_limit",
    "gauge",
    ("account",),
    "Jobs that are used while others use the account too; the limit where nobody else does.",
)
SLOTS_USED = Family("slots_used", "gauge", ("account",), "Slots of the identities that are in the library.")
SLOTS_RESERVED = Family(
    "slots_reserved", "gauge", ("account",), "Slots that are reserved for briefs under way."
)
SLOTS_LIMIT = Family(
    "slots_limit",
    "gauge",
    ("account",),
    "Slots that may be used: the lower of the limit and of what the API has said; +Inf: any number.",
)
WINDOW = Family(
    "window_requests", "gauge", ("account", "window"), "Requests that count now in a window of an endpoint."
)
WINDOW_LIMIT = Family(
    "window_requests_limit",
    "gauge",
    ("account", "window"),
    "Requests that this window takes; +Inf: any number.",
)
PAUSED = Family(
    "paused",
    "gauge",
    ("account", "what", "reason"),
    "1 while an account (`pause`) or a part of its work is paused. The reason is the status of the API's "
    "answer, `none` where it gave no answer, `person` or `past` (it is unknown what it has bought).",
)
SPENT = Family(
    "spent_credits",
    "counter",
    ("account", "call"),
    "Credits that `create`, `promote` and `extract` have cost.",
)
CREDITS = Family(
    "credits",
    "gauge",
    ("account",),
    "The account's balance, as the API said when its identities were counted last.",
)
BUDGET = Family("budget_credits", "gauge", ("account",), "The account's budget, where it has one.")
BUDGET_LEFT = Family(
    "budget_left_credits",
    "gauge",
    ("account",),
    "The part of the budget that is neither spent nor reserved; may be below 0.",
)
TOKEN_ENDS = Family(
    "token_ends_seconds",
    "gauge",
    ("account",),
    "Seconds until the account's token ends, where that is known; below 0 once it has ended.",
)
FOLLOWED = Family("followed", "gauge", ("account",), "1 where a listener has the account's lease.")
STREAM_OPEN = Family("stream_open", "gauge", ("account",), "1 where the account's event stream is open.")
STREAM_SILENT = Family(
    "stream_silent_seconds", "gauge", ("account",), "Seconds since the stream's last sign of life on record."
)
STREAM_STALLED = Family(
    "stream_stalled",
    "gauge",
    ("account",),
    "1 where the stream is open, or being opened, and something holds it back.",
)
STREAM_UNBROKEN = Family(
    "stream_unbroken_seconds",
    "gauge",
    ("account",),
    "Seconds for which no event was missed, up to the last sign of life.",
)
STREAM_OPENED = Family("stream_opened", "counter", ("account",), "How often the stream was opened.")
STREAM_BROKEN = Family(
    "stream_gaps", "counter", ("account",), "How often an event of the stream may have been missed."
)
WORKERS = Family("workers", "gauge", (), "Workers that have given a sign of life.")
LISTENERS = Family("listeners", "gauge", (), "Listeners that have given a sign of life.")
QUEUED = Family("queue_messages", "gauge", ("queue",), "Messages in a queue.")
QUEUED_OLDEST = Family(
    "queue_oldest_seconds",
    "gauge",
    ("queue",),
    "Seconds since the first message of a queue was sent, as its sender says; 0: there is none, or it "
    "does not say.",
)
DELAYED = Family("delayed_messages", "gauge", (), "Briefs that their senders have delayed.")
DEAD_LETTERS = Family("dead_letters", "gauge", ("queue",), "Messages that no worker could run.")
UNFINISHED = Family("unfinished_briefs", "gauge", (), "Briefs that are not finished, of all accounts.")
TIMER_LATE = Family(
    "timer_late_seconds", "gauge", (), "Seconds by which the earliest timer is overdue; 0: none is."
)
EVENTS = Family("events", "gauge", (), "Events on the stream for downstream.")
EVENT_AGE = Family("last_event_seconds", "gauge", (), "Seconds since the newest event.")
GROUP_LAG = Family(
    "group_lag_events",
    "gauge",
    ("group",),
    "Events that a consumer group has not done yet; group `archive` is the archive's lag.",
)
HOOK_WAITING = Family(
    "hook_waiting_events", "gauge", ("endpoint",), "Events that an endpoint of webhooks is to be sent."
)
HOOK_OLDEST = Family(
    "hook_oldest_seconds",
    "gauge",
    ("endpoint",),
    "Seconds for which the oldest of those waits, among the briefs that are sent next; 0: none waits.",
)
HOOK_FAILING = Family(
    "hook_failing_seconds",
    "gauge",
    ("endpoint",),
    "Seconds for which an endpoint has taken nothing; 0: it takes events.",
)
HOOK_PAUSED = Family("hook_paused", "gauge", ("endpoint",), "1 while an endpoint is sent nothing.")
HOOK_MESSAGES = Family(
    "hook_messages",
    "counter",
    ("endpoint", "outcome"),
    "Messages to an endpoint that were `taken`, `given_up` after three days, or `lost` with the stream.",
)
READY = Family(
    "ready", "gauge", (), "1 if the installation is at work, 0 while it stands still: `/readyz` says why."
)
STANDS_STILL = Family(
    "stands_still",
    "gauge",
    ("reason",),
    "1 for each reason why it stands still: `durability`, `replicas`, `worker`, `listener`, `clock`, "
    "`queue`, `waiting`, `timers`.",
)
READ_SECONDS = Family("read_seconds", "gauge", (), "Seconds that it took to read these figures.")

#: Causes of an account that have a figure of their own.
MOST_CAUSES = 20
