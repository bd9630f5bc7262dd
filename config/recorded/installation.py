"""The fields of hashes that are of a whole installation, or of a stream; others are in config/records.py."""

from config.recorded.fields import COUNT, JSON, MS, TEXT, TIME, Field

STREAM = (
    Field("listener", TEXT, "listener", "who opened it last"),
    Field("connected_at", TIME, "listener", "since when it is open; none: it is not"),
    Field("heard_at", TIME, "listener", "its last sign of life"),
    Field("unbroken_since", TIME, "listener", "since when nothing was missed, up to `heard_at`"),
    Field("replayed_since", TIME, "listener", "since when replays alone have brought everything"),
    Field("replayed_at", TIME, "listener", "when the last replay was over"),
    Field("told_at", TIME, "an event of the API", "when it last spoke of a creation job of ours"),
    Field("ahead_ms", MS, "an event of the API", "how far the API's clock is ahead of Redis'"),
    Field(
        "sightings",
        COUNT,
        "an event of the API",
        "how often more was seen of jobs that are nobody's",
    ),
    Field("ended_at", TIME, "listener", "when it ended last"),
    Field("opened", COUNT, "listener", "how often it was opened"),
    Field("broken", COUNT, "listener", "how often something may have been missed"),
    Field("stalled_at", TIME, "listener", "when nothing came of it last, though it was open"),
    Field("stalled_told_at", TIME, "listener", "when the last event told of that"),
    Field("unread_at", TIME, "listener", "when an event came that may be of any job"),
    Field("why", TEXT, "listener", "why it ended, or what could not be read"),
)

HISTORY = (
    Field("id", TEXT, "a claim", "the replication id of the server"),
    Field("claimed_at", TIME, "a claim", "when a paid call was claimed last"),
    Field("forgot_at", TIME, "a claim, `restored`", "when all accounts' past became unknown last"),
    Field("forgot_since", TIME, "a claim, `restored`", "since when: of an account that comes later, too"),
    Field("forgot_by", TEXT, "a claim, `restored`", "who found out that it is"),
    Field("forgot_why", TEXT, "a claim, `restored`", "by what"),
)

SCHEMA = (
    Field("number", COUNT, "a step's last piece", "the schema that all that is on record is of"),
    Field("oldest", COUNT, "a step's first piece", "the oldest schema whose processes may work on it"),
    Field("release", TEXT, "a step's first piece", "the oldest release that may; none: any"),
    Field("cursor", JSON, "a step's pieces", "where the next one begins; none: no step is under way"),
    Field("done", COUNT, "a step's pieces", "records that they have been through"),
    Field("mended", COUNT, "a step's pieces", "records that they had to change, since the first step"),
    Field("ended_at", TIME, "a step's last piece", "when it was"),
    Field("left", TEXT, "a step's last piece", "what was left to do then, a few numbers of each step"),
)

EVENTS_SIZE = (
    Field("entries", COUNT, "every event", "entries of the event stream"),
    Field("bytes", COUNT, "every event", "bytes of their texts"),
)
