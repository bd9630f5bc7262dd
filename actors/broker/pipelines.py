"""What follows a message: the rest of a Dramatiq pipeline, as far as it can be sent.

In Dramatiq each worker sends its message's successor; a program that sends briefs in a pipeline expects the
same of this one. What it passes on as the brief's result is the brief's id.
"""

import json
import re
import time
import uuid
from collections.abc import Collection
from typing import Any

from actors.broker.commands import Following
from actors.broker.envelopes import INLET_ACTOR
from actors.broker.inlets import inlet_of, mark_of
from config import keys

#: Queues that others may have: no hash or set of Dramatiq's own, whose names begin or go on otherwise.
_QUEUE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_GROUPS = (
    "the members of a group are not counted here, so what is to run after all of them is not sent: "
    "send it when the events of the briefs have come"
)


def following_messages(message: Any, result: Any, inlets: Collection[str] = ()) -> list[Following]:
    """Return what `actors/broker/lua/ack.lua` sends when a message has run: each with its queue, id and text.

    One that has an `error` as well becomes a dead letter of the message's own queue. What follows a message
    of a further inlet, one of `inlets`, may do no more than that.
    """
    found = []
    target, mark = message.options.get("pipe_target"), mark_of(message.options["redis_message_id"])
    if isinstance(target, dict):
        found.append(_next(target, result, mark, inlets))
    callbacks = message.options.get("group_completion_callbacks")
    group = str(message.options.get("group_completion_uuid"))[:100]
    for number, callback in enumerate(callbacks if isinstance(callbacks, list) else []):
        # The same id for each member of the group: it is one dead letter.
        found.append(_dead_letter(callback, f"{mark}after-group-{group}-{number}", _GROUPS))
    return found


def _next(target: dict[str, Any], result: Any, mark: str, inlets: Collection[str]) -> Following:
    redis_id = mark + str(uuid.uuid4())
    queue, args, options = target.get("queue_name"), target.get("args"), target.get("options")
    if not isinstance(queue, str) or not _QUEUE.fullmatch(queue) or queue == keys.STEPS:
        return _dead_letter(target, redis_id, "the next of its pipeline is for no queue of another program")
    if mark and queue in inlets and queue != inlet_of(mark):
        return _dead_letter(target, redis_id, f"the next of its pipeline is for the inlet {queue}")
    if not isinstance(args, list) or not isinstance(options, dict):
        return _dead_letter(
            target, redis_id, "the next of its pipeline must have a list `args` and `options`"
        )
    if not options.get("pipe_ignore") and (queue, target.get("actor_name")) != (keys.INLET, INLET_ACTOR):
        args = [*args, result]
    options = {**options, "redis_message_id": redis_id}
    delay = options.pop("delay", None)
    if isinstance(delay, int) and delay > 0:
        queue, options["eta"] = f"{queue}.DQ", round(time.time() * 1000) + delay
    text = json.dumps({**target, "queue_name": queue, "args": args, "options": options})
    return {"queue": queue, "id": redis_id, "text": text}


def _dead_letter(message: Any, redis_id: str, error: str) -> Following:
    return {"queue": keys.INLET, "id": redis_id, "text": json.dumps(message), "error": error}
