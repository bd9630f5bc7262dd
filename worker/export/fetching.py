"""Fetches the pictures of a brief's drafts, by new links where those on record have expired."""

import threading
import time
from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from config.backoff import backoff
from config.errors import IdentityWorkerError
from config.urls import is_loopback
from worker.network.pool import Pool, open_pool
from worker.piktid.client import PiktID
from worker.piktid.errors import (
    ApiError,
    ForbiddenError,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    PictureRefusedError,
    RetryLaterError,
)
from worker.piktid.pictures import Picture, download

T = TypeVar("T")

#: Pictures that a process fetches at once.
AT_ONCE = 8
#: Tries of a request that may go better the next time.
_TRIES = 4


class PictureError(IdentityWorkerError):
    """Any reason why a picture could not be had."""


class PictureGoneError(PictureError):
    """Raised when a picture can't be had any more: the API knows no link to it that works."""


class PictureUnavailableError(PictureError):
    """Raised when a picture could not be had now, and may be later."""


def open_pictures(api_url: str) -> Pool:
    """Return the pool over which pictures are fetched.

    Their links are the API's words, so with the real API they may lead to no private address. A sandbox on
    this machine serves its own.
    """
    return open_pool(public=not is_loopback(api_url))


class Links:
    """The links to the pictures of one brief's drafts; the job's results are asked for at most once."""

    def __init__(self, pool: Pool, api: PiktID | None, job_id: str | None) -> None:
        """Without an `api`, as whoever runs this has no token of the account, no link is renewed."""
        self._pool = pool
        self._api = api
        self._job_id = job_id
        self._lock = threading.Lock()
        self._renewed: dict[int | None, str | None] | None = None

    def fetch(self, image_result_id: int, url: str | None) -> Picture:
        """Return a draft's picture.

        A link on record may have expired (piktid-v2.md 6.37). Raises PictureGoneError or
        PictureUnavailableError.
        """
        try:
            if url:
                return _tried(lambda: download(self._pool, url))
        except (ForbiddenError, NotFoundError, PictureRefusedError):
            pass
        except ApiError as error:
            raise PictureUnavailableError(str(error)) from error
        return self._by_new_link(image_result_id)

    def _by_new_link(self, image_result_id: int) -> Picture:
        try:
            url = self._new_links().get(image_result_id)
            if url is None:
                raise PictureGoneError("the API has no link to it any more")
            return _tried(lambda: download(self._pool, url))
        except (ForbiddenError, NotFoundError, PictureRefusedError) as error:
            raise PictureGoneError(str(error)) from error
        except ApiError as error:
            raise PictureUnavailableError(str(error)) from error

    def _new_links(self) -> dict[int | None, str | None]:
        with self._lock:
            if self._renewed is None:
                if self._api is None:
                    told = (
                        "its link has expired, and there is no token of its account here to ask for another"
                    )
                    raise PictureUnavailableError(told)
                if self._job_id is None:
                    raise PictureGoneError("its link has expired, and its job is not on record")
                api, job_id = self._api, self._job_id
                drafts = _tried(lambda: api.job_results(job_id)).drafts
                self._renewed = {draft.image_result_id: draft.url for draft in drafts}
            return self._renewed


def _tried(ask: Callable[[], T]) -> T:
    """Return what is asked for; what may pass is asked for again, a few times."""
    for pause in islice(backoff(), _TRIES - 1):
        try:
            return ask()
        except (NotSentError, OutcomeUnknownError, RetryLaterError):
            time.sleep(pause)
    return ask()
