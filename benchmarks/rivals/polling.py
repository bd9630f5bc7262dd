"""A pool of threads without any queue: each drives one brief, backs off at 429, and gives up in the end."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from benchmarks.rivals.client import Body, Client, TooManyRequestsError

T = TypeVar("T")

JOBS = 5
#: Seconds to wait after each 429 of a request, before it is sent once more; after the last it is given up.
BACK_OFF = (1, 2, 4, 8, 16)


def poll(url: str, speed: float, bodies: Sequence[Body], threads: int = JOBS) -> int:
    """Drive the briefs from a pool of as many threads as there are permits; return how many were given up."""
    client = Client(url, speed)

    def drive(body: Body) -> bool:
        try:
            draft = _backing_off(client, lambda: client.create(body))
            _backing_off(client, lambda: client.promote(draft))
        except TooManyRequestsError:
            return False
        return True

    with ThreadPoolExecutor(threads) as pool:
        finished = sum(pool.map(drive, bodies))
    client.close()
    return len(bodies) - finished


def _backing_off(client: Client, call: Callable[[], T]) -> T:
    for seconds in BACK_OFF:
        try:
            return call()
        except TooManyRequestsError:
            client.rest(seconds)
    return call()
