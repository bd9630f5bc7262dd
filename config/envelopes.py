"""Reading what stands in a queue: Dramatiq's own envelope, or one that somebody wrote by hand.

Dramatiq checks none of its fields, and a wrong one raises where nobody catches it: a queue of another name
ends a worker's thread, an actor's name that is a list ends the consumer, `eta` keeps the message in memory.
"""

import json
from typing import Any

from dramatiq import Message

from config import keys

_TYPES: dict[str, tuple[type, str]] = {
    "actor_name": (str, "text"),
    "args": (list, "a list"),
    "kwargs": (dict, "an object"),
    "message_id": (str, "text"),
}
#: Lua writes an empty table as a list.
_NO_KWARGS: list[Any] = []


class BadEnvelope(ValueError):
    """Raised when an envelope can't be run; names the field and its rule, and quotes at most a few bytes."""


def read_envelope(queue: str, redis_id: str, data: bytes) -> "Message[Any]":
    """Return the message that an envelope holds, for this queue and under this id, without other options.

    Raises BadEnvelope.
    """
    try:
        fields = json.loads(data)
    except RecursionError:
        raise BadEnvelope(f"must be JSON that is not nested by the thousand, got {data[:40]!r}") from None
    except ValueError as error:
        raise BadEnvelope(f"must be JSON: {str(error)[:100]}, got {data[:40]!r}") from None
    if not isinstance(fields, dict):
        raise BadEnvelope(f"must be a JSON object, got {data[:40]!r}")
    if fields.get("kwargs") == _NO_KWARGS:
        fields["kwargs"] = {}
    for name, (kind, told) in _TYPES.items():
        if name not in fields:
            raise BadEnvelope(f"{name} is missing: it must be {told}")
        if not isinstance(fields[name], kind):
            raise BadEnvelope(f"{name} must be {told}, got {ascii(fields[name])[:40]}")
    if not fields["actor_name"].isidentifier():
        # Dramatiq would log it as it stands.
        raise BadEnvelope(f"actor_name must be a name, got {ascii(fields['actor_name'])[:40]}")
    count = len(fields["args"]) + len(fields["kwargs"])
    if queue == keys.INLET and count != 1:
        raise BadEnvelope(f"args must be a list of one brief, got {count} arguments")
    return Message(
        queue_name=queue,
        actor_name=fields["actor_name"],
        args=tuple(fields["args"]),
        kwargs=fields["kwargs"],
        options={"redis_message_id": redis_id},
        message_id=fields["message_id"],
    )
