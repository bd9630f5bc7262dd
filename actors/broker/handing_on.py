"""Hands a message of the inlet on to the shard that it belongs to, so that senders need not know of shards.

It is put there before it ends here. If the process is killed in between, it is put there twice, and the
second one is the same brief. Its text stays as it came, with its message's id, which serves for a brief
without an id.
"""

import uuid
from typing import Any

import redis

from actors.broker.inlets import mark_of
from config import keys


def hand_on(message: Any, client: "redis.Redis") -> None:
    """Put a message that runs on the inlet of another shard; what is to follow it goes with it.

    Raises redis.RedisError.
    """
    # Under an id of its own: the first of two may have been taken already, and the id of the second would
    # be one without a message.
    redis_id = mark_of(message.options["redis_message_id"]) + str(uuid.uuid4())
    is_bare = message.message_id == message.options["redis_message_id"]
    text = message.encode() if is_bare else message.text
    with client.pipeline(transaction=True) as pipe:
        pipe.hset(keys.MESSAGES(keys.INLET), redis_id, text)
        pipe.rpush(keys.QUEUE(keys.INLET), redis_id)
        pipe.execute()
    message.is_handed_on = True
