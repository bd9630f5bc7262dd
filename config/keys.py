"""Every key that this project has in Redis, on one page.

Nothing else builds a key name: Python formats these templates, and the function libraries are given the same
table as their first lines (`worker/ledger/library.py`). A *subject* is what a step is about: `brief:ID` or
`promotion:ID#N`; `account:NAME` is the third kind, for timers. A subject's record is `identity:SUBJECT`.
"""

from config.recorded.key import Key
from config.recorded.orders import ORDER as ORDER
from config.recorded.orders import ORDER_LEASE as ORDER_LEASE
from config.recorded.orders import ORDER_LEFT as ORDER_LEFT
from config.recorded.orders import ORDER_TOLD as ORDER_TOLD
from config.recorded.orders import ORDERS as ORDERS

#: What our own keys begin with.
OURS = "identity"
#: Dramatiq's namespace, and the queues in it: the inlet, and the steps that the ledger sends itself.
DRAMATIQ = "dramatiq"
INLET = "briefs"
STEPS = "steps"


RECORD = Key(
    "identity:%s",
    "hash",
    "ledger",
    "a brief and its promotions: keep_days once finished; an account: for ever",
)
JOURNAL = Key(
    "identity:journal:%s", "list", "ledger", "of a brief's paid calls: keep_days once the brief is finished"
)
UNFINISHED = Key(
    "identity:open", "zset", "ledger", "unfinished briefs by time accepted, ms; they leave it when finished"
)
FINISHED = Key("identity:finished", "zset", "ledger", "finished briefs by time, ms; trimmed to keep_days")
BRIEFS = Key("identity:briefs", "zset", "ledger", "all briefs on record by time accepted, ms; as `finished`")
FINISHED_AS = Key(
    "identity:finished-as",
    "hash",
    "ledger",
    "finished brief -> account, and how it is counted; as `finished`",
)
COUNTS = Key(
    "identity:counts:%s", "hash", "ledger", "account: state:cause:batch -> briefs on record; gone when empty"
)
COUNTED = Key("identity:counted", "set", "ledger", "accounts of which briefs are counted; gone when empty")
JUDGING = Key(
    "identity:judging:%s", "zset", "ledger", "account: briefs to judge -> last look, ms; gone when empty"
)
HELD_BRIEFS = Key("identity:held", "zset", "ledger", "held briefs -> since, ms; gone when empty")
BATCH = Key(
    "identity:batch:%s", "zset", "ledger", "briefs of a batch; keep_days after none of them is open any more"
)
JOB = Key(
    "identity:job:%s:%s",
    "string",
    "ledger",
    "account, job id -> subject; keep_days, longer than any job runs",
)
CONTENT = Key(
    "identity:content:%s",
    "string",
    "ledger",
    "digest of body and photo -> the last brief that bought it; a year (or keep_days) after that has ended",
)
SHARDS = Key("identity:shards", "hash", "start", "in the first: how many, and accounts that moved; for ever")
LEFT = Key("identity:left:%s", "string", "shards", "account -> the shard that it has left for; for ever")
LEAVING = Key("identity:leaving:%s", "hash", "shards", "account: its records, on their way; a day at most")
HOME = Key("identity:home:%s", "string", "ledger", "brief -> its account, where there are shards; a year")
EVENTS = Key("identity:events", "stream", "ledger", "trimmed to keep_events entries, keep_event_bytes in all")
EVENTS_SIZE = Key("identity:events-size", "hash", "ledger", "entries and bytes of the events; for ever")
SEQUENCE = Key("identity:sequence", "string", "ledger", "counter of messages and scores; for ever")

HISTORY = Key(
    "identity:history", "hash", "ledger", "the server that the claims of paid calls were made on; for ever"
)
FORGETTING = Key(
    "identity:forgetting", "zset", "ledger", "accounts yet to be told of that -> since, ms; gone when empty"
)
CLAIMED = Key("identity:claimed:%s", "string", "ledger", "process -> the number of its newest claim; a day")

ACCOUNTS = Key("identity:accounts", "set", "permits", "accounts that were ever configured; for ever")
WAITING = Key(
    "identity:waiting:%s:%s",
    "zset",
    "permits",
    "account, endpoint (or prepare: until a pause ends): subjects by score; gone when empty",
)
PERMITS = Key("identity:permits:%s", "zset", "permits", "account: subject -> since, ms; gone when empty")
WINDOW = Key(
    "identity:window:%s:%s",
    "zset",
    "permits",
    "account, endpoint: requests -> end, ms; gone a window after the last",
)
SLOTS = Key("identity:slots:%s", "hash", "permits", "account: subject -> slots reserved; gone when empty")
FAIR = Key(
    "identity:fair:%s:%s", "zset", "permits", "account, priority: batch -> score of its next; keep_days"
)
PARKED = Key("identity:parked:%s", "zset", "permits", "batch: subjects held back, by score; gone when empty")
PARKED_OF = Key("identity:parked-of:%s", "hash", "permits", "account: batch -> how many; gone when empty")
BUDGET = Key(
    "identity:budget:%s",
    "hash",
    "permits",
    "batch: credits allowed and spent, briefs that are open; keep_days after none is any more",
)
BATCH_RESERVATIONS = Key(
    "identity:promised:%s", "hash", "permits", "batch: subject -> credits; gone when empty"
)
RESERVED_BATCHES = Key(
    "identity:promised-of:%s", "hash", "permits", "account: subject -> batch; gone when empty"
)
RESERVATIONS = Key(
    "identity:reservations:%s", "hash", "permits", "account: subject -> credits reserved; gone when empty"
)
ARCHIVE_LOOK = Key(
    "identity:archive-look:%s",
    "string",
    "archiver",
    "digest of a place: the archiver that looks, 3 minutes, renewed; then `done`, an hour",
)
ARCHIVING = Key(
    "identity:archiving:%s", "string", "archiver", "place and brief: who stores it, 3 minutes, renewed"
)
ARCHIVE_STAND = Key("identity:archive-stand:%s", "string", "archiver", "place: last look's finds; 8 days")
ACTIONS = Key("identity:actions", "list", "operators", "who did what to briefs, why; the last 10,000")
CHANGES = Key("identity:changes:%s", "list", "permits", "account: who changed its limits when; the last 100")
TALLY = Key("identity:tally", "hash", "tally", "what processes have counted for monitoring; for ever")
IDENTITIES = Key(
    "identity:identities:%s", "zset", "permits", "account: own identities -> since, ms; gone when empty"
)

TIMERS = Key("identity:timers", "zset", "timers", "subject -> due, ms; gone when empty")
ALARM = Key("identity:alarm", "list", "timers", "at most one entry: an earlier timer was set; gone when read")
EARLY = Key(
    "identity:early:%s:%s", "list", "listener", "account, job id: events of a job not known yet; 15 minutes"
)
HANDLED = Key("identity:handled:%s", "zset", "listener", "account: events to DELETE -> since, ms; 10 minutes")
SEEN = Key("identity:seen:%s", "zset", "web", "account: its webhooks -> since, ms; 15 minutes after the last")
LEASE = Key(
    "identity:lease:%s",
    "string",
    "listener",
    "account: the listener that follows it, while that one signs in; 3 minutes, renewed",
)
SIGNS = Key("identity:signs", "zset", "processes", "role, process -> last sign of life, ms; a dead one goes")
LISTENERS = Key(
    "identity:listeners",
    "zset",
    "listener",
    "listener -> last sign of life, ms; a dead one leaves it when no lease can name it any more",
)
ASKED = Key(
    "identity:asked", "hash", "listener", "account -> the listener that asks for it; 5 seconds after the last"
)
UNRESOLVED = Key(
    "identity:unclear:%s",
    "zset",
    "ledger",
    "account: attempts of creates whose outcome is not on record -> intended, ms; an hour after the last",
)
UNCLAIMED = Key(
    "identity:strangers:%s",
    "zset",
    "listener",
    "account: jobs seen that are nobody's -> first seen, ms; an hour after the last",
)
JOB_SNAPSHOTS = Key(
    "identity:facts:%s", "hash", "ledger", "account: unclaimed job -> what the API says; an hour"
)
PAST_LISTED = Key("identity:past-listed:%s", "zset", "ledger", "account: jobs to ask about; gone when empty")
PAST_JOBS = Key("identity:past-jobs:%s", "hash", "ledger", "account: job -> snapshot; until it looked back")
TOKENS = Key(
    "identity:tokens", "hash", "operator", "SHA-256 of a token -> whose it is, what it may; until revoked"
)
SENT = Key("identity:sent:%s", "zset", "gate", "caller: briefs that it has sent, by time, ms; keep_days")
SESSION = Key("identity:session:%s", "string", "web", "SHA-256 of a cookie -> that of its token; 12 hours")
CALLER_CREDITS = Key("identity:caller-credits:%s:%s", "string", "gate", "caller, day: the sum; two days")
CALLER_COUNTED = Key(
    "identity:caller-counted:%s:%s", "hash", "gate", "caller, day: credits of each brief and choice; two days"
)

STREAM = Key(
    "identity:stream:%s",
    "hash",
    "listener",
    "account: its event stream, since when it is unbroken (worker/unresolved/streams.py); for ever",
)

SPANS = Key("identity:spans", "stream", "traces", "ended stages, to be told as spans; the newest 100,000")
SPANS_TELLER = Key("identity:spans-teller", "string", "traces", "who tells them; 5 seconds, renewed")
SCHEMA = Key("identity:schema", "hash", "ledger", "the ledger's schema, and the way to the next; for ever")
HOOKS = Key("identity:hooks", "hash", "hooks", "endpoint -> what it is told of; until it is removed")
HOOKS_AT = Key("identity:hooks-at", "hash", "hooks", "up to where events were handed on; for ever")
HOOK = Key("identity:hook:%s", "hash", "hooks", "endpoint: how it fares; until it is removed")
HOOK_WAITING = Key("identity:hook-waiting:%s", "hash", "hooks", "endpoint: brief -> events; gone when empty")
HOOK_DUE = Key("identity:hook-due:%s", "zset", "hooks", "endpoint: brief -> sent next, ms; gone when empty")
HOOK_LOG = Key("identity:hook-log:%s", "list", "hooks", "endpoint: what was sent to it; the last 1,000")
HOOK_FAILED = Key("identity:hook-failed:%s", "zset", "hooks", "endpoint: given up -> ms; the last 1,000")
SCRATCH = Key("identity:check:%s", "any", "start", "within one transaction (worker/store/rights.py)")
SCRATCH_QUEUE = Key(DRAMATIQ + ":check:%s", "any", "start", "within that transaction")

LIBRARIES = Key(
    "identity:libraries",
    "zset",
    "functions",
    "function library -> last use, ms; an hour after which it is removed (worker/store/functions.py)",
)

WORKERS = Key("identity:workers", "zset", "broker", "worker -> last sign of life, ms; a dead one is removed")
QUEUE = Key(DRAMATIQ + ":%s", "list", "dramatiq", "message ids; gone when empty")
MESSAGES = Key(
    DRAMATIQ + ":%s.msgs", "hash", "dramatiq", "id -> message, until acknowledged; gone when empty"
)
DEATHS = Key(
    "identity:deaths",
    "hash",
    "broker",
    "what workers died with in hand -> when, which; until it ran to its end, or an hour",
)
DEAD_LETTER_REASONS = Key("identity:letters", "hash", "broker", "dead letter -> why; as long as it is one")
DEAD_LETTER_BYTES = Key(
    "identity:letter-bytes", "string", "broker", "bytes of the inlet's dead letters; gone with the last"
)
DEAD_LETTERS_BEYOND = Key(
    "identity:letters-beyond",
    "list",
    "broker",
    "what is no message and found no room among the inlet's dead letters; gone when empty",
)
LATE = Key("identity:late:%s", "zset", "broker", "queue: ids without their message -> since, ms; seconds")
DELAYED = Key("identity:delayed", "zset", "broker", "messages of the inlet -> due, ms; gone when empty")
DEAD_LETTERS = Key(
    DRAMATIQ + ":%s.XQ",
    "zset",
    "dramatiq",
    "dead letters: of the inlet for ever, of steps until the brief is held, 7 days at most",
)
DEAD_LETTER_TEXTS = Key(
    DRAMATIQ + ":%s.XQ.msgs", "hash", "dramatiq", "dead letters, as long as their ids are in .XQ"
)
IN_HAND = Key(
    DRAMATIQ + ":__acks__.%s.%s", "set", "dramatiq", "worker, queue: messages in hand; gone when empty"
)
HEARTBEATS = Key(
    DRAMATIQ + ":__heartbeats__", "zset", "dramatiq", "worker -> last sign of life, ms; a dead one is removed"
)

ALL: dict[str, Key] = {name: value for name, value in list(globals().items()) if isinstance(value, Key)}
