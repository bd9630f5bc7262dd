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
        "how many observations of unclaimed jobs there were",
    ),
    Field("ended_at", TIME, "listener", "when it ended last"),
    Field("opened", COUNT, "listener", "how often it was opened"),
    Field("broken", COUNT, "listener", "how often something may have been missed"),
    Field("stalled_at", TIME, "listener", "when it was open last and nothing came"),
    Field("stalled_told_at", TIME, "listener", "when that was told downstream last"),
    Field("unread_at", TIME, "listener", "when an event came that may be of any job"),
    Field("why", TEXT, "listener", "why it ended, or what could not be read"),
)

HISTORY = (
    Field("id", TEXT, "a claim", "the replication id of the server"),
    Field("claimed_at", TIME, "a claim", "when a paid call was claimed last"),
    Field("forgot_at", TIME, "a claim, `restored`", "when all accounts' past became unknown last"),
    Field(
        "forgot_since",
        TIME,
        "a claim, `restored`",
        "from when it is unknown, also for an account that comes later",
    ),
    Field("forgot_by", TEXT, "a claim, `restored`", "who found that out"),
    Field("forgot_why", TEXT, "a claim, `restored`", "how that was found"),
)

SCHEMA = (
    Field("number", COUNT, "a step's last piece", "the schema of all that is on record"),
    Field("oldest", COUNT, "a step's first piece", "the oldest schema whose processes may work on it"),
    Field("release", TEXT, "a step's first piece", "the oldest release that may; none: any"),
    Field("cursor", JSON, "a step's pieces", "where the next piece begins; none: no step is under way"),
    Field("done", COUNT, "a step's pieces", "records that the pieces have been through"),
    Field("mended", COUNT, "a step's pieces", "records that the pieces had to change, since the first step"),
    Field("ended_at", TIME, "a step's last piece", "when the step ended"),
    Field("left", TEXT, "a step's last piece", "what was left to do then: a few numbers for each step"),
)

EVENTS_SIZE = (
    Field("entries", COUNT, "every event", "entries of the event stream"),
    Field("bytes", COUNT, "every event", "bytes of their texts"),
)
