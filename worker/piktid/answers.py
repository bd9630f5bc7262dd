"""The API's answers as frozen values; `worker.piktid.reading` makes them.

Where the API left something out, or gave it an odd type, they hold None, a blank or zero. Numbers in brackets
are sections of piktid-v2.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as far as it was read; `whole` is False when it broke off or was too long."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


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
    """A creation job that the API has accepted."""

    job_id: str


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Where one job is."""

    job_type: str
    state: RunState
    total_images: int | None = None
    created_at: float | None = None
    """When it was made, in seconds since 1970 by the API's clock."""


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
        """Whether it can be promoted: it is completed and has an id. It needs no picture for that."""
        return RunState.of(self.status) is RunState.COMPLETED and self.image_result_id is not None


class ListedJob(NamedTuple):
    """A job in the list of the account's jobs; when it was made is in seconds since 1970, if it is told."""

    job_id: str
    job_type: str
    created_at: float | None


class ListedJobs(NamedTuple):
    """One page of that list. `last` is None when the answer does not say if more follow."""

    jobs: tuple[ListedJob, ...]
    last: bool | None


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

    state: RunState
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity of the library."""

    identity_code: str
    name: str = ""
    visibility: str = ""
    created_by: str | None = None
    original_filename: str = ""
    """Of an uploaded one, that of its file."""
    failed: bool = False
    """Whether its preprocessing has failed, where the list tells."""

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
class Upload:
    """An upload: the bytes of the file go to `upload_url`, soon and labelled exactly `content_type` (2.1)."""

    upload_url: str = field(repr=False)
    file_id: str
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Extracted:
    """What the API saw in a picture: the traits of `appearance`, `face` and `hair`, without empty groups."""

    instruction_data: dict[str, dict[str, str | int | float]]
    suggested_name: str | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """The account's one webhook; `secret` comes only when it is set (piktid-v2.md 4)."""

    url: str | None
    secret: "SecretStr | None" = None


@dataclass(frozen=True, slots=True)
class Me:
    """The account that a token belongs to: its balance in credits, and what it may be called by."""

    credits: float | None
    names: frozenset[str] = frozenset()
