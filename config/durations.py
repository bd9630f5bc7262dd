"""Every duration of the project: waits, time limits and lifetimes, each with its unit and its reason.

Whoever needs one writes `durations.NAME` there, and binds it to no name of its own: a process with shorter
waits (`tests/chaos/programs/quick.py`) changes this module alone. `Settings.api_ms` divides the API's times.
"""

# -- The API's own times (of the API's clock) ---------------------------------------------------------------
#: The API's rate windows: 5 requests a minute on each paid endpoint.
RATE_WINDOW_SECONDS = 60.0
#: In which the API may not know its own job yet (piktid-v2.md 6.8).
EARLY_404_SECONDS = 300.0
#: In which the API may not know a new identity yet; one unknown for longer has failed and is hidden.
EARLY_IDENTITY_SECONDS = 30.0
#: After which a job that nobody could follow is over for certain: what the vendor's own client waits.
JOB_PATIENCE_SECONDS = 900.0
#: That a job takes on an account that has not had one yet, for the estimates.
USUAL_DRAFTS_SECONDS = 60.0
USUAL_PREPROCESSING_SECONDS = 90.0
#: That an API's `Retry-After` is believed at most: a mistaken date would stop an account for years.
RETRY_AFTER_MOST_SECONDS = 3600.0
#: For which a webhook's secret before the present one is taken as well.
SECRET_OVERLAP_SECONDS = 600.0

# -- When an account is tried and counted again (of the API's clock) ----------------------------------------
#: Before whoever refused for a passing reason is tried again; doubled each time in a row, up to the longest.
PROBE_FIRST_SECONDS = 60.0
PROBE_MOST_SECONDS = 900.0
#: After which an account whose jobs others use is tried with one job more.
BUSY_AGAIN_SECONDS = 15.0
#: Between two counts of an account's identities, and the same while somebody waits for a slot.
COUNT_AGAIN_SECONDS = 600.0
COUNT_SOON_SECONDS = 30.0

# -- Steps, their messages and timers -----------------------------------------------------------------------
#: In which a granted step should have begun.
GRANT_MS = 10_000
#: After which a step that was woken by its timer is woken again.
STEP_AGAIN_MS = 10_000
#: After which a queued message that nobody has looked at is taken for lost.
MESSAGE_LOST_MS = 600_000
#: To the first look at a job without an event or stream; between looks for a create's job (API's clock).
LOOK_AGAIN_SECONDS = 20.0
#: To that first look at the most where the event stream is followed (API's clock): an event may be lost.
LOOK_MOST_SECONDS = 180.0
#: After which a step whose connection to the API was lost is tried again: it is no matter of the API's clock.
LOST_AGAIN_SECONDS = 5.0
#: Beyond the longest call: what its worker has to record what came of it.
RECORD_MARGIN_MS = 15_000
#: That the end of a job may be late, however fast the API's clock is.
JOB_LATE_MS = 5_000
#: That the listeners sleep when no timer is due sooner: another one, told of an earlier timer, may die.
TIMERS_IDLE_SECONDS = 4.0
#: A step that was queued for longer than a free worker takes to fetch it is told of.
SLOW_STEP_MS = 5_000
#: That a timer may be late before nobody is said to run them: a listener looks every few seconds.
TIMER_LATE_MS = 30_000

# -- Creates of unknown outcome, and the event stream that is the record of them ----------------------------
#: That the API keeps an event for replay (piktid-v2.md 3.2).
REPLAY_KEPT_MS = 600_000
#: For which a replay is trusted to reach back to the last one (API's clock); the rest is for what comes late.
REPLAY_SPAN_SECONDS = 540.0
#: After which the stream is opened again for its replay while a create's outcome is unknown (API's clock).
REPLAY_AGAIN_SECONDS = 300.0
#: That an event of a job nobody knows yet is kept, for the job's POST to return.
EARLY_EVENT_SECONDS = 900.0
#: That a job of nobody's, and a create of unknown outcome, are remembered.
UNCLAIMED_KEPT_MS = 3_600_000
#: By which the API's and Redis' clocks, compared at the last live event, may be wrong.
API_CLOCK_ERROR_MS = 5_000

# -- The event stream's connections, and deleting notifications that have had their effect -------------------
#: Without any frame: one comment is missed, which is told of; the peer is dead. The API sends one every 15 s.
STALLED_SECONDS = 20.0
SILENCE_SECONDS = 45.0
#: Without a sign of life on record of a stream that is followed, or of an archiver: `doctor` tells of it.
SILENCE_TOLD_MS = 60_000
#: In which the API must have begun to answer when a stream is opened; after which that holds up no others.
STREAM_OPENING_SECONDS = 10.0
OPENING_COUNTS_SECONDS = 1.0
#: The longest pause before a stream that ended is opened again.
RECONNECT_MOST_SECONDS = 30.0
#: Between two signs of life on record (of the API's clock): of a thousand streams, each is three writes.
HEARD_AGAIN_SECONDS = 40.0
#: Without a sign of life: a listener is dead and its leases are others'. And between two signs of life.
LEASE_MS = 5_000
LEASE_RENEW_SECONDS = 1.5
#: That a lease lasts for listeners of older versions, an archiver's right without it; and puts off its end.
LEASE_KEPT_MS = 180_000
LEASE_KEPT_AGAIN_SECONDS = 90.0
#: Between two looks of a listener that has its share of the accounts for ones that nobody has.
LEASE_SWEEP_SECONDS = 5.0
#: The longest pause before that of an account whose following ended with an error.
LEFT_MOST_SECONDS = 30.0
#: Between two events of an account's trouble; before a token's end, to warn of it; in which another may come.
TOLD_AGAIN_MS = 86_400_000
TOKEN_WARNED_MS = 14 * 86_400_000
OWNER_EXPECTED_MS = 86_400_000
#: Between two looks for what nobody has announced: events matched late, or left by another listener.
CLEAN_AGAIN_SECONDS = 4.0
#: Between two looks of a listener through all its objects, for garbage.
COLLECT_AGAIN_SECONDS = 600.0
#: In which deletions are gathered that one call crosses off; after one that failed; and that one may take.
CLEAN_GATHER_SECONDS = 0.2
CLEAN_PAUSE_MOST_SECONDS = 30.0
DELETION_SECONDS = 10.0

# -- Workers and their queues -------------------------------------------------------------------------------
#: Without a sign of life: a worker is dead and its messages are put back.
WORKER_DEAD_MS = 5_000
#: The same by the heartbeats of Dramatiq's own broker, which programs that only enqueue write by own clocks.
HEARTBEAT_DEAD_MS = 60_000
#: Between two signs of life of a worker; each also looks for the dead.
TEND_AGAIN_SECONDS = 1.25
#: That the death of a worker is held against a message.
DEATHS_KEPT_MS = 3_600_000
#: That a dead letter of a step is kept: Dramatiq's own default. Those of the inlet, which are briefs, stay.
DEAD_LETTERS_KEPT_MS = 7 * 86_400_000
#: In which the message must come of an id that is queued: others write the two one by one.
MESSAGE_COMES_MS = 5_000
#: After which what seems lost is looked at again.
MISSING_AGAIN_SECONDS = 0.3
#: By which a brief may be delayed, by Dramatiq's own option.
DELAY_MOST_MS = 366 * 86_400_000
#: That an idle consumer waits before it looks whether it should end; a message wakes it at once.
PEEK_SECONDS = 0.25
#: Between two looks for messages that Redis says are in hand and are not.
RECLAIM_AGAIN_SECONDS = 5.0
#: Before a message is given back whose step met a Redis error.
GIVE_BACK_SECONDS = 1.0
#: Between two looks of an idle thread of a process that ends whether it should end itself.
DRAIN_LOOK_SECONDS = 0.02
#: That steps which pay nothing may still take at the end; what is left of them runs elsewhere.
DRAIN_GRACE_SECONDS = 1.0
#: In which a second SIGINT is the first one once more, passed on by a runner in between.
SAME_KEY_SECONDS = 0.5
#: Between two looks at the accounts' files, and to the second one at what has changed, to find it settled.
ACCOUNTS_LOOK_SECONDS = 3.0
ACCOUNTS_SETTLE_SECONDS = 1.0

# -- Pictures, files and the archive ------------------------------------------------------------------------
#: For the whole of a fetch, redirects included.
FETCH_SECONDS = 30.0
#: For a connection of a fetch, and for each wait on it: a host that never answers is given up long before.
FETCH_WAIT_SECONDS = 10.0
#: That a brief's fetches may take in all which come to nothing, then it fails; and those of one draft.
FETCHES_MOST_SECONDS = 60.0
PICTURE_SECONDS = 60.0
#: For which a place is kept for whoever was called to fetch: it may have gone elsewhere by then.
FETCH_CALLED_SECONDS = 5.0
#: After which a brief in line for a fetch looks by itself: the process that would wake it may have died.
FETCH_LOOK_MS = 60_000
#: To the second try of an upload; doubled each time, up to the longest (of the API's clock).
UPLOAD_FIRST_SECONDS = 5.0
UPLOAD_MOST_SECONDS = 600.0
#: After a chooser's time limit at which its process ends by itself: the worker that would end it may be dead.
CHOOSER_ENDS_SECONDS = 2.0
#: Beyond the time limits of its choosers: that a brief's pictures may take before its step is run again.
CHOOSING_FETCH_MS = 120_000
#: For which an archiver leaves a silent host alone; doubled each time in a row, up to the longest.
SILENT_FIRST_SECONDS = 15.0
SILENT_MOST_SECONDS = 240.0
#: Of an export that follows: between two looks at all that is unfinished, and two times it writes the index.
EXPORT_LOOK_SECONDS = 30.0
EXPORT_INDEX_SECONDS = 10.0
#: After which an event in the hands of an archiver is another's; between two looks through all records.
ARCHIVE_AGAIN_MS = 120_000
ARCHIVE_LOOK_MS = 3_600_000
#: Between two looks at what lies at an archive's place; nobody archives there for as long: it is forsaken.
ARCHIVE_CHECK_MS = 86_400_000

# -- Connections --------------------------------------------------------------------------------------------
#: In which replicas must have a claim; that one is remembered, and a brief may be on its way to the record.
REPLICAS_WAIT_MS = 1_000
CLAIMED_KEPT_MS = 86_400_000
#: To wait for a connection to Redis, any one answer of it, who is asked where the primary is, a TLS refusal.
REDIS_CONNECT_SECONDS = 2.0
REDIS_ANSWER_SECONDS = 5.0
REDIS_FIND_SECONDS = 1.0
REDIS_REFUSES_SECONDS = 0.25
#: That a blocking command may block: well below the answer's time.
REDIS_BLOCK_SECONDS = 3.0
#: For which a Redis that starts or restarts is waited for; one that reads its file, without end.
REDIS_START_SECONDS = 10.0
#: That the embedded server may take to come up, with a long file to read; between two looks at who uses it.
EMBEDDED_START_SECONDS = 30.0
EMBEDDED_USERS_SECONDS = 0.5
#: By which this machine's clock may differ from Redis' before `doctor` says so.
CLOCK_ERROR_MS = 2_000
#: Between two words of a process that it uses its function library, and without one until it is removed.
LIBRARY_TOUCHED_SECONDS = 60.0
LIBRARY_UNUSED_MS = 3_600_000
#: Between two looks at the ledger's schema, also after an outage.
SCHEMA_LOOK_SECONDS = 15.0
#: To wait for a connection over HTTP, or a free one; for a read or write; for all, unless somebody says.
HTTP_CONNECT_SECONDS = 5.0
HTTP_READ_SECONDS = 30.0
HTTP_MOST_SECONDS = 60.0
#: In which head and body of a request to `web` must have come; in which it answers what it has when it ends.
WEB_HEAD_SECONDS = 10.0
WEB_BODY_SECONDS = 10.0
WEB_STOP_SECONDS = 5
#: After which what was not taken is sent again, and the most; an endpoint's longest rest; until it is paused.
HOOK_FIRST_SECONDS = 5.0
HOOK_MOST_SECONDS = 3_600.0
HOOK_REST_MOST_MS = 300_000
HOOK_PATIENCE_MS = 3 * 86_400_000
#: For a message, answer included; for which it is its deliverer's alone; between two looks for what is due.
HOOK_SECONDS = 15.0
HOOK_HOLD_MS = 60_000
HOOK_LOOK_SECONDS = 1.0
#: Between two times that a process brings its counts to Redis; for which figures that were read serve again.
TALLY_SECONDS = 5.0
METRICS_FRESH_SECONDS = 1.0

# -- Command lines and the demo -----------------------------------------------------------------------------
#: Between two redraws of `watch` and `demo` without an event, as elapsed times go on; and at the least.
REDRAW_SECONDS = 0.5
REDRAW_LEAST_SECONDS = 0.1
#: Without any change of what `wait` waits for, unless it is told otherwise: longer than any job takes.
STALL_SECONDS = 1_800.0
#: That an order may wait to be begun; in which its carrier must give a sign of life; between two looks.
ORDER_UNDECIDED_MS = 86_400_000
ORDER_LEASE_MS = 30_000
ORDER_LOOK_SECONDS = 10.0
#: Between two lines of `wait` without a terminal; two looks at all, as events are trimmed; of its mean rate.
WAIT_LINE_SECONDS = 10.0
WAIT_LOOK_SECONDS = 60.0
RATE_SECONDS = 300.0
#: Between two looks of `accounts --watch`.
ACCOUNTS_AGAIN_SECONDS = 1.0
#: Between two looks of `describe` at what is described, and until it says that nothing comes.
DESCRIBED_LOOK_SECONDS = 0.5
NOTHING_MOVES_SECONDS = 30.0
#: Between two words of how far the reading of many briefs is.
PROGRESS_SECONDS = 0.5
#: That the demo's sandbox may take to answer; between two looks whether it does; that a process may to end.
DEMO_START_SECONDS = 30.0
DEMO_LOOK_SECONDS = 0.05
DEMO_STOP_SECONDS = 35.0

# -- Pauses that grow, and how long things are remembered ---------------------------------------------------
#: The first pause before something that failed is tried again, and the longest, before jitter.
BACKOFF_FIRST_SECONDS = 0.2
BACKOFF_MOST_SECONDS = 5.0
#: In which a trouble that has just been logged is only counted; doubled each time, up to the longest.
TROUBLE_FIRST_SECONDS = 1.0
TROUBLE_MOST_SECONDS = 60.0
#: That it is remembered at the least what was bought.
CONTENT_KEPT_MS = 366 * 86_400_000
