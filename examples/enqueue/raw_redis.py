"""Enqueue a brief by two Redis commands, as a program in any language can.

    pip install 'redis'
    REDIS_URL=redis://127.0.0.1:6379/0 python raw_redis.py BRIEF.json

Where the workers have an IDENTITY_WORKER_NAMESPACE, set it here too.
Prints the message's id, which is also the brief's id when the brief has no `brief_id`.
"""

import json
import os
import sys
import time
import uuid
from pathlib import Path

import redis

if "REDIS_URL" not in os.environ or len(sys.argv) != 2:
    sys.exit(f"Set REDIS_URL to the workers' Redis, and name a brief.\n\n{__doc__}")

try:
    brief = Path(sys.argv[1]).read_text(encoding="utf-8")
except (OSError, ValueError) as error:
    sys.exit(f"{sys.argv[1]} can't be read: {error}")

message_id = str(uuid.uuid4())
message = {
    "queue_name": "briefs",
    "actor_name": "accept_brief",
    "args": [brief],
    "kwargs": {},
    # The worker acknowledges the message by this one; without it, it could not.
    "options": {"redis_message_id": message_id},
    "message_id": message_id,
    "message_timestamp": round(time.time() * 1000),
}

namespace = os.environ.get("IDENTITY_WORKER_NAMESPACE", "").removesuffix(":")
queue = f"{namespace}:dramatiq:briefs" if namespace else "dramatiq:briefs"

with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
    # In this order: a worker that met the id first would find no message.
    client.hset(f"{queue}.msgs", message_id, json.dumps(message))
    client.rpush(queue, message_id)

print(message_id)  # noqa: T201  # its result
