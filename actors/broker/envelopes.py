"""Reads an entry of a queue: Dramatiq's envelope, a hand-written one, or a bare brief.

Dramatiq checks none of its fields, and a wrong one raises where nobody catches it: a queue of another name
ends a worker's thread, an actor's name that is a list ends the consumer, `eta` keeps the message in memory.
What is longer than a message may be never comes here: `actors/broker/lua/fetch.lua` leaves it in the server.
"""

import json
from typing import Any

from dramatiq import Message

from config import keys
from config.errors import IdentityWorkerError

#: The actors that run from the inlet, and their arguments. The others are the ledger's own steps.
INLET_ACTOR, PICK_ACTOR = "accept_brief", "pick_drafts"
INLET_ARGUMENT = "brief"
_PICK_ARGUMENTS = ("brief_id", "drafts", "leave_rest")

_TYPES: dict[str, tuple[type, str]] = {
    "actor_name": (str, "text"),
    "args": (list, "a list"),
    "kwargs": (dict, "an object"),
    "message_id": (str, "text"),
}
#: Lua writes an empty table as a list.
_NO_KWARGS: list[Any] = []
#: The option that names the trace which a message is a part of, as a traceparent of W3C.
TRACE = "traceparent"
#: The option that names the caller who has sent a message by HTTP and sees no others' briefs.
SENDER = "sender"
#: Milliseconds since 1970 in which no time of ours is: Lua and Redis have them as doubles.
_FAR = 2**53
#: Options of Dramatiq that name other messages, which are to run when this one has.
FOLLOWING = ("pipe_target", "group_completion_callbacks")


class EnvelopeError(IdentityWorkerError, ValueError):
    """Raised when an envelope can't be run; names the field and its rule, and quotes at most a few bytes."""


def read_envelope(queue: str, redis_id: str, data: bytes) -> "Message[Any]":
    """Return the message that an envelope holds, for this queue and under this id.

    Of its options those are left that name further messages, its trace and its sender. On the inlet a brief
    may stand without an envelope; the id is its message's then. Raises EnvelopeError.
    """
    fields = _object(data)
    if queue == keys.INLET and _is_bare(fields):
        fields = {"actor_name": INLET_ACTOR, "args": [fields], "kwargs": {}, "message_id": redis_id}
    _check_types(fields)
    args = tuple(_inlet_args(fields) if queue == keys.INLET else fields["args"])
    options = fields.get("options")
    known = options if isinstance(options, dict) else {}
    kept = {name: known[name] for name in (*FOLLOWING, TRACE, SENDER) if known.get(name)}
    return Message(
        queue_name=queue,
        actor_name=fields["actor_name"],
        args=args,
        kwargs={} if queue == keys.INLET else fields["kwargs"],
        options={**kept, "redis_message_id": redis_id},
        message_id=fields["message_id"],
        message_timestamp=_sent_at(fields),
    )


def _sent_at(fields: dict[str, Any]) -> int:
    """Return when a message was sent, as its sender says; 0 of one that does not."""
    said = fields.get("message_timestamp")
    return said if type(said) is int and 0 < said < _FAR else 0


def _object(data: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(data)
    except RecursionError:
        raise EnvelopeError(f"must be JSON that is not nested by the thousand, got {data[:40]!r}") from None
    except ValueError as error:
        raise EnvelopeError(f"must be JSON: {str(error)[:100]}, got {data[:40]!r}") from None
    if not isinstance(fields, dict):
        raise EnvelopeError(f"must be a JSON object, got {data[:40]!r}")
    return fields


def _is_bare(fields: dict[str, Any]) -> bool:
    """Whether it is no envelope, but what should stand in one; `options` the bodies of both have."""
    return bool(fields) and not {"queue_name", *_TYPES}.intersection(fields)


def _check_types(fields: dict[str, Any]) -> None:
    if fields.get("kwargs") == _NO_KWARGS:
        fields["kwargs"] = {}
    for name, (kind, told) in _TYPES.items():
        if name not in fields:
            raise EnvelopeError(f"{name} is missing: it must be {told}")
        if not isinstance(fields[name], kind):
            # Only the type is named: a deeply nested value can't be written out.
            raise EnvelopeError(f"{name} must be {told}, got {type(fields[name]).__name__}")
    if not fields["actor_name"].isidentifier():
        # Dramatiq would log it as it stands.
        raise EnvelopeError(f"actor_name must be a name, got {fields['actor_name'][:40]!a}")


def _inlet_args(fields: dict[str, Any]) -> list[Any]:
    """Return the arguments of a message of the inlet: one brief, or a pick; by place or by name."""
    actor, args, named = fields["actor_name"], fields["args"], fields["kwargs"]
    if actor == PICK_ACTOR:
        return _pick_args(args, named)
    if actor != INLET_ACTOR:
        # A sender of briefs must not be able to run other briefs' steps.
        raise EnvelopeError(
            f"actor_name must be {INLET_ACTOR} or {PICK_ACTOR} on this queue, got {actor[:40]!a}"
        )
    count = len(args) + len(named)
    if count != 1:
        raise EnvelopeError(f"args must be a list of one brief, got {count} arguments")
    if named and INLET_ARGUMENT not in named:
        raise EnvelopeError(f"kwargs may hold nothing but {INLET_ARGUMENT}, got {min(named)[:40]!a}")
    return args or [named[INLET_ARGUMENT]]


def _pick_args(args: list[Any], named: dict[str, Any]) -> list[Any]:
    """Return brief_id, drafts and leave_rest of a pick."""
    by_place = dict(zip(_PICK_ARGUMENTS, args, strict=False))
    given = {**named, **by_place}
    known = set(given) <= set(_PICK_ARGUMENTS) and len(given) == len(args) + len(named)
    if not known or not set(given) >= {"brief_id", "drafts"}:
        raise EnvelopeError("args must be brief_id, drafts and perhaps leave_rest, by place or by name")
    return [given["brief_id"], given["drafts"], given.get("leave_rest", False)]
