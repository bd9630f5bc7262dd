"""A pool of threads without any queue: each drives one brief, backs off at 429, and gives up in the end."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from benchmarks.rivals.client import Body, Client, TooManyRequestsError

T = TypeVar("T")

JOBS = 5
#: Seconds to wait after each 429 of a request, before it is sent once more; after the last it is given up.
BACK_OFF = (1, 2, 4, 8, 16)


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
