"""The fields of the hashes about endpoints of webhooks."""

from config.recorded.fields import COUNT, JSON, TEXT, TIME, Field

HOOK = (
    Field("waiting", COUNT, "every event", "events that it is to be sent"),
    Field("taken", COUNT, "deliverer", "messages that it has taken"),
    Field("taken_at", TIME, "deliverer", "when it took the last one"),
    Field("given_up", COUNT, "deliverer", "events that it was sent in vain for three days"),
    Field("lost", COUNT, "deliverer", "events that were trimmed from the stream before it had taken them"),
    Field("error", TEXT, "deliverer", "why it did not take the last message"),
    Field("failing_since", TIME, "deliverer", "since when it has taken none"),
    Field("failures", COUNT, "deliverer", "failures in a row; those of one moment count once"),
    Field("failed_at", COUNT, "deliverer", "the value of `claims` at the last failure"),
    Field("rest_until", TIME, "deliverer", "until when it is left alone"),
    Field("paused", JSON, "`hooks pause`, deliverer", "it is sent nothing: who says so, when, why"),
    Field("pauses", COUNT, "deliverer", "how often it was paused because it took nothing"),
    Field("resumed_at", TIME, "`hooks unpause`", "when sending went on last"),
)

HOOKS_AT = (
    Field("cursor", TEXT, "deliverer", "the entry of the last event that was handed on"),
    Field("version", COUNT, "`hooks`", "how often the endpoints were changed"),
    Field("claims", COUNT, "deliverer", "messages that were claimed so far"),
    Field("asked_at", TIME, "deliverer", "when a deliverer asked last for what is due, every few seconds"),
)
