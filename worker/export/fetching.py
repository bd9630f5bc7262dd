"""Fetches the pictures of a brief's drafts, by new links where those on record have expired."""

import time
from collections.abc import Callable
from itertools import islice
from typing import TypeVar
from urllib.parse import urlsplit

from config import durations
from config.errors import IdentityWorkerError
from config.times import backoff
from config.urls import is_loopback
from worker.export.hosts import Hosts
from worker.network.pool import Pool, open_pool
from worker.network.timed_network import time_left, within
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
#: A try that comes to nothing after this share of the shortest wait shows that its host is silent.
_SILENT = 0.8
#: What stands for the API among the hosts.
_API = "the API"


class PictureError(IdentityWorkerError):
    """Any reason why a picture could not be had."""


class PictureGoneError(PictureError):
    """Raised when a picture can't be had any more: the API knows no link to it that works."""


class PictureUnavailableError(PictureError):
    """Raised when a picture could not be had now, and may be later."""


def open_pictures(api_url: str) -> Pool:
    """Return the pool over which pictures are fetched, and nothing else.

    Their links are the API's words, so with the real API they may lead to no private address. The API itself
    may have one, as behind a gateway, and is asked over a pool of its own. A sandbox on this machine serves
    its own pictures.
    """
    return open_pool(public=not is_loopback(api_url))


class Links:
    """The links to the pictures of one brief's drafts, for one thread; new ones are asked for once."""

    def __init__(
        self,
        pool: Pool,
        api: PiktID | None,
        job_id: str | None,
        *,
        hosts: Hosts | None = None,
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        """Without an `api`, as in a process that has no token of the account, no link is renewed.

        With `hosts`, a host that is silent is not asked again for a while. Once `is_ending` says so, nothing
        more is asked for.
        """
        self._pool = pool
        self._api = api
        self._job_id = job_id
        self._hosts = hosts
        self._is_ending = is_ending
        self._renewed: dict[int | None, str | None] | None = None

    def fetch(self, image_result_id: int, url: str | None) -> Picture:
        """Return a draft's picture, within `durations.PICTURE_SECONDS`.

        A link on record may have expired (piktid-v2.md 6.37), or its host be no more. Raises PictureGoneError
        or PictureUnavailableError.
        """
        with within(durations.PICTURE_SECONDS):
            return self._fetched(image_result_id, url)

    def _fetched(self, image_result_id: int, url: str | None) -> Picture:
        why = "there is no link to it on record"
        try:
            if url:
                # A host that is no more must leave time for the next link, which may lead to another one.
                with within(durations.PICTURE_SECONDS / 2):
                    return self._downloaded(url)
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
            return self._downloaded(url)
        except (ForbiddenError, NotFoundError, PictureRefusedError) as error:
            raise PictureGoneError(str(error)) from error
        except ApiError as error:
            raise PictureUnavailableError(str(error)) from error

    def _new_links(self, api: PiktID) -> dict[int | None, str | None]:
        if self._renewed is None:
            job_id = self._job_id
            if job_id is None:
                raise PictureGoneError("its job is not on record, which would give a new link")
            drafts = self._tried(lambda: api.job_results(job_id), _API).drafts
            self._renewed = {draft.image_result_id: draft.url for draft in drafts}
        return self._renewed

    def _downloaded(self, url: str) -> Picture:
        return self._tried(lambda: download(self._pool, url), urlsplit(url).netloc)

    def _tried(self, ask: Callable[[], T], host: str) -> T:
        """Return what is asked for; what may pass is asked for again, a few times, while there is time."""
        for pause in islice(backoff(), _TRIES - 1):
            try:
                return self._asked(ask, host)
            except (NotSentError, OutcomeUnknownError, RetryLaterError):
                if self._is_ending() or self._is_silent(host) or time_left() < pause:
                    raise
                time.sleep(pause)
        return self._asked(ask, host)

    def _asked(self, ask: Callable[[], T], host: str) -> T:
        """Ask once, unless that is of no use now; note whether the host is silent."""
        if self._is_ending():
            raise NotSentError("the process ends")
        if self._is_silent(host):
            raise NotSentError(f"{host} has not answered; it is asked again later")
        began = time.monotonic()
        try:
            answer = ask()
        except (NotSentError, OutcomeUnknownError):
            shortest = min(durations.HTTP_CONNECT_SECONDS, durations.FETCH_WAIT_SECONDS)
            if self._hosts is not None and time.monotonic() - began >= _SILENT * shortest:
                self._hosts.was_silent(host)
            raise
        if self._hosts is not None:
            self._hosts.answered(host)
        return answer

    def _is_silent(self, host: str) -> bool:
        return self._hosts is not None and self._hosts.silence(host) > 0
