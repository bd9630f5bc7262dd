"""Sends briefs by HTTP or by Redis, and acts on each result once, with nothing of this project.

pip install 'redis'
python client.py send BRIEF.json     # by HTTP: IDENTITIES_URL, IDENTITIES_TOKEN
python client.py queue BRIEF.json    # by Redis: REDIS_URL
python client.py read FOLDER         # results, until it is stopped: REDIS_URL
"""

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import redis

BEFORE = os.environ.get("IDENTITY_WORKER_NAMESPACE", "").removesuffix(":")
BEFORE += ":" if BEFORE else ""
STREAM, GROUP, CONSUMER = f"{BEFORE}identity:events", "shop", os.environ.get("CONSUMER", "reader-1")
#: Ms after which what a reader took and never acknowledged is another's: longer than any effect takes.
DEAD_AFTER = 60_000


class RefusedError(Exception):
    """Raised when a brief is refused, or can't be sent as the environment is."""


def setting(name: str) -> str:
    """Return a variable of the environment that has to be set."""
    if value := os.environ.get(name):
        return value
    raise RefusedError(f"set {name}")


def send(brief: bytes) -> str:
    """Send a brief by HTTP. The same again is the same brief, so what got no answer is sent once more."""
    url, token = setting("IDENTITIES_URL"), setting("IDENTITIES_TOKEN")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/briefs", brief, headers)  # noqa: S310  # ours
    for pause in (1, 2, 4, 8, None):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above: ours
                return str(json.load(answer)["brief_id"])
        except urllib.error.HTTPError as error:
            if error.code != 503 or pause is None:
                raise RefusedError(f"refused: {error.read().decode(errors='replace')}") from error
        except OSError:
            if pause is None:
                raise
        time.sleep(pause)
    raise AssertionError


def queue(client: "redis.Redis", brief: bytes) -> str:
    """Put a brief on the queue; its id is its `brief_id`, else the message's."""
    message_id = str(uuid.uuid4())
    message = {
        "queue_name": "briefs",
        "actor_name": "accept_brief",
        "args": [brief.decode()],
        "kwargs": {},
        "options": {"redis_message_id": message_id},
        "message_id": message_id,
        "message_timestamp": round(time.time() * 1000),
    }
    # In this order: a worker that met the id first would find no message.
    client.hset(f"{BEFORE}dramatiq:briefs.msgs", message_id, json.dumps(message))
    client.rpush(f"{BEFORE}dramatiq:briefs", message_id)
    return str(json.loads(brief).get("brief_id") or message_id)


def read(client: "redis.Redis", folder: Path) -> None:
    """Act on each result once, whenever this is killed and started again."""
    try:
        client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise
    after = "0"  # first what this reader took and did not acknowledge, then what is new
    while True:
        found: Any = client.xreadgroup(GROUP, CONSUMER, {STREAM: after}, count=10, block=2_000)
        entries = found[0][1] if found else []
        for entry, fields in entries:
            if fields:  # else it was trimmed meanwhile
                act(folder, json.loads(fields["event"]))
            client.xack(STREAM, GROUP, entry)
        if not entries and after == ">":
            client.xautoclaim(STREAM, GROUP, CONSUMER, DEAD_AFTER, count=10)
        after = ">" if not entries and after == "0" else "0" if not entries else after


def act(folder: Path, event: dict[str, Any]) -> None:
    """Do what a result is for, unless it was done: here, keep it as a file that is whole or not there.

    The file's name is that of the event, so that what is done and that it is done are one and the same. In a
    database: a row whose key is the event's, written in the transaction that does the work.
    """
    if event["type"] != "identity.preprocessing.completed":
        return
    name = hashlib.sha256(f"{event['source']} {event['id']}".encode()).hexdigest()
    folder.mkdir(exist_ok=True)
    unfinished = folder / f".{name}.{os.getpid()}"
    with unfinished.open("w") as file:
        json.dump(event["data"], file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, folder / f"{name}.json")
        told = "did"
    except FileExistsError:
        told = "was done:"
    unfinished.unlink()
    print(told, event["id"], flush=True)  # noqa: T201  # what it is run for


def main() -> None:
    """Do what the first argument says; what goes wrong is told in one line, and is a failure."""
    if len(sys.argv) != 3 or sys.argv[1] not in ("send", "queue", "read"):
        sys.exit(__doc__)
    try:
        run(sys.argv[1], Path(sys.argv[2]))
    except (RefusedError, OSError, ValueError, redis.RedisError) as error:
        sys.exit(" ".join(str(error).split()))


def run(what: str, given: Path) -> None:
    """Send a brief in one of both ways, or read."""
    if what == "send":
        print(send(given.read_bytes()))  # noqa: T201  # its result
        return
    with redis.Redis.from_url(setting("REDIS_URL"), decode_responses=True) as client:
        if what == "queue":
            print(queue(client, given.read_bytes()))  # noqa: T201  # its result
        else:
            read(client, given)


if __name__ == "__main__":
    main()
