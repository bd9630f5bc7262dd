"""A queue worker for the API as an able engineer writes it in an afternoon: four Dramatiq actors.

    dramatiq benchmarks.rivals.plain --processes 1 --threads 8

`plain_listener.py` sends what follows an event. It knows no caps, pays again for what is repeated, loses a
brief whose process dies at the wrong moment, and tells nobody anything but the list of what is done. Its log
is what Dramatiq and httpx write by themselves.
"""

import json
import os
from typing import Any

import dramatiq
import httpx
import redis
from dramatiq.brokers.redis import RedisBroker

#: What it keeps in Redis: the brief of each job, and a stream of the identities that are ready.
JOBS, READY = "plain:jobs", "plain:ready"

store = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
broker: Any = RedisBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)
api = httpx.Client(
    base_url=os.environ["PIKTID_API_URL"],
    headers={"Authorization": f"Bearer {os.environ['PIKTID_API_TOKEN']}"},
    timeout=30,
)


@dramatiq.actor(min_backoff=1_000)
def create(brief_id: str, body: dict[str, Any]) -> None:
    """Buy the drafts of a brief."""
    answer = api.post("/identity/create", json=body).raise_for_status().json()
    store.hset(JOBS, answer["job_id"], json.dumps({"brief_id": brief_id}))


@dramatiq.actor(min_backoff=1_000)
def collect(job_id: str) -> None:
    """Take the first draft of a job that is done."""
    results = api.get(f"/jobs/{job_id}/results").raise_for_status().json()["results"]
    promote.send(job_id, results[0]["image_result_id"])


@dramatiq.actor(min_backoff=1_000)
def promote(job_id: str, draft: int) -> None:
    """Make a draft an identity."""
    body = {"image_result_id": draft}
    answer = api.post("/identity/promote-generated", json=body).raise_for_status().json()
    brief = json.loads(store.hget(JOBS, job_id) or "{}")
    code = answer["identity_code"]
    store.hset(JOBS, answer["preprocessing_job_id"], json.dumps({**brief, "identity_code": code}))


@dramatiq.actor(min_backoff=1_000)
def finish(job_id: str) -> None:
    """Tell that an identity is ready."""
    found = store.hget(JOBS, job_id)
    if found is None:
        raise LookupError(f"nobody has recorded job {job_id} yet")
    store.xadd(READY, {"identity": found})
