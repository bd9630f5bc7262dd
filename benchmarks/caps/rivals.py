"""Other ways to drive the same API, written as their users would: what ours is compared with.

Their waits are the API's seconds, so they are divided by the sandbox's speed, as everything else is.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import dramatiq
import httpx
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Retries, default_middleware
from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends import RedisBackend

from benchmarks.harness import ACCOUNT

Body = Mapping[str, Any]
T = TypeVar("T")

JOBS = 5
#: Seconds between two looks at a job, as the vendor's own clients wait (piktid-v2.md 2.4).
POLL = 5.0
#: Seconds to wait after each 429 of a request, before it is sent once more; after the last it is given up.
BACK_OFF = (1, 2, 4, 8, 16)
#: Dramatiq's own defaults, seconds: of `Retries`, and of the pause between two looks at an empty queue.
MIN_BACKOFF, MAX_BACKOFF = 15.0, 7 * 86_400.0
WORKER_TIMEOUT = 1.0


class TooManyRequestsError(Exception):
    """Raised when the API answers 429."""


class Client:
    """The API as a plain client uses it: it asks for a job's state until the job is over."""

    def __init__(self, url: str, speed: float) -> None:
        headers = {"Authorization": f"Bearer {ACCOUNT}"}
        self._http = httpx.Client(base_url=url, headers=headers, trust_env=False)
        self._speed = speed

    def create(self, body: Body) -> int:
        """Buy a brief's draft and wait for it; return its id. Raises TooManyRequestsError."""
        job_id = self.begin(body)
        self.rest(POLL)
        while (draft := self.draft(job_id)) is None:
            self.rest(POLL)
        return draft

    def promote(self, draft: int) -> None:
        """Make a draft an identity and wait until it can be used. Raises TooManyRequestsError."""
        code = self.begin_promotion(draft)
        self.rest(POLL)
        while not self.is_ready(code):
            self.rest(POLL)

    def begin(self, body: Body) -> str:
        """Buy a brief's draft; return the job's id. Raises TooManyRequestsError."""
        return str(self._post("/identity/create", body)["job_id"])

    def draft(self, job_id: str) -> int | None:
        """Return the id of a job's draft once it is there."""
        if self._get(f"/jobs/{job_id}/status").get("status") != "completed":
            return None
        return int(self._get(f"/jobs/{job_id}/results")["results"][0]["image_result_id"])

    def begin_promotion(self, draft: int) -> str:
        """Make a draft an identity; return its code. Raises TooManyRequestsError."""
        return str(self._post("/identity/promote-generated", {"image_result_id": draft})["identity_code"])

    def is_ready(self, code: str) -> bool:
        """Whether an identity can be used."""
        return bool(self._get(f"/identity/{code}/status").get("preprocessing_status") == "completed")

    def rest(self, seconds: float) -> None:
        """Wait for so many of the API's seconds."""
        time.sleep(seconds / self._speed)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _get(self, path: str) -> Any:
        """A job that is not known yet answers 404 with a body that has no state (piktid-v2.md 2.4)."""
        return self._http.get(path).json()

    def _post(self, path: str, body: Body) -> Any:
        answer = self._http.post(path, json=body)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise TooManyRequestsError(path)
        return answer.raise_for_status().json()


def poll(url: str, speed: float, bodies: Sequence[Body], threads: int = JOBS) -> None:
    """Drive the briefs from a pool of as many threads as there are permits; some may be given up."""
    client = Client(url, speed)

    def drive(body: Body) -> None:
        try:
            draft = _backing_off(client, lambda: client.create(body))
            _backing_off(client, lambda: client.promote(draft))
        except TooManyRequestsError:
            return

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(drive, bodies))
    client.close()


def _backing_off(client: Client, call: Callable[[], T]) -> T:
    for seconds in BACK_OFF:
        try:
            return call()
        except TooManyRequestsError:
            client.rest(seconds)
    return call()


def limited(url: str, speed: float, bodies: Sequence[Body], redis_url: str, deadline: float) -> None:
    """Drive the briefs by stock Dramatiq: one process, ConcurrentRateLimiter, Retries.

    Two actors, so that a retry after a 429 never buys the drafts again; each holds the limiter for as long as
    its remote job runs. Returns when all are ready, or after `deadline` seconds.
    """
    broker: Any = RedisBroker(url=redis_url, middleware=_middleware(speed))
    limiter = ConcurrentRateLimiter(RedisBackend(url=redis_url), "jobs", limit=JOBS)
    client = Client(url, speed)
    ready = threading.Semaphore(0)

    @dramatiq.actor(broker=broker)
    def create(body: Body) -> None:
        with limiter.acquire():
            draft = client.create(body)
        promote.send(draft)

    @dramatiq.actor(broker=broker)
    def promote(draft: int) -> None:
        with limiter.acquire():
            client.promote(draft)
        ready.release()

    worker = dramatiq.Worker(broker, worker_timeout=round(1000 * WORKER_TIMEOUT / speed))
    for body in bodies:
        create.send(body)
    worker.start()
    until = time.monotonic() + deadline
    for _ in bodies:
        if not ready.acquire(timeout=max(0.0, until - time.monotonic())):
            break
    worker.stop()
    client.close()
    broker.close()


def four_actors(url: str, speed: float, bodies: Sequence[Body], redis_url: str) -> None:
    """Drive the briefs by stock Dramatiq without a limiter: four actors that poll by delayed messages."""
    broker: Any = RedisBroker(url=redis_url)
    client = Client(url, speed)
    ready = threading.Semaphore(0)
    later = round(1000 * POLL / speed)

    @dramatiq.actor(broker=broker)
    def create(body: Body) -> None:
        collect.send_with_options(args=(client.begin(body),), delay=later)

    @dramatiq.actor(broker=broker)
    def collect(job_id: str) -> None:
        if (draft := client.draft(job_id)) is None:
            collect.send_with_options(args=(job_id,), delay=later)
        else:
            promote.send(draft)

    @dramatiq.actor(broker=broker)
    def promote(draft: int) -> None:
        finish.send_with_options(args=(client.begin_promotion(draft),), delay=later)

    @dramatiq.actor(broker=broker)
    def finish(code: str) -> None:
        if client.is_ready(code):
            ready.release()
        else:
            finish.send_with_options(args=(code,), delay=later)

    worker = dramatiq.Worker(broker)
    for body in bodies:
        create.send(body)
    worker.start()
    for _ in bodies:
        ready.acquire()
    worker.stop()
    client.close()
    broker.close()


def _middleware(speed: float) -> list[dramatiq.Middleware]:
    """Return Dramatiq's default middleware, the pauses of its retries at the sandbox's speed."""
    stock = [kind() for kind in default_middleware if kind is not Retries]
    pauses = [round(1000 * seconds / speed) for seconds in (MIN_BACKOFF, MAX_BACKOFF)]
    return [*stock, Retries(min_backoff=pauses[0], max_backoff=pauses[1])]
