"""Reads the API's answers tolerantly into the values of `worker.piktid.answers`.

Each reader takes a decoded JSON body and raises `UnreadableError` when the one thing that a caller
cannot do without is missing. Whatever else is missing or of an odd type becomes None, a blank or zero:
several generations of the same answers are known, and none may stop a brief that has been paid for.
Numbers in brackets are sections of piktid-v2.md.
"""

from collections import Counter

from pydantic import SecretStr

from worker.piktid.answers import (
    Created,
    Draft,
    Identity,
    IdentityPage,
    JobResults,
    JobStatus,
    ListedJob,
    ListedJobs,
    Me,
    Preprocessing,
    Promoted,
    RunState,
    Webhook,
)
from worker.piktid.errors import InvalidRequestError
from worker.piktid.json_values import (
    UnreadableError,
    decode,
    fields,
    identifier,
    integer,
    moment,
    number,
    text,
)


def read_token_ends(body: object) -> list[float]:
    """Read when the tokens of GET /auth/token end; a list is needed; who ends never is left out."""
    found = fields(body).get("tokens")
    if not isinstance(found, list):
        raise UnreadableError("it has no list of tokens")
    ends = (moment(each.get("expiration_date")) for each in found if isinstance(each, dict))
    return [end for end in ends if end is not None]


def read_created(body: object) -> Created:
    """Read the answer of POST /identity/create; a job id is needed."""
    return Created(job_id=_needed(fields(body), "job_id"))


def read_job_status(body: object) -> JobStatus:
    """Read the answer of GET /jobs/{id}/status; a status is needed."""
    found = fields(body)
    return JobStatus(
        job_type=text(found.get("job_type")) or "",
        state=RunState.of(_status(found, "status")),
        total_images=integer(found.get("total_images")),
        created_at=moment(found.get("created_at")),
    )


def read_job_results(body: object, asked: str) -> JobResults:
    """Read the answer of GET /jobs/{id}/results for the job `asked`; a list of results is needed.

    Only a preprocessing job may have none. A creation job's missing list is not an empty one: read so,
    it would fail a brief whose drafts are paid for.
    """
    found = fields(body)
    job_type, status = text(found.get("job_type")) or "", text(found.get("status")) or ""
    rows = found.get("results")
    if not isinstance(rows, list):
        if job_type != "identity_preprocessing":
            raise UnreadableError("it holds no list of results")
        rows = []
    return JobResults(
        job_id=identifier(found.get("job_id")) or asked,
        job_type=job_type,
        status=status,
        state=RunState.of(status) if status else None,
        drafts=_drafts(rows),
        credits_used=number(found.get("credits_used")),
    )


def read_listed_jobs(body: object) -> ListedJobs:
    """Read one page of GET /gallery/by-job; the list is needed, rows without an id are left out."""
    found = fields(body)
    rows = found.get("jobs")
    if not isinstance(rows, list):
        raise UnreadableError("it holds no list of jobs")
    jobs = (
        ListedJob(job_id, text(row.get("job_type")) or "", moment(row.get("created_at")))
        for row in rows
        if isinstance(row, dict) and (job_id := identifier(row.get("job_id"))) is not None
    )
    return ListedJobs(tuple(jobs), _last(found.get("pagination")))


def read_promoted(body: object) -> Promoted:
    """Read the answer of POST /identity/promote-generated; an identity code is needed."""
    found = fields(body)
    return Promoted(_needed(found, "identity_code"), identifier(found.get("preprocessing_job_id")))


def read_imported(body: object) -> Promoted:
    """Read the answer of POST /identity/upload; a code is needed, unless the API says that it made none.

    Raises InvalidRequestError where it says so.
    """
    found = fields(body)
    if found.get("success") is False and identifier(found.get("identity_code")) is None:
        said = text(found.get("error")) or text(found.get("message")) or "it found no face in the portrait"
        raise InvalidRequestError(200, said)
    return read_promoted(body)


def read_preprocessing(body: object) -> Preprocessing:
    """Read the answer of GET /identity/{code}/status, or of GET /identity/{code}; a status is needed."""
    found = fields(body)
    state = RunState.of(_status(found, "preprocessing_status", "status"))
    return Preprocessing(state, text(found.get("error_message")))


def read_identity_page(body: object) -> IdentityPage:
    """Read one page of GET /identity; the list is needed, rows without a code are left out."""
    found = fields(body)
    rows = found.get("identities")
    if not isinstance(rows, list):
        raise UnreadableError("it holds no list of identities")
    identities = [
        _identity(row) for row in rows if isinstance(row, dict) and identifier(row.get("identity_code"))
    ]
    return IdentityPage(tuple(identities), _last(found.get("pagination")))


def read_me(body: object) -> Me:
    """Read the answer of GET /auth/me."""
    found = fields(body)
    names = (identifier(found.get(key)) for key in ("username", "email", "id", "user_id"))
    return Me(number(found.get("credits")), frozenset(name for name in names if name is not None))


def read_webhook(body: object) -> Webhook:
    """Read the answer of PUT /webhooks; of its fields none is needed."""
    found = fields(body)
    secret = text(found.get("secret"))
    return Webhook(text(found.get("url")), SecretStr(secret) if secret else None)


def read_last_response(body: bytes) -> int | None:
    """Read `last_response_status` of a webhook's answer, whose body nobody documents (piktid-v2.md 4)."""
    try:
        return integer(fields(decode(body)).get("last_response_status"))
    except UnreadableError:
        return None


def _needed(found: dict[str, object], key: str) -> str:
    value = identifier(found.get(key))
    if value is None:
        raise UnreadableError(f"it holds no {key}")
    return value


def _status(found: dict[str, object], *keys: str) -> str:
    for key in keys:
        if status := text(found.get(key)):
            return status
    raise UnreadableError(f"it holds no {keys[0]}")


def _drafts(rows: list[object]) -> tuple[Draft, ...]:
    """Read the drafts; without a group index they are numbered as they appear in their instruction (6.11)."""
    seen: Counter[int] = Counter()
    drafts = []
    for row in rows:
        if not isinstance(row, dict):
            continue
        image_index = integer(row.get("image_index")) or 0
        group_index = integer(row.get("group_index"))
        drafts.append(
            Draft(
                image_result_id=_first_integer(row.get("image_result_id"), row.get("id")),
                url=_url(row),
                status=text(row.get("status")) or "",
                image_index=image_index,
                group_index=seen[image_index] if group_index is None else group_index,
                version=integer(row.get("version")) or 0,
            )
        )
        seen[image_index] += 1
    return tuple(drafts)


def _first_integer(*values: object) -> int | None:
    return next((found for value in values if (found := integer(value)) is not None), None)


def _url(row: dict[str, object]) -> str | None:
    """Return the picture's own URL; a thumbnail is no substitute (6.9)."""
    output = row.get("output")
    full_size = text(output.get("full_size")) if isinstance(output, dict) else None
    return full_size or text(row.get("url"))


def _identity(row: dict[str, object]) -> Identity:
    return Identity(
        identity_code=_needed(row, "identity_code"),
        name=text(row.get("name")) or "",
        visibility=text(row.get("visibility")) or "",
        created_by=identifier(row.get("created_by")),
        original_filename=text(row.get("original_filename")) or "",
        failed=RunState.of(text(row.get("preprocessing_status")) or "") is RunState.FAILED,
    )


def _last(pagination: object) -> bool | None:
    if not isinstance(pagination, dict):
        return None
    has_next, page, pages = pagination.get("has_next"), pagination.get("page"), pagination.get("pages")
    if isinstance(has_next, bool):
        return not has_next
    page, pages = integer(page), integer(pages)
    return None if page is None or pages is None else page >= pages
