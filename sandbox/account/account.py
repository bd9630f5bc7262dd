"""The state of one account: plain data, so that it can be written to the state file as it is."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Base64Bytes

from sandbox.account.jobs import Draft, Job
from sandbox.account.limits import Window
from sandbox.common.settings import Settings

PAID_ENDPOINTS = (
    "POST /identity/create",
    "POST /identity/promote-generated",
)
#: Charges and promotions are listed up to this many; the totals go on.
LIST_LENGTH = 10_000


@dataclass(slots=True)
class Identity:
    """One identity of the library, hidden once its preprocessing has failed."""

    identity_code: str
    name: str
    created: float
    created_on: str
    updated_on: str
    preprocessing_status: str
    image_result_id: int | None = None
    #: Of an uploaded identity: the ids of its files, the latter by `pov_index`.
    file_id: str | None = None
    povs: dict[int, str] = field(default_factory=dict)
    preprocessing_job_id: str | None = None
    error_message: str | None = None
    hidden: bool = False
    tag: str | None = None
    gender: str | None = None
    age: int | None = None
    #: Of an uploaded one, that of its file.
    original_filename: str | None = None

    @property
    def image_description(self) -> str | None:
        """What its metadata say, in words."""
        known = (f"{self.age} years old" if self.age is not None else None, self.gender, self.tag)
        return ", ".join(filter(None, known)) or None


@dataclass(slots=True)
class Notification:
    """One event of the account's stream (reference, section 3.1)."""

    id: int
    name: str
    data: dict[str, Any]
    timestamp: float
    #: Sandbox time, for the backfill window.
    at: float
    #: True when it tells of a job of another product.
    foreign: bool = False

    @property
    def task(self) -> str:
        """The job it tells of, in either spelling."""
        return str(self.data.get("id_task") or self.data.get("job_id"))

    def public(self) -> dict[str, Any]:
        """The event object that clients see."""
        return {"id": self.id, "name": self.name, "data": self.data, "timestamp": self.timestamp}


@dataclass(slots=True)
class Upload:
    """A file that was announced by `POST /upload`, and its bytes once they were put."""

    file_id: str
    filename: str
    content_type: str
    expires: float
    content: Base64Bytes | None = None
    project_id: int | None = None


@dataclass(slots=True)
class Webhook:
    """The account's single webhook."""

    id: int
    url: str
    secret: str = field(repr=False)
    created_on: str
    updated_on: str
    last_response_status: int | None = None
    last_response_at: str | None = None


@dataclass(slots=True)
class Token:
    """A bearer token that the account was given, or what a new one is got with."""

    token_id: int
    secret: str = field(repr=False)
    kind: Literal["api", "login", "refresh"]
    #: Sandbox time; `expires_on` is the date that clients see.
    expires: float
    expires_on: str


@dataclass(slots=True)
class Violations:
    """What no well-behaved client does, counted."""

    duplicate_creates: int = 0
    requests_over_cap: int = 0
    requests_in_pause: int = 0
    tokens_on_foreign_urls: int = 0
    foreign_notifications_deleted: int = 0


@dataclass(slots=True)
class Account:
    """Everything that belongs to one token."""

    name: str
    settings: Settings
    jobs: dict[str, Job] = field(default_factory=dict)
    #: image_result_id -> job_id
    draft_jobs: dict[int, str] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    notifications: dict[int, Notification] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    webhook: Webhook | None = None
    #: Name of a project -> its number.
    projects: dict[str, int] = field(default_factory=dict)
    #: By their secrets.
    tokens: dict[str, Token] = field(default_factory=dict)
    tokens_made: int = 0
    windows: dict[str, Window] = field(
        default_factory=lambda: {endpoint: Window() for endpoint in PAID_ENDPOINTS}
    )
    credits: float = 0.0
    reserved: float = 0.0
    charges: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LIST_LENGTH))
    charged: dict[str, float] = field(default_factory=dict)
    promotions: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LIST_LENGTH))
    deliveries: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=1_000))
    #: "POST /identity/create" -> status -> count
    requests: dict[str, dict[str, int]] = field(default_factory=dict)
    in_flight: int = 0
    max_jobs_in_flight: int = 0
    jobs_expired: int = 0
    #: Fingerprint of a create body -> how often it was accepted.
    creates: dict[str, int] = field(default_factory=dict)
    violations: Violations = field(default_factory=Violations)

    def arrive(self, endpoint: str, now: float) -> float:
        """Count a request of a paid endpoint; 0 lets it in, else the seconds for which it comes too early."""
        window = self.windows[endpoint]
        window.every.note(now)
        self.violations.requests_in_pause += now < window.pause_until
        create, promote = self.settings.create_per_minute, self.settings.promote_per_minute
        wait = window.wait(now, create if endpoint == PAID_ENDPOINTS[0] else promote)
        if wait > 0:
            window.pause_until = now + wait
            self.violations.requests_over_cap += 1
        return wait

    @property
    def username(self) -> str:
        """What other people may see of it; the token itself is a secret."""
        return self.name.partition("-")[2]

    def visible_identities(self) -> list[Identity]:
        """The identities that the library shows; each takes a slot."""
        return [identity for identity in self.identities.values() if not identity.hidden]

    def project_name(self, number: int | None) -> str | None:
        """What a project is called, None for none."""
        return next((name for name, its in self.projects.items() if its == number), None)

    def preprocessing_status(self, identity: Identity, now: float) -> str:
        """How an identity stands: `pending` and `processing` follow from its job, the end is its own."""
        job = self.jobs.get(identity.preprocessing_job_id or "")
        return identity.preprocessing_status if job is None or job.finished else job.status(now)

    def draft(self, image_result_id: int) -> tuple[Job, Draft] | None:
        """A draft of this account with its job, or None."""
        job = self.jobs.get(self.draft_jobs.get(image_result_id, ""))
        if job is None:
            return None
        return next((job, draft) for draft in job.drafts if draft.image_result_id == image_result_id)
