"""Every duration of the project: waits, time limits and lifetimes, each with its unit and its reason.

Whoever needs one writes `durations.NAME` there, and binds it to no name of its own: a process with shorter
waits (`tests/chaos/programs/quick.py`) changes this module alone. `Settings.api_ms` divides the API's times.
"""

# -- The API's own times (of the API's clock) ---------------------------------------------------------------
#: The API's rate windows: 5 requests a minute on each paid endpoint.
RATE_WINDOW_SECONDS = 60.0
#: How long the API may not know a job that it has just made (piktid-v2.md 6.8).
EARLY_404_SECONDS = 300.0
#: How long the API may not know a new identity yet; one unknown for longer has failed and is hidden.
EARLY_IDENTITY_SECONDS = 30.0
#: How long a job may run that nobody could follow; then it is over for certain, as for the vendor's client.
JOB_PATIENCE_SECONDS = 900.0
#: How long a job takes, in estimates for an account that has not had one yet.
USUAL_DRAFTS_SECONDS = 60.0
USUAL_PREPROCESSING_SECONDS = 90.0
#: The longest `Retry-After` that is believed: a mistaken date would stop an account for years.
RETRY_AFTER_MOST_SECONDS = 3600.0
#: How long the previous secret of a webhook is still accepted.
SECRET_OVERLAP_SECONDS = 600.0

# -- When an account is tried and counted again (of the API's clock) ----------------------------------------
#: The pause after a refusal for a passing reason; doubled for each one in a row, up to the longest.
PROBE_FIRST_SECONDS = 60.0
PROBE_MOST_SECONDS = 900.0
#: After this, one job more is tried on an account whose jobs other programs use.
BUSY_AGAIN_SECONDS = 15.0
#: Between two counts of an account's identities; and between two while a brief waits for a slot.
COUNT_AGAIN_SECONDS = 600.0
COUNT_SOON_SECONDS = 30.0

# -- Steps, their messages and timers -----------------------------------------------------------------------
#: How long a granted step may take to begin; then its timer sends it again.
GRANT_MS = 10_000
#: After a timer has woken a step, until it wakes the step again.
STEP_AGAIN_MS = 10_000
#: How long a queued message may lie untouched before it is taken for lost.
MESSAGE_LOST_MS = 600_000
#: Until a job is first asked about if no stream is open; between two looks for a create's job (API's clock).
LOOK_AGAIN_SECONDS = 20.0
#: Until that first question at most, if the event stream is open (API's clock): an event may be lost.
LOOK_MOST_SECONDS = 180.0
#: After a lost connection to the API, until its step is tried again (real time, not the API's clock).
LOST_AGAIN_SECONDS = 5.0
#: How long a worker may take after the longest call to record its outcome.
RECORD_MARGIN_MS = 15_000
#: How late the end of a job may be, however fast the API's clock is.
JOB_LATE_MS = 5_000
#: The longest sleep of a listener without due timers: whoever was told of an earlier timer may have died.
TIMERS_IDLE_SECONDS = 4.0
#: A step that was queued for longer than this is logged: a free worker would have fetched it long before.
SLOW_STEP_MS = 5_000
#: How late a timer may be until it is said that nobody runs them: a listener looks every few seconds.
TIMER_LATE_MS = 30_000

# -- Creates of unknown outcome, and the event stream that is the record of them ----------------------------
#: How long the API keeps an event for replay (piktid-v2.md 3.2).
REPLAY_KEPT_MS = 600_000
#: How far back a replay is trusted (API's clock): less than the API keeps, for events that come late.
REPLAY_SPAN_SECONDS = 540.0
#: While a create's outcome is unknown, the stream is opened again for its replay this often (API's clock).
REPLAY_AGAIN_SECONDS = 300.0
#: How long the event of a job that nobody knows yet is kept: the job's POST may not have returned.
EARLY_EVENT_SECONDS = 900.0
#: How long an unclaimed job, and a create of unknown outcome, are remembered.
UNCLAIMED_KEPT_MS = 3_600_000
#: The error of the comparison of the API's and Redis' clocks, made at the last live event.
API_CLOCK_ERROR_MS = 5_000

# -- The event stream's connections, and deleting notifications that have had their effect -------------------
#: Without any frame on a stream: a comment was missed (one comes every 15 s), reported; the peer is dead.
STALLED_SECONDS = 20.0
SILENCE_SECONDS = 45.0
#: `doctor` warns of an open stream, or an archiver, without a recorded sign of life for this long.
SILENCE_TOLD_MS = 60_000
#: How long the API may take to answer when a stream is opened; how long that opening holds up others.
STREAM_OPENING_SECONDS = 10.0
OPENING_COUNTS_SECONDS = 1.0
#: The longest pause before a stream that ended is opened again.
RECONNECT_MOST_SECONDS = 30.0
#: Between two recorded signs of life of a stream (API's clock): for a thousand streams each is three writes.
HEARD_AGAIN_SECONDS = 40.0
#: Without a sign of life for this long a listener is dead, and others take its leases; between two signs.
LEASE_MS = 5_000
LEASE_RENEW_SECONDS = 1.5
#: How long a lease lasts for listeners of older versions, and an archiver's right; between two renewals.
LEASE_KEPT_MS = 180_000
LEASE_KEPT_AGAIN_SECONDS = 90.0
#: Between two looks for accounts that nobody has, by a listener that has its share.
LEASE_SWEEP_SECONDS = 5.0
#: The longest pause until an account is followed again whose following ended with an error.
LEFT_MOST_SECONDS = 30.0
#: Between two events of the same trouble; from the warning to a token's end; how long a new one is expected.
TOLD_AGAIN_MS = 86_400_000
TOKEN_WARNED_MS = 14 * 86_400_000
OWNER_EXPECTED_MS = 86_400_000
#: Between two looks for events to delete that nobody announced: matched late, or left by another listener.
CLEAN_AGAIN_SECONDS = 4.0
#: Between two full garbage collections of a listener.
COLLECT_AGAIN_SECONDS = 600.0
#: How long deletions are gathered for one call; the longest pause after a failed one; how long one may take.
CLEAN_GATHER_SECONDS = 0.2
CLEAN_PAUSE_MOST_SECONDS = 30.0
DELETION_SECONDS = 10.0

# -- Workers and their queues -------------------------------------------------------------------------------
#: Without a sign of life for this long a worker is dead, and its messages are put back.
WORKER_DEAD_MS = 5_000
#: The same for heartbeats of Dramatiq's own broker: programs that only enqueue write them by own clocks.
HEARTBEAT_DEAD_MS = 60_000
#: Between two signs of life of a worker; with each it also looks for dead workers.
TEND_AGAIN_SECONDS = 1.25
#: How long a message is suspected of the death of a worker.
DEATHS_KEPT_MS = 3_600_000
#: How long a step's dead letter is kept: Dramatiq's default. Those of the inlet are briefs, and stay.
DEAD_LETTERS_KEPT_MS = 7 * 86_400_000
#: How long the message of a queued id may be missing: other programs write id and message one by one.
MESSAGE_COMES_MS = 5_000
#: Until a message that seems lost is looked for again.
MISSING_AGAIN_SECONDS = 0.3
#: The longest delay of a brief by Dramatiq's own option.
DELAY_MOST_MS = 366 * 86_400_000
#: How often an idle consumer checks whether it should end; a message wakes it at once.
PEEK_SECONDS = 0.25
#: Between two looks for messages that Redis says this worker holds, and it does not.
RECLAIM_AGAIN_SECONDS = 5.0
#: The pause before a message is given back whose step met a Redis error.
GIVE_BACK_SECONDS = 1.0
#: How often an idle thread of an ending process checks whether it should end.
DRAIN_LOOK_SECONDS = 0.02
#: How long unpaid steps may still run when a process ends; those that take longer run elsewhere.
DRAIN_GRACE_SECONDS = 1.0
#: A second SIGINT within this time is the first one again, passed on by a program in between.
SAME_KEY_SECONDS = 0.5
#: Between two looks at the accounts' files; and from a change to the second look, which finds it settled.
ACCOUNTS_LOOK_SECONDS = 3.0
ACCOUNTS_SETTLE_SECONDS = 1.0

# -- Pictures, files and the archive ------------------------------------------------------------------------
#: The longest fetch, redirects included.
FETCH_SECONDS = 30.0
#: The longest wait of a fetch for a connection, or on it: a host that never answers is given up earlier.
FETCH_WAIT_SECONDS = 10.0
#: How long a brief's failed fetches may take in all until the brief fails; how long those of one draft.
FETCHES_MOST_SECONDS = 60.0
PICTURE_SECONDS = 60.0
#: How long a turn to fetch is kept for the brief that was woken for it: its step may be gone by then.
FETCH_CALLED_SECONDS = 5.0
#: How long a brief waits in line for a fetch until it looks itself: whoever would wake it may have died.
FETCH_LOOK_MS = 60_000
#: Until the second try of an upload; doubled each time, up to the longest (API's clock).
UPLOAD_FIRST_SECONDS = 5.0
UPLOAD_MOST_SECONDS = 600.0
#: How long after its time limit a chooser's process ends itself: the worker that would end it may be dead.
CHOOSER_ENDS_SECONDS = 2.0
#: How long fetching pictures may take, beyond the choosers' time limits, until the step is run again.
CHOOSING_FETCH_MS = 120_000
#: How long an archiver leaves a silent host alone; doubled each time in a row, up to the longest.
SILENT_FIRST_SECONDS = 15.0
SILENT_MOST_SECONDS = 240.0
#: For `export --follow`: between two looks at all unfinished briefs; between two writings of the index.
EXPORT_LOOK_SECONDS = 30.0
EXPORT_INDEX_SECONDS = 10.0
#: How long an archiver may hold an event before others take it; between two looks through all records.
ARCHIVE_AGAIN_MS = 120_000
ARCHIVE_LOOK_MS = 3_600_000
#: Between two checks of an archive's stored files; a place that no archiver used for this long is given up.
ARCHIVE_CHECK_MS = 86_400_000

# -- Connections --------------------------------------------------------------------------------------------
#: How long replicas may take to have a claim; how long a claim is remembered, and a brief may be queued.
REPLICAS_WAIT_MS = 1_000
CLAIMED_KEPT_MS = 86_400_000
#: The longest wait for a connection to Redis, one answer, an answer where the primary is, a refusal by TLS.
REDIS_CONNECT_SECONDS = 2.0
REDIS_ANSWER_SECONDS = 5.0
REDIS_FIND_SECONDS = 1.0
REDIS_REFUSES_SECONDS = 0.25
#: How long a command may block, well below the longest wait for an answer; how long a connection may be idle.
REDIS_BLOCK_SECONDS = 3.0
REDIS_IDLE_SECONDS = 30.0
#: How long a Redis is waited for at a start (one that loads its file: always); by a command that follows.
REDIS_START_SECONDS = 10.0
REDIS_AWAY_SECONDS = 60.0
#: How long the embedded server may take to start, with a long file to read; between two looks at its users.
EMBEDDED_START_SECONDS = 30.0
EMBEDDED_USERS_SECONDS = 0.5
#: How far this machine's clock may differ from Redis' until `doctor` warns.
CLOCK_ERROR_MS = 2_000
#: How often a process says that it uses its function library; how long an unused one is kept.
LIBRARY_TOUCHED_SECONDS = 60.0
LIBRARY_UNUSED_MS = 3_600_000
#: Between two checks of the ledger's schema; also how soon after an outage.
SCHEMA_LOOK_SECONDS = 15.0
#: The longest wait over HTTP for a connection, new or free; for a read or write; for a call by default.
HTTP_CONNECT_SECONDS = 5.0
HTTP_READ_SECONDS = 30.0
HTTP_MOST_SECONDS = 60.0
#: How long the head, and the body, of a request to `web` may take; how long `web` may answer as it ends.
WEB_HEAD_SECONDS = 10.0
WEB_BODY_SECONDS = 10.0
WEB_STOP_SECONDS = 5
#: Webhooks out: the first pause after a failure, the longest; an endpoint's longest rest; until it is paused.
HOOK_FIRST_SECONDS = 5.0
HOOK_MOST_SECONDS = 3_600.0
HOOK_REST_MOST_MS = 300_000
HOOK_PATIENCE_MS = 3 * 86_400_000
#: How long sending one event may take; how long it is one deliverer's; between two looks for due events.
HOOK_SECONDS = 15.0
HOOK_HOLD_MS = 60_000
HOOK_LOOK_SECONDS = 1.0
#: How often a process adds its counts to Redis; how long figures that were read are served again.
TALLY_SECONDS = 5.0
METRICS_FRESH_SECONDS = 1.0

# -- Command lines and the demo -----------------------------------------------------------------------------
#: Between two redraws of `watch` and `demo` without an event (times go on); between any two at least.
REDRAW_SECONDS = 0.5
REDRAW_LEAST_SECONDS = 0.1
#: How long an order may wait to be begun; until its silent carrier is replaced; between two looks for orders.
ORDER_UNDECIDED_MS = 86_400_000
ORDER_LEASE_MS = 30_000
ORDER_LOOK_SECONDS = 10.0
#: `wait`: while nothing moves, longer than any job takes; between two lines, looks at all; its mean's span.
STALL_SECONDS = 1_800.0
WAIT_LINE_SECONDS = 10.0
WAIT_LOOK_SECONDS = 60.0
RATE_SECONDS = 300.0
#: Between two looks of `accounts --watch`; between two reports of how far the reading of many briefs is.
ACCOUNTS_AGAIN_SECONDS = 1.0
PROGRESS_SECONDS = 0.5
#: `describe`: between two looks for finished descriptions; until it says that nothing comes.
DESCRIBED_LOOK_SECONDS = 0.5
NOTHING_MOVES_SECONDS = 30.0
#: The demo: how long its sandbox may take to answer; between two tries; how long a process may take to end.
DEMO_START_SECONDS = 30.0
DEMO_LOOK_SECONDS = 0.05
DEMO_STOP_SECONDS = 35.0

# -- Pauses that grow, and how long things are remembered ---------------------------------------------------
#: The first pause after a failure, and the longest, before jitter.
BACKOFF_FIRST_SECONDS = 0.2
BACKOFF_MOST_SECONDS = 5.0
#: How long a trouble that was just logged is only counted; doubled each time, up to the longest.
TROUBLE_FIRST_SECONDS = 1.0
TROUBLE_MOST_SECONDS = 60.0
#: How long it is remembered at least what was bought.
CONTENT_KEPT_MS = 366 * 86_400_000
