"""Reading what stands in a queue: Dramatiq's own envelope, or one that somebody wrote by hand.

Dramatiq checks none of its fields, and a wrong one raises where nobody catches it: a queue of another name
ends a worker's thread, an actor's name that is a list ends the consumer, `eta` keeps the message in memory.
"""

import json
from typing import Any

from dramatiq import Message

_TYPES = {"actor_name": str, "args": list, "kwargs": dict, "message_id": str}
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
    except (ValueError, RecursionError) as error:
        raise BadEnvelope(f"must be JSON: {str(error)[:100]}, got {data[:40]!r}") from None
    if not isinstance(fields, dict):
        raise BadEnvelope(f"must be a JSON object, got {data[:40]!r}")
    if fields.get("kwargs") == _NO_KWARGS:
        fields["kwargs"] = {}
    for name, kind in _TYPES.items():
        if not isinstance(fields.get(name), kind):
            raise BadEnvelope(f"{name} must be a {kind.__name__}, got {ascii(fields.get(name))[:40]}")
    if not fields["actor_name"].isidentifier():
        # Dramatiq would log it as it stands.
        raise BadEnvelope(f"actor_name must be a name, got {ascii(fields['actor_name'])[:40]}")
    return Message(
        queue_name=queue,
        actor_name=fields["actor_name"],
        args=tuple(fields["args"]),
        kwargs=fields["kwargs"],
        options={"redis_message_id": redis_id},
        message_id=fields["message_id"],
    )
