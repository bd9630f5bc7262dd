"""The API's answers as frozen values, read tolerantly.

Each reader takes a decoded JSON body and raises `UnreadableError` when the one thing that a caller
cannot do without is missing. Whatever else is missing or of an odd type becomes None, a blank or zero:
several generations of the same answers are known, and none may stop a brief that has been paid for.
Numbers in brackets are sections of piktid-v2.md.
"""

import json
import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

#: Longest id or code believed, in characters. Those of the API have a dozen; a longer one fits in no URL.
MAX_ID_LENGTH = 200


class UnreadableError(ValueError):
    """Raised when an answer does not hold what it was asked for."""


class RunState(StrEnum):
    """How far a job is, whatever word the API uses for it."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"

    @classmethod
    def of(cls, word: str) -> "RunState":
        """Return the state that a status word stands for; an unknown word is still running (6.40)."""
        match word.strip().lower():
            case "completed":
                return cls.COMPLETED
            case "failed" | "aborted" | "cancelled" | "canceled" | "error":
                return cls.FAILED
            case _:
                return cls.RUNNING


@dataclass(frozen=True, slots=True)
class Created:
    """A creation job that the API has taken on."""

    job_id: str
    total_variations: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Where one job is. `progress` is a percentage, 0 to 100."""

    job_id: str
    job_type: str
    status: str
    state: RunState
    progress: float | None = None
    error_message: str | None = None
    total_images: int | None = None
    processed_images: int | None = None
    identity_code: str | None = None
    identity_name: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One picture of a creation job: variation `group_index` of instruction `image_index`, both from 0."""

    image_result_id: int | None
    url: str | None
    status: str
    image_index: int = 0
    group_index: int = 0
    version: int = 0

    @property
    def usable(self) -> bool:
        """Whether it can be promoted: completed, with an id to name it by. It needs no picture here."""
        return RunState.of(self.status) is RunState.COMPLETED and self.image_result_id is not None


@dataclass(frozen=True, slots=True)
class JobResults:
    """The drafts of a job so far: while it runs, or when it failed, some may be missing (6.12)."""

    job_id: str
    job_type: str
    status: str
    state: RunState | None
    drafts: tuple[Draft, ...] = ()
    credits_used: float | None = None


@dataclass(frozen=True, slots=True)
class Promoted:
    """A draft that has become an identity, whose preprocessing is under way."""

    identity_code: str
    preprocessing_job_id: str | None = None


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Where an identity's preprocessing is."""

    status: str
    state: RunState
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity of the library. `created_at` is the API's own text."""

    identity_code: str
    name: str = ""
    status: str = ""
    visibility: str = ""
    created_by: str | None = None
    created_at: str | None = None

    @property
    def disputed(self) -> bool:
        """Whether only its maker's name tells if it is the account's own."""
        return self.visibility not in ("default", "private") and self.created_by is not None

    def belongs_to(self, names: frozenset[str]) -> bool:
        """Whether an account of these names made it: the list also holds other people's (6.32).

        Platform defaults never count, private ones always do: only their owner sees them.
        """
        return self.created_by in names if self.disputed else self.visibility != "default"


@dataclass(frozen=True, slots=True)
class IdentityPage:
    """One page of the list of identities. `last` is None when the answer does not say if more follow."""

    identities: tuple[Identity, ...]
    last: bool | None = None


@dataclass(frozen=True, slots=True)
class Me:
    """The account that a token belongs to: its balance in credits, and what it may be called by."""

    credits: float | None
    names: frozenset[str] = frozenset()


def decode(body: bytes) -> object:
    """Return the JSON value that a body holds; raise UnreadableError when it holds none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # RecursionError: brackets nested by the thousand
        raise UnreadableError("the body is not whole JSON") from error


def fields(body: object) -> dict[str, object]:
    """Return a JSON object's fields; raise UnreadableError when the value is no object."""
    if not isinstance(body, dict):
        raise UnreadableError("the body is not a JSON object")
    return body


def text(value: object) -> str | None:
    """Return a text that is not blank, else None; lone surrogates, which UTF-8 cannot carry, become `?`."""
    if not isinstance(value, str) or not value.strip():
        return None
    return value.encode("utf-8", "replace").decode()


def identifier(value: object) -> str | None:
    """Return an id or code as text (ids are compared as text: 6.2), else None."""
    named = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
    return named if named is not None and len(named) <= MAX_ID_LENGTH else None


def integer(value: object) -> int | None:
    """Return an integer, or what a string of digits spells, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_ID_LENGTH:
        return int(value)
    return value if isinstance(value, int) else None


def number(value: object) -> float | None:
    """Return a finite number, or what a text spells, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def read_created(body: object) -> Created:
    """Read the answer of POST /identity/create; a job id is needed."""
    found = fields(body)
    return Created(
        job_id=_needed(found, "job_id"),
        total_variations=integer(found.get("total_variations")),
        message=text(found.get("message")) or "",
    )


def read_job_status(body: object, asked: str) -> JobStatus:
    """Read the answer of GET /jobs/{id}/status for the job `asked`; a status is needed."""
    found = fields(body)
    status = _status(found, "status")
    return JobStatus(
        job_id=identifier(found.get("job_id")) or asked,
        job_type=text(found.get("job_type")) or "",
        status=status,
        state=RunState.of(status),
        progress=number(found.get("progress")),
        error_message=text(found.get("error_message")),
        total_images=integer(found.get("total_images")),
        processed_images=integer(found.get("processed_images")),
        identity_code=identifier(found.get("identity_code")),
        identity_name=text(found.get("identity_name")),
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


def read_promoted(body: object) -> Promoted:
    """Read the answer of POST /identity/promote-generated; an identity code is needed."""
    found = fields(body)
    return Promoted(_needed(found, "identity_code"), identifier(found.get("preprocessing_job_id")))


def read_preprocessing(body: object) -> Preprocessing:
    """Read the answer of GET /identity/{code}/status, or of GET /identity/{code}; a status is needed."""
    found = fields(body)
    status = _status(found, "preprocessing_status", "status")
    return Preprocessing(status, RunState.of(status), text(found.get("error_message")))


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
        status=text(row.get("preprocessing_status")) or "",
        visibility=text(row.get("visibility")) or "",
        created_by=identifier(row.get("created_by")),
        created_at=text(row.get("created_at")),
    )


def _last(pagination: object) -> bool | None:
    if not isinstance(pagination, dict):
        return None
    has_next, page, pages = pagination.get("has_next"), pagination.get("page"), pagination.get("pages")
    if isinstance(has_next, bool):
        return not has_next
    page, pages = integer(page), integer(pages)
    return None if page is None or pages is None else page >= pages
