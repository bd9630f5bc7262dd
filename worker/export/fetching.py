"""Fetches the pictures of a brief's drafts, by new links where those on record have expired."""

import time
from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from config.errors import IdentityWorkerError
from config.times import backoff
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
    """The links to the pictures of one brief's drafts, for one thread; new ones are asked for once."""

    def __init__(self, pool: Pool, api: PiktID | None, job_id: str | None) -> None:
        """Without an `api`, as whoever runs this has no token of the account, no link is renewed."""
        self._pool = pool
        self._api = api
        self._job_id = job_id
        self._renewed: dict[int | None, str | None] | None = None

    def fetch(self, image_result_id: int, url: str | None) -> Picture:
        """Return a draft's picture.

        A link on record may have expired (piktid-v2.md 6.37), or its host be no more. Raises PictureGoneError
        or PictureUnavailableError.
        """
        why = "there is no link to it on record"
        try:
            if url:
                return _tried(lambda: download(self._pool, url))
        except ApiError as error:
            why = str(error)
        if self._api is None:
            raise PictureUnavailableError(
                f"{why}; there is no token of its account here to ask for a new link"
            )
        return self._by_new_link(image_result_id, self._api)

    def _by_new_link(self, image_result_id: int, api: PiktID) -> Picture:
        try:
            url = self._new_links(api).get(image_result_id)
            if url is None:
                raise PictureGoneError("the API has no link to it any more")
            return _tried(lambda: download(self._pool, url))
        except (ForbiddenError, NotFoundError, PictureRefusedError) as error:
            raise PictureGoneError(str(error)) from error
        except ApiError as error:
            raise PictureUnavailableError(str(error)) from error

    def _new_links(self, api: PiktID) -> dict[int | None, str | None]:
        if self._renewed is None:
            job_id = self._job_id
            if job_id is None:
                raise PictureGoneError("its job is not on record, which would give a new link")
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
