"""The PiktID v2 API, one method for each call, over one connection pool for the process.

Paths, bodies and statuses: the guide; where it is silent or disputed, piktid-v2.md section 6. Every call
returns a value of `worker.answers` or raises an `ApiError` of `worker.api_errors`, and nothing else.
"""

import ipaddress
import logging
import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from worker import answers
from worker.answers import Created, Identity, JobResults, JobStatus, Me, Preprocessing, Promoted
from worker.api_errors import (
    Invalid,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PictureRefused,
    Reply,
    Unexpected,
    error_of,
)

T = TypeVar("T")

#: Longest JSON body read, in bytes: a page of 100 identities takes some 50 KB.
MAX_BODY_BYTES = 4 * 1024 * 1024

#: Largest picture read, in bytes: an uncompressed 4K square is 48 MB.
MAX_PICTURE_BYTES = 64 * 1024 * 1024

#: Seconds for all of one body. The pool's read timeout bounds each read only, so drops could go on for ever.
BODY_SECONDS = 120.0

#: Identities asked for at once, the most that the API gives.
PAGE_SIZE = 100

#: Pages after which a list is taken to be endless.
MAX_PAGES = 100

#: What httpx raises before it has written the first byte. Whatever else it raises may come after the
#: request has arrived: a reset, for one, even if the server had just closed an idle connection.
_BEFORE_SENDING = (
    httpx.ConnectError,  # refused, no route, no such name, TLS
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,  # the proxy refused the tunnel
    httpx.UnsupportedProtocol,
)

#: How a picture begins, its content type and its suffix.
_PICTURES = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg", ".jpg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png", ".png"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp", ".webp"),
)


def open_pool(
    *,
    timeout_connect: float = 5.0,
    timeout_read: float = 30.0,
    timeout_write: float = 30.0,
    timeout_pool: float = 5.0,
    max_connections: int = 32,
    keepalive_expiry: float = 1.0,
) -> httpx.Client:
    """Return the process's connection pool, for all accounts and all threads; times are in seconds.

    An idle connection is kept for one second, less than servers keep theirs (2 s at the least, commonly), so
    a paid request is hardly ever written to a connection that is being closed, which would leave its outcome
    unknown. A new connection for each paid call would be no safer when a server restarts, and puts a TLS
    handshake between the last check of a claim and the call.

    No proxy, certificate file or password file named in the environment is used (trust_env): the token goes
    to the API's host, by no detour. Cookies are refused: the pool is shared, and one account's session must
    never be sent with another's token.
    """
    # At INFO, httpx logs every URL whole, and a draft's signed link is a right of access.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.Client(
        timeout=httpx.Timeout(
            connect=timeout_connect, read=timeout_read, write=timeout_write, pool=timeout_pool
        ),
        limits=httpx.Limits(
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_expiry,
        ),
        # Uncompressed: a small body that unfolds into gigabytes would be past any limit before it is counted.
        headers={"User-Agent": "identity-worker", "Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


class PiktID:
    """The calls of one account.

    Cheap to make: it holds no connection of its own. Raises ValueError for a base URL that is neither https
    nor http to this machine, and for a token that no header can carry.
    """

    def __init__(self, pool: httpx.Client, base_url: str, token: SecretStr) -> None:
        if not _is_safe(base_url) or "?" in base_url or "#" in base_url:
            raise ValueError("the API's URL must be https, or http to this machine, and end with its path")
        secret = token.get_secret_value()
        # httpx would name the token in its complaint.
        if not (secret.isascii() and secret.isprintable() and secret.strip() == secret != ""):
            raise ValueError("the token is blank, or has characters that no header can carry")
        self._pool = pool
        self._base_url = base_url.rstrip("/")
        self._token = token

    def __repr__(self) -> str:
        return f"PiktID({self._base_url!r})"

    def create(self, body: Mapping[str, object]) -> Created:
        """Buy drafts: POST /identity/create (guide, *Submitting a creation job*). Never safe to repeat."""
        return self._ask(answers.read_created, "POST", "/identity/create", json=dict(body))

    def job_status(self, job_id: str) -> JobStatus:
        """Ask where a job is: GET /jobs/{id}/status. NotFound may mean that it is too young."""
        path = f"/jobs/{_segment(job_id)}/status"
        return self._ask(lambda body: answers.read_job_status(body, job_id), "GET", path)

    def job_results(self, job_id: str) -> JobResults:
        """Fetch a job's drafts: GET /jobs/{id}/results. NotFound may mean that it is too young."""
        path = f"/jobs/{_segment(job_id)}/results"
        return self._ask(lambda body: answers.read_job_results(body, job_id), "GET", path)

    def promote(self, image_result_id: int, name: str | None = None) -> Promoted:
        """Make a draft an identity: POST /identity/promote-generated (guide, *Promoting a draft*).

        Costs 50 credits and a slot. Safe to repeat: a draft that is one already raises AlreadyPromoted.
        """
        body: dict[str, object] = {"image_result_id": image_result_id}
        if name is not None:
            body["name"] = name
        return self._ask(answers.read_promoted, "POST", "/identity/promote-generated", json=body)

    def preprocessing(self, identity_code: str) -> Preprocessing:
        """Ask how far an identity is; NotFound after it was known means failed and hidden (6.22).

        Only the vendor's client shows the status path, so without it the documented one is asked (6.21).
        """
        path = f"/identity/{_segment(identity_code)}"
        try:
            return self._ask(answers.read_preprocessing, "GET", f"{path}/status")
        except (NotFound, Unexpected) as error:
            if error.status not in (404, 405):
                raise
        return self._ask(answers.read_preprocessing, "GET", path)

    def own_identities(self) -> list[Identity]:
        """List the account's own identities, newest first: GET /identity, every page (6.32)."""
        try:
            found = self._identities({"ownership": "mine"})
        except Invalid:  # the filter's name is not certain
            found = self._identities({})
        names = self.me().names if any(identity.disputed for identity in found) else frozenset[str]()
        return [identity for identity in found if identity.belongs_to(names)]

    def me(self) -> Me:
        """Ask for the account's balance in credits: GET /auth/me. Jobs in progress may have reserved some."""
        return self._ask(answers.read_me, "GET", "/auth/me")

    def delete_notification(self, notification_id: int) -> None:
        """Have a notification replayed no more: DELETE /notifications/{id}. One already gone is fine."""
        try:
            self._call("DELETE", f"/notifications/{notification_id}")
        except NotFound:
            return

    def _identities(self, filters: Mapping[str, str]) -> list[Identity]:
        """Read every page, to the one that is the last or brings nothing new.

        An identity made meanwhile shifts the pages, so a code may come twice and counts once.
        """
        found: dict[str, Identity] = {}
        for page in range(1, MAX_PAGES + 1):
            params = {**filters, "page": str(page), "per_page": str(PAGE_SIZE)}
            read = self._ask(answers.read_identity_page, "GET", "/identity", params=params)
            known = len(found)
            found.update((identity.identity_code, identity) for identity in read.identities)
            if read.last or len(found) == known:
                return list(found.values())
        raise OutcomeUnknown(f"GET /identity: no end after {MAX_PAGES} pages")

    def _ask(
        self,
        read: Callable[[object], T],
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str] | None = None,
    ) -> T:
        reply = self._call(method, path, json=json, params=params)
        try:
            return read(answers.decode(reply.body if reply.whole else b""))
        except answers.UnreadableError as error:
            raise OutcomeUnknown(f"{method} {path}: answered {reply.status}, but {error}") from error

    def _call(
        self, method: str, path: str, *, json: object = None, params: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request and return its 2xx response: the exact code is certain for no call (6.13)."""
        call, secret = f"{method} {path}", self._token.get_secret_value()
        try:
            request = self._pool.build_request(
                method,
                self._base_url + path,
                json=json,
                params=params,
                headers={"Authorization": f"Bearer {secret}"},
            )
        except httpx.InvalidURL as error:
            raise NotSent(f"{method}: the path is too long for a URL") from error
        reply = _exchange(self._pool, call, request, MAX_BODY_BYTES)
        if 200 <= reply.status < 300:
            return reply
        raise error_of(call, reply, secret=secret)


@dataclass(frozen=True, slots=True)
class Picture:
    """A draft's picture; `suffix` begins with the dot."""

    content: bytes = field(repr=False)
    content_type: str
    suffix: str


def download(pool: httpx.Client, url: str, *, max_bytes: int = MAX_PICTURE_BYTES) -> Picture:
    """Fetch a draft's picture from where the API stores it, without the token (6.37).

    Raises PictureRefused for a URL that is neither https nor http to this machine, and for what is too large
    or no picture. On NotFound and Forbidden the link may have expired: a job's results give a new one.
    """
    if not _is_safe(url):
        raise PictureRefused("a picture's URL must be https, or http to this machine")
    request = pool.build_request("GET", url)
    call = f"GET a picture from {request.url.host}"
    reply = _exchange(pool, call, request, max_bytes)
    if not 200 <= reply.status < 300:
        raise error_of(call, reply)
    if len(reply.body) > max_bytes:
        raise PictureRefused(f"{call}: larger than {max_bytes} bytes")
    if not reply.whole:
        raise OutcomeUnknown(f"{call}: it broke off")
    return _picture(call, reply.body)


def _picture(call: str, content: bytes) -> Picture:
    """Tell a picture by its first bytes: stores label files wrongly, and an error page can come as a 200."""
    for beginning, content_type, suffix in _PICTURES:
        if beginning.match(content):
            return Picture(content, content_type, suffix)
    raise PictureRefused(f"{call}: it is no JPEG, PNG or WebP picture")


def _exchange(pool: httpx.Client, call: str, request: httpx.Request, max_bytes: int) -> Reply:
    """Send a request, follow no redirect, and read at most about `max_bytes` of the body.

    Raises NotSent when the request provably never left, OutcomeUnknown when no status came back.
    """
    try:
        response = pool.send(request, stream=True, follow_redirects=False)
    except _BEFORE_SENDING as error:
        raise NotSent(f"{call}: {type(error).__name__}: {error}") from error
    except Exception as error:
        # Everything: httpx lets some errors of its parts through, and a foreign one must not hide that the
        # request may have arrived. Its text is left out, since it may quote what the server sent.
        raise OutcomeUnknown(f"{call}: no answer came back ({type(error).__name__})") from error
    with closing(response):
        body, whole = _read(response, max_bytes)
    return Reply(response.status_code, response.headers, body, whole)


def _read(response: httpx.Response, max_bytes: int, seconds: float = BODY_SECONDS) -> tuple[bytes, bool]:
    """Return a body, and whether it is whole: of an error, the status counts even when its body broke off."""
    deadline = time.monotonic() + seconds
    body = bytearray()
    try:
        for part in response.iter_bytes():
            body += part
            if len(body) > max_bytes or time.monotonic() > deadline:
                return bytes(body), False
    except httpx.HTTPError:
        return bytes(body), False
    return bytes(body), True


def _segment(name: str) -> str:
    """Return an id as one segment of a path; dots too, or `..` would climb to another endpoint."""
    return quote(name, safe="", errors="replace").replace(".", "%2E")


def _is_safe(url: str) -> bool:
    """Whether a URL is https, or http to this machine, and names no user."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    if parsed.userinfo or not parsed.host:
        return False
    return parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(parsed.host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
