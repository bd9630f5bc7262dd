"""Makes the message of an event: a CloudEvent in its JSON format, with the headers that sign it."""

from collections.abc import Iterable

from worker.hooks.signing import Secret, headers

#: CloudEvents 1.0, *HTTP Protocol Binding*, structured mode.
_TYPE = "application/cloudevents+json; charset=utf-8"


def message(secrets: Iterable[Secret], entry: str, text: str, now: float) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of the event that stands in the stream as `entry`; `now` in seconds since 1970.

    The text is sent as it stands: metadata leave as they came in. The entry identifies the message, as the
    event's own id may hold a full stop, which separates what is signed; it is the same at each try.
    """
    body = text.encode()
    return body, {"Content-Type": _TYPE, **headers(secrets, f"evt_{entry}", now, body)}
