"""Orders, by which a person has many briefs changed: their keys, and the fields of their records."""

from config.recorded.fields import COUNT, JSON, TEXT, TIME, Field
from config.recorded.key import Key

ORDERS = Key("identity:orders", "zset", "orders", "orders under way -> since, ms; gone when empty")
ORDER = Key("identity:order:%s", "hash", "orders", "an order: a day until it is begun, keep_days once over")
ORDER_LEFT = Key(
    "identity:order-left:%s", "zset", "orders", "order: what is left to do by time accepted, ms; as the order"
)
ORDER_TOLD = Key("identity:order-told:%s", "list", "orders", "order: 100 that were refused; keep_days")
ORDER_LEASE = Key(
    "identity:order-lease:%s", "string", "orders", "order: who carries it out; half a minute, renewed"
)

FIELDS = (
    Field("state", TEXT, "orders", "`collecting`, `ready`, `running`, `stopped` or `done`"),
    Field("what", TEXT, "a person", "what is done to each"),
    Field("by", TEXT, "a person", "who wants it"),
    Field("why", TEXT, "a person", "why"),
    Field("filter", TEXT, "a person", "which briefs are meant, as one line"),
    Field("change", JSON, "a person", "what an update changes"),
    Field("accounts", JSON, "a person", "the accounts that this person may use; none: all"),
    Field("at", TIME, "a person", "when it was given: briefs that come later are not meant"),
    Field("cursor", TEXT, "orders", "up to where its set is collected"),
    Field("met", COUNT, "orders", "how many briefs the filter meant up to there"),
    Field("sums", JSON, "orders", "what is at stake for the briefs in the set"),
    Field("alone", COUNT, "orders", "briefs in no batch, which can't be paused"),
    Field("begun_at", TIME, "a person", "when its set was fixed and it began"),
    Field("ended_at", TIME, "orders, a person", "when it was over"),
    Field("ended_by", TEXT, "a person", "who has stopped it"),
    Field("ended_why", TEXT, "orders, a person", "why"),
    Field("done", COUNT, "orders", "how many were changed"),
    Field("already", COUNT, "orders", "how many were so before"),
    Field("refused", COUNT, "orders", "how many were in no state for it"),
)
