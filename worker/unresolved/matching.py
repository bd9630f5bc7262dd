"""Matches unclaimed jobs to unresolved creates, and decides what becomes of such a create.

A create is unresolved while its outcome is not on record; a job is unclaimed while no record is known to own
it.

Nothing that the API says of a job names the request that made it. It says what kind of job it is, how many
drafts of how many instructions it made, and when it was made; so a job belongs to a brief by exclusion, never
by proof. It is adopted only when it fits in all of that, no other job fits that brief, and it fits no other
brief. Two that fit equally are never chosen between, except for briefs that send the very same body: of such,
either job is the right one for either brief.

Only a job that was made during a create's call is adopted. But a starved API makes one long after its caller
has gone away: so every create that had begun before a job was made may own it, however long before.

A job of as many drafts that somebody else on the account has made in the seconds of the lost call, and that
is over before ours, can't be told from ours. Where it is not known when the call ended, or when the job was
made, those seconds are many: then only an unbroken stream that showed no second job makes one ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from config import durations
from config.settings import Settings
from worker.ledger.kinds import JOB_TYPES
from worker.piktid.answers import RunState
from worker.unresolved.streams import Stream


class Fit(Enum):
    """Whether a job may be the one that a create has made, by what was made."""

    YES = "as many drafts of each instruction, and of the right kind"
    MAYBE = "too little is known of it"
    NO = "of another kind, or with other drafts than were asked for"


@dataclass(frozen=True)
class UnclaimedJob:
    """A job that was seen and that no record owns, with what the API said of it.

    Times are ms by Redis' clock.
    """

    job_id: str
    seen_at: int
    kind: str = ""
    state: RunState | None = None
    """How far it was; None when the API did not know it, or was not asked."""
    drafts: tuple[int, ...] = ()
    """How many drafts of each instruction it lists."""
    total: int | None = None
    created_at: int | None = None
    asked_at: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether what is known of it is final."""
        return self.kind not in ("", *JOB_TYPES) or self.state in (RunState.COMPLETED, RunState.FAILED)


@dataclass(frozen=True)
class UnresolvedCreate:
    """One attempt of a create whose outcome is not on record. Times are ms by Redis' clock."""

    subject: str
    attempt: int
    began_at: int
    latest_end: int
    """When its call had ended for certain."""
    over_at: int
    """From when on it makes no job any more, and any that it has made is over."""
    end_known: bool
    """Whether whoever made the call has seen it end, so that `latest_end` is when."""
    fingerprint: str
    job_type: str | None
    """What the API calls such a job."""
    variations: tuple[int, ...]
    """How many drafts of each instruction it asked for."""

    def fit(self, job: UnclaimedJob) -> Fit:
        """Return whether the create may have made a job, by the job's kind and drafts."""
        if job.seen_at < self.began_at or job.kind not in ("", self.job_type):
            return Fit.NO
        if not job.kind or not job.is_over:
            return Fit.MAYBE
        asked, made = self.variations, job.drafts
        if len(made) > len(asked) or any(m > a for m, a in zip(made, asked, strict=False)):
            return Fit.NO
        if made == asked or job.total == sum(asked):
            return Fit.YES
        # Of a job that ended well, the total and the list agree on what it was asked for.
        return Fit.NO if job.state is RunState.COMPLETED and job.total == sum(made) else Fit.MAYBE

    def is_in_time(self, job: UnclaimedJob) -> bool | None:
        """Return whether a job was made during the call; None when it is not known when it was made."""
        if job.created_at is None:
            return None
        return self._had_begun(job.created_at) and not self._had_ended(job.created_at)

    def may_own(self, job: UnclaimedJob) -> bool:
        """Return whether the create may have made a job, by all that is known of it.

        It may have made it long after its call ended, until it counts as one that never arrived.
        """
        if self.fit(job) is Fit.NO or job.created_at is None:
            return self.fit(job) is not Fit.NO
        return (
            self._had_begun(job.created_at) and job.created_at <= self.over_at + durations.API_CLOCK_ERROR_MS
        )

    def _had_begun(self, at: int) -> bool:
        return at >= self.began_at - durations.API_CLOCK_ERROR_MS

    def _had_ended(self, at: int) -> bool:
        return at > self.latest_end + durations.API_CLOCK_ERROR_MS


class Adopt(NamedTuple):
    """The decision that the create has made this job."""

    job: UnclaimedJob


class NotArrived(NamedTuple):
    """The decision that the create has made no job: it may be sent again."""


class Wait(NamedTuple):
    """The decision that it is too early to tell."""


class Ask(NamedTuple):
    """The decision that a person has to tell; `jobs` may be the create's."""

    jobs: tuple[UnclaimedJob, ...]
    why: str


@dataclass(frozen=True)
class Evidence:
    """All that is known of an account's unresolved creates at one time, `now`, ms."""

    now: int
    stream: Stream
    creates: tuple[UnresolvedCreate, ...]
    jobs: tuple[UnclaimedJob, ...]


def resolve(
    create: UnresolvedCreate, evidence: Evidence, settings: Settings
) -> Adopt | NotArrived | Wait | Ask:
    """Decide what becomes of a create."""
    proven = _is_followed(create, evidence.stream) and (evidence.stream.replayed_at or 0) >= create.over_at
    job = _own_job(create, evidence)
    if job is not None and (proven or (create.end_known and create.is_in_time(job))):
        return Adopt(job)
    if evidence.now < create.over_at:
        return Wait()
    possible = tuple(job for job in evidence.jobs if create.fit(job) is not Fit.NO)
    if evidence.now - create.began_at > durations.UNCLAIMED_KEPT_MS:
        return Ask(possible, "too long ago for what was seen then to be remembered")
    if not _is_followed(create, evidence.stream):
        return Ask(possible, "the event stream was not followed without a gap")
    if not proven:
        still = evidence.now < create.over_at + settings.api_ms(durations.REPLAY_SPAN_SECONDS)
        return Wait() if still else Ask(possible, "the event stream was not replayed since")
    if not possible:
        return NotArrived()
    return Ask(possible, "more than one brief or job fits, or too little is known of the job")


def _is_followed(create: UnresolvedCreate, stream: Stream) -> bool:
    """Return whether replays have brought all events since before the call; the stream must tell of jobs."""
    since = stream.replayed_since
    return stream.told_at is not None and since is not None and since <= create.began_at


def _own_job(create: UnresolvedCreate, evidence: Evidence) -> UnclaimedJob | None:
    """Return the job of its call that fits this create and nothing else, None when there is none or more."""
    own = _of_its_call(create, evidence.jobs)
    equal = [each for each in evidence.creates if each.fingerprint == create.fingerprint]
    if len(own) > sum(_of_its_call(each, evidence.jobs) == own for each in equal):
        return None
    others = [each for each in evidence.creates if each.fingerprint != create.fingerprint]
    free = (job for job in own if not any(other.may_own(job) for other in others))
    return next((job for job in free if create.fit(job) is Fit.YES), None)


def _of_its_call(create: UnresolvedCreate, jobs: Sequence[UnclaimedJob]) -> list[UnclaimedJob]:
    return [job for job in jobs if create.fit(job) is not Fit.NO and create.is_in_time(job) is not False]
