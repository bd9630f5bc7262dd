"""The mark of a message that came by a further inlet: how its id in Redis begins.

`actors/broker/lua/take_in.lua` sets it as it moves the message, whatever its sender called it. Whoever may
use the inlet itself may set it as well, and may do less then.
"""

from typing import Any

#: What such an id begins with; the inlet's name follows, and a colon.
MARK = "inlet:"


def inlet_of(redis_id: str) -> str | None:
    """Return the further inlet that a message came by, None of one that came by the inlet itself."""
    name, colon, _ = redis_id.removeprefix(MARK).partition(":")
    return name if redis_id.startswith(MARK) and colon and name else None


def mark_of(redis_id: str) -> str:
    """Return how the ids of all messages begin that belong to the same inlet as this one."""
    name = inlet_of(redis_id)
    return "" if name is None else f"{MARK}{name}:"


def came_by(message: Any) -> str | None:
    """Return the further inlet by which a running message came, None where it came by the inlet itself."""
    return inlet_of(message.options["redis_message_id"])


def unknown_inlet(name: str) -> str:
    """Return in words why a message can't be run by a worker that does not know its inlet."""
    return (
        f"it came by the inlet {name}, which IDENTITY_WORKER_INLETS of this worker does not name: give all "
        "workers the same file; `identity-worker retry` brings the message back then"
    )
