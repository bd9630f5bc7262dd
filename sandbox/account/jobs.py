"""Jobs and drafts. How a job will go is drawn when it is made; what it is *now* follows from the time."""

from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.common.dates import today

JobStatus = Literal["pending", "processing", "completed", "failed"]
CREATION = "identity_creation"
PREPROCESSING = "identity_preprocessing"

#: A job is `pending` for this long (seconds), or for half its time if that is shorter.
QUEUED_SECONDS = 1.0


@dataclass(slots=True)
class Draft:
    """One picture of a creation job."""

    image_result_id: int
    image_index: int
    group_index: int
    #: Seconds from the start of the job until this draft is done.
    seconds: float
    failed: bool
    faces: int
    promoted_as: str | None = None
    promotions: int = 0
    #: How often its place was drawn anew before it.
    version: int = 0
    #: Sandbox time at which it was begun on its own; None when it was begun with its job.
    started: float | None = None
    #: Whether its event went out, in the dialect that has one.
    told: bool = False

    def status(self, elapsed: float, queued: float) -> JobStatus:
        """Its state `elapsed` seconds after work on it was asked for."""
        if elapsed < queued:
            return "pending"
        if elapsed < self.seconds:
            return "processing"
        return "failed" if self.failed else "completed"


@dataclass(slots=True)
class Job:
    """One asynchronous job of an account. Times are sandbox seconds, `created_on` is a date of the wall."""

    job_id: str
    job_type: str
    name: str | None
    created: float
    created_on: str
    seconds: float
    fails: bool = False
    error_message: str | None = None
    fingerprint: str | None = None
    request: dict[str, Any] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    identity_code: str | None = None
    counts: bool = True
    reserved: float = 0.0
    credits_used: float = 0.0
    finished: bool = False
    finished_on: str | None = None
    #: That of the references in its prompts, if they were announced with one.
    project_id: int | None = None

    @property
    def queued(self) -> float:
        """Seconds for which it is `pending`."""
        return min(QUEUED_SECONDS, self.seconds / 2)

    def status(self, now: float) -> JobStatus:
        """Its state; terminal only once its end was carried out, so that status and event agree."""
        if self.finished:
            return "failed" if self.fails else "completed"
        return "pending" if now - self.created < self.queued else "processing"

    def draft_status(self, draft: Draft, now: float) -> JobStatus:
        """The state of one of its drafts."""
        if draft.started is not None:
            return draft.status(now - draft.started, min(QUEUED_SECONDS, draft.seconds / 2))
        if self.finished:
            return "failed" if draft.failed else "completed"
        return draft.status(now - self.created, self.queued)

    def latest_drafts(self) -> list[Draft]:
        """The newest version of each place."""
        return list({(draft.image_index, draft.group_index): draft for draft in self.drafts}.values())

    def progress(self, now: float) -> float:
        """Per cent of its time that is over."""
        if self.finished:
            return 100.0
        return round(min(99.0, 100 * (now - self.created) / self.seconds), 1) if self.seconds else 0.0

    def updated(self, now: float) -> str:
        """The date of its last change; its progress is one."""
        if self.finished_on is not None:
            return self.finished_on
        return self.created_on if self.status(now) == "pending" else today()

    def states(self, now: float) -> list[dict[str, Any]]:
        """Each state it went through and when, in sandbox seconds."""
        reached: list[tuple[str, float]] = [("pending", self.created)]
        if self.finished or now - self.created >= self.queued:
            reached.append(("processing", self.created + self.queued))
        if self.finished:
            reached.append((self.status(now), self.created + self.seconds))
        return [{"state": state, "at": round(at, 3)} for state, at in reached]


def project_key(number: int | None) -> str | None:
    """A project's name for programs."""
    return None if number is None else f"project-{number}"
