"""The PiktID v2 API, one method for each call, over one connection pool for the process.

Paths, bodies and statuses: the guide; where it is silent or disputed, piktid-v2.md section 6. Every call
returns a value of `worker.piktid.answers` or raises an `ApiError` of `worker.piktid.errors`, and nothing
else.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar, Unpack

from pydantic import SecretStr

from config.urls import is_base
from worker.network.pool import Pool
from worker.piktid import reading, reading_pictures, uploads
from worker.piktid.answers import (
    Created,
    Extracted,
    Identity,
    JobResults,
    JobStatus,
    ListedJobs,
    Me,
    Preprocessing,
    Promoted,
    Upload,
    Webhook,
)
from worker.piktid.error_status import is_page
from worker.piktid.errors import (
    InvalidRequestError,
    NoApiError,
    NotFoundError,
    OutcomeUnknownError,
    PageAnsweredError,
    UnexpectedStatusError,
)
from worker.piktid.json_values import UnreadableError, decode
from worker.piktid.pictures import Picture
from worker.piktid.transport import Asked, Sent, segment

T = TypeVar("T")

#: Identities asked for at once, the most that the API gives.
PAGE_SIZE = 100
#: The path that tells where a file is to be uploaded.
_PLACE = "/upload"
#: Pages after which a list is taken to be endless.
MAX_PAGES = 100


@cache  # of ten thousand accounts it is the same
def _check_base_url(url: str) -> None:
    if not is_base(url):
        raise ValueError("the API's URL must be https, or http to this machine, and end with its path")


class PiktID:
    """The calls of one account.

    What costs has a `send_by`, in seconds of `config.times.monotonic`: not sent by then, it raises
    NotSentError.

    Cheap to make: it holds no connection of its own. `token_now` tells the token of now where the present one
    is refused; with another one a call is made once more, as a refused token means that nothing was done.
    Raises ValueError for a base URL that is neither https nor http to this machine, and for a token that no
    header can carry.
    """

    def __init__(
        self,
        pool: Pool,
        base_url: str,
        token: SecretStr,
        token_now: Callable[[], SecretStr | None] = lambda: None,
    ) -> None:
        _check_base_url(base_url)
        secret = token.get_secret_value()
        # httpx would name the token in its complaint.
        if not (secret.isascii() and secret.isprintable() and secret.strip() == secret != ""):
            raise ValueError("the token is blank, or has characters that no header can carry")
        self._pool = pool
        self._base_url = base_url.rstrip("/")
        self._asked = Asked(pool, self._base_url, token, token_now)

    def __repr__(self) -> str:
        return f"PiktID({self._base_url!r})"

    def create(self, body: Mapping[str, object], send_by: float | None = None) -> Created:
        """Buy drafts: POST /identity/create (guide, *Submitting a creation job*). Never safe to repeat."""
        return self._ask(reading.read_created, "POST", "/identity/create", json=dict(body), send_by=send_by)

    def job_status(self, job_id: str) -> JobStatus:
        """Ask where a job is: GET /jobs/{id}/status. NotFoundError may mean that it is too young."""
        return self._ask(reading.read_job_status, "GET", f"/jobs/{segment(job_id)}/status")

    def job_results(self, job_id: str) -> JobResults:
        """Fetch a job's drafts: GET /jobs/{id}/results. NotFoundError may mean that it is too young."""
        path = f"/jobs/{segment(job_id)}/results"
        return self._ask(lambda body: reading.read_job_results(body, job_id), "GET", path)

    def listed_jobs(self, page: int) -> ListedJobs:
        """List the account's jobs, newest first, a page from 1: GET /gallery/by-job (piktid-v2.md 2.9)."""
        params = {"page": str(page), "per_page": str(PAGE_SIZE), "max_images_per_job": "1"}
        return self._ask(reading.read_listed_jobs, "GET", "/gallery/by-job", params=params)

    def promote(
        self, image_result_id: int, name: str | None = None, send_by: float | None = None
    ) -> Promoted:
        """Make a draft an identity: POST /identity/promote-generated (guide, *Promoting a draft*).

        Costs 50 credits and a slot. Safe to repeat: a draft that is one already raises AlreadyPromotedError.
        """
        body: dict[str, object] = {"image_result_id": image_result_id}
        if name is not None:
            body["name"] = name
        path = "/identity/promote-generated"
        return self._ask(reading.read_promoted, "POST", path, json=body, send_by=send_by)

    def preprocessing(self, identity_code: str) -> Preprocessing:
        """Ask how far an identity is; NotFoundError after it was known means failed and hidden (6.22).

        Only the vendor's client shows the status path: without it, told by a page perhaps, the other (6.21).
        """
        path = f"/identity/{segment(identity_code)}"
        try:
            return self._ask(reading.read_preprocessing, "GET", f"{path}/status", in_doubt=False)
        except (NotFoundError, NoApiError, UnexpectedStatusError) as error:
            if error.status not in (404, 405):
                raise
        return self._ask(reading.read_preprocessing, "GET", path)

    def own_identities(self) -> list[Identity]:
        """List the account's own identities, newest first: GET /identity, every page (6.32)."""
        try:
            found = self._identities({"ownership": "mine"})
        except InvalidRequestError:  # the filter's name is not certain
            found = self._identities({})
        names = self.me().names if any(identity.disputed for identity in found) else frozenset[str]()
        return [identity for identity in found if identity.belongs_to(names)]

    def me(self) -> Me:
        """Ask for the account's balance in credits: GET /auth/me. Jobs in progress may have reserved some."""
        return self._ask(reading.read_me, "GET", "/auth/me")

    def token_ends(self) -> list[float]:
        """Ask when the account's API tokens end, in seconds since 1970: GET /auth/token. None is named."""
        params = {"per_page": str(PAGE_SIZE)}
        return self._ask(reading.read_token_ends, "GET", "/auth/token", params=params)

    def upload(self, filename: str) -> Upload:
        """Ask where a file is to be uploaded: POST /upload.

        Free; the file's type goes by the name's suffix.
        """
        return self._ask(reading_pictures.read_upload, "POST", _PLACE, json={"filename": filename})

    def put_bytes(self, upload: Upload, content: bytes, content_type: str) -> None:
        """Send a file's bytes to its upload URL, as `content_type` unless the API named one. Free."""
        url = uploads.secured(upload.upload_url, self._base_url)
        uploads.put(self._pool, url, content, upload.content_type or content_type)

    def extract(self, file_id: str, send_by: float | None = None) -> Extracted:
        """Have an uploaded picture described: POST /preset/extract-from-image. Paid; never safe to repeat."""
        # The default type is another product's (piktid-v2.md 6.27).
        body = {"file_id": file_id, "type": "identity_creation"}
        path = "/preset/extract-from-image"
        return self._ask(reading_pictures.read_extracted, "POST", path, json=body, send_by=send_by)

    def import_identity(
        self, picture: Picture, filename: str, name: str, tag: str | None = None, send_by: float | None = None
    ) -> Promoted:
        """Make a portrait an identity: POST /identity/upload (piktid-v2.md 2.7). Takes a slot.

        A name that is taken raises NameTakenError or AlreadyPromotedError: names are unique, so one that was
        sent before is not made twice.
        """
        fields = {"name": name} if tag is None else {"name": name, "tag": tag}
        sent = uploads.form(fields, filename, picture)
        return self._ask(reading.read_imported, "POST", "/identity/upload", form=sent, send_by=send_by)

    def search_identities(self, name: str) -> list[Identity]:
        """List the identities whose name holds this one: GET /identity, other people's among them."""
        try:
            return self._identities({"search": name})
        except InvalidRequestError:  # as of the other filter
            return self._identities({})

    def set_webhook(self, url: str) -> Webhook:
        """Set the account's single webhook: PUT /webhooks. Replaces its URL and its secret, and pings."""
        return self._ask(reading.read_webhook, "PUT", "/webhooks", json={"url": url})

    def test_webhook(self) -> int | None:
        """Have a test event sent to the webhook: POST /webhooks/test.

        Returns what the receiver answered last, None where the API does not say.
        """
        return reading.read_last_response(self._asked.call("POST", "/webhooks/test").body)

    def _identities(self, filters: Mapping[str, str]) -> list[Identity]:
        """Read every page, to the one that is the last or brings nothing new.

        An identity made meanwhile shifts the pages, so a code may come twice and counts once.
        """
        found: dict[str, Identity] = {}
        for page in range(1, MAX_PAGES + 1):
            params = {**filters, "page": str(page), "per_page": str(PAGE_SIZE)}
            read = self._ask(reading.read_identity_page, "GET", "/identity", params=params)
            known = len(found)
            found.update((identity.identity_code, identity) for identity in read.identities)
            if read.last or len(found) == known:
                return list(found.values())
        raise OutcomeUnknownError(f"GET /identity: no end after {MAX_PAGES} pages")

    def _ask(
        self,
        read: Callable[[object], T],
        method: str,
        path: str,
        *,
        in_doubt: bool = True,
        **sent: Unpack[Sent],
    ) -> T:
        reply = self._asked.call(method, path, in_doubt=in_doubt, **sent)
        try:
            return read(decode(reply.body if reply.whole else b""))
        except UnreadableError as error:
            told = f"{method} {path}: answered {reply.status}, but {error}"
            if not is_page(reply):
                raise OutcomeUnknownError(told) from error
            if method == "GET" or path == _PLACE:
                # Nothing is lost if it was answered.
                raise NoApiError(reply.status, told) from error
            raise PageAnsweredError(told) from error
