"""Enqueue a brief from a program that uses Dramatiq and nothing of this project.

    pip install 'dramatiq[redis]'
    REDIS_URL=redis://127.0.0.1:6379/0 python plain_dramatiq.py BRIEF.json

Where the workers have an IDENTITY_WORKER_NAMESPACE, set it here too.
Prints the message's id, which is also the brief's id when the brief has no `brief_id`.
"""

import os
import sys
from pathlib import Path

import dramatiq
from dramatiq.brokers.redis import RedisBroker

if "REDIS_URL" not in os.environ or len(sys.argv) != 2:
    sys.exit(f"Set REDIS_URL to the workers' Redis, and name a brief.\n\n{__doc__}")

try:
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
except (OSError, ValueError) as error:
    sys.exit(f"{sys.argv[1]} can't be read: {error}")

namespace = os.environ.get("IDENTITY_WORKER_NAMESPACE", "").removesuffix(":")
before = f"{namespace}:" if namespace else ""
dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"], namespace=f"{before}dramatiq"))


@dramatiq.actor(queue_name="briefs")
def accept_brief(brief: str) -> None:
    """Stand for the worker's actor: only its name and its queue are used here."""


print(accept_brief.send(text).message_id)  # noqa: T201  # its result
