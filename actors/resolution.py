"""Resolves a create whose outcome is not on record: adopt its job, send it again, or ask a person.

Its permit and its slots stay taken until then. A run asks the API about one job; before a create is sent
again, the last one asks for the list of jobs as well, and about those on it that no event has told of.
"""

from collections.abc import Sequence
from dataclasses import replace

from actors.runtime import Runtime
from config import durations, logs
from config.text import counted
from worker.ledger.kinds import JOB_TYPES, KINDS
from worker.ledger.records import Record
from worker.ledger.told import CandidateJob
from worker.ledger.transition import Answer, Note
from worker.lifecycle import journal_entries, transitions
from worker.piktid.errors import ApiError
from worker.unresolved import past
from worker.unresolved.matching import (
    Adopt,
    Ask,
    Evidence,
    Fit,
    NotArrived,
    UnclaimedJob,
    UnresolvedCreate,
    resolve,
)
from worker.unresolved.observations import job_snapshot, read_evidence

log = logs.get("unresolved")

#: Jobs that a held brief names at most.
MOST_CANDIDATES = 20


def resolve_create(rt: Runtime, brief: Record | None) -> None:
    """Resolve a create whose outcome is not on record, once whoever made it can record it no more."""
    if brief is not None and brief.state == "submitting" and brief.age_ms >= rt.paid_call_ms:
        rt.ledger.apply(brief, transitions.unresolved(brief, rt.look_ms))
    elif brief is not None and brief.state == "uncertain":
        _find_out(rt, brief)


def _find_out(rt: Runtime, brief: Record) -> None:
    if past.past_of(rt.ledger.client, brief.account) is not None:
        # An event that was seen may have been forgotten, and is deleted at the API: a look back decides.
        rt.ledger.note(brief, Note(when=brief.same_stay, timer_ms=rt.look_ms))
        return
    evidence = read_evidence(rt.ledger.client, brief.account, rt.paid_call_ms, rt.unresolved_ms)
    create = _create_of(brief, evidence)
    if create is None:  # forgotten: nobody has looked for an hour
        ask(rt, brief, Ask((), "too long ago for what was seen then to be remembered"))
        return
    job = _next_to_ask_about(rt, create, evidence)
    if job is not None and _look_at(rt, brief.account, job.job_id):
        return
    match resolve(create, evidence, rt.settings):
        case Adopt(job=job):
            _adopt(rt, brief, job, evidence)
        case NotArrived():
            if not _has_unseen_jobs(rt, brief, create, evidence):
                _send_again(rt, brief, evidence)
        case Ask() as question:
            ask(rt, brief, question)
        case _:
            rt.ledger.note(brief, Note(when=brief.same_stay, timer_ms=rt.look_ms))


def _create_of(brief: Record, evidence: Evidence) -> UnresolvedCreate | None:
    own = (brief.subject, brief.attempt)
    return next((each for each in evidence.creates if (each.subject, each.attempt) == own), None)


def _next_to_ask_about(rt: Runtime, create: UnresolvedCreate, evidence: Evidence) -> UnclaimedJob | None:
    """Return the first job seen that may be the create's and of which too little is known."""
    # The answer about a job after that time is final: where there are many that the API does not tell
    # of, asking them all again and again would never come to a decision.
    stale = min(evidence.now - rt.look_ms, create.over_at)
    open_ = (job for job in evidence.jobs if not job.is_over and create.fit(job) is not Fit.NO)
    return next((job for job in open_ if job.asked_at is None or job.asked_at <= stale), None)


def _has_unseen_jobs(rt: Runtime, brief: Record, create: UnresolvedCreate, evidence: Evidence) -> bool:
    """Return whether the API lists a job that no event has told of, or can't list jobs now.

    A listed job is then on record as seen. If the list can't be read, the next run asks again. It is needed
    since an event may be lost for good.
    """
    earliest = by_the_apis_clock(create.began_at, evidence)
    try:
        listed = past.unowned_jobs(rt.ledger.client, rt.apis[brief.account], brief.account, earliest)
    except ApiError as error:
        log.warning("jobs.not_listed", account=brief.account, error=str(error))
        rt.ledger.note(brief, Note(when=brief.same_stay, timer_ms=rt.look_ms))
        return True
    unseen = set(listed) - {job.job_id for job in evidence.jobs}
    for job_id in sorted(unseen):
        _look_at(rt, brief.account, job_id, listed=True)
    return bool(unseen)


def by_the_apis_clock(at: int, evidence: Evidence) -> float:
    """Return a time (ms by Redis' clock) as seconds by the API's clock: the earliest that it may be."""
    ahead = evidence.stream.ahead_ms
    error = durations.API_CLOCK_ERROR_MS if ahead is not None else durations.REPLAY_KEPT_MS
    return (at + (ahead or 0) - error) / 1000


def _look_at(rt: Runtime, account: str, job_id: str, *, listed: bool = False) -> bool:
    """Ask the API about a job and record the answer, which wakes this step; return whether it is recorded."""
    api = rt.apis[account]
    status, results = None, None
    try:
        status = api.job_status(job_id)
        if status.job_type in ("", *JOB_TYPES):
            results = api.job_results(job_id)
    except ApiError as error:
        log.warning("unclaimed_job.unread", account=account, job=job_id, error=str(error))
    # Also recorded for a job that could not be read, so that the next run asks about another one.
    snapshot = job_snapshot(status, results, rt.ledger.now())
    return rt.ledger.observe_job(account, job_id, snapshot, listed=listed)


def _adopt(rt: Runtime, brief: Record, job: UnclaimedJob, evidence: Evidence) -> None:
    adopted = transitions.adopted(brief, job.job_id, observed=evidence.stream.sightings)
    answer = rt.ledger.apply(brief, adopted)
    log.info("create.adopted", brief=brief.brief_id, job=job.job_id, answer=answer)
    _again_unless_applied(rt, brief, answer)


def _send_again(rt: Runtime, brief: Record, evidence: Evidence) -> None:
    answer = rt.ledger.apply(brief, transitions.not_arrived(brief, evidence.stream.sightings))
    log.warning("create.not_arrived", brief=brief.brief_id, answer=answer)
    _again_unless_applied(rt, brief, answer)


def _again_unless_applied(rt: Runtime, brief: Record, answer: Answer) -> None:
    """Look again soon where more was seen meanwhile."""
    if answer is not Answer.APPLIED:
        rt.ledger.note(brief, Note(when=brief.same_stay, timer_ms=transitions.AT_ONCE))


def ask(rt: Runtime, brief: Record, ask: Ask) -> None:
    """Hold a brief for an operator; by now any job that it has is over, and its permit is free."""
    found = f"; {counted(len(ask.jobs), 'job')} may be its own" if ask.jobs else ""
    question = (
        f"its create may or may not have arrived ({ask.why}{found}): adopt a job, send it again, or give up?"
    )
    candidates = _told(ask.jobs[:MOST_CANDIDATES])
    held = transitions.hold(question, candidate_jobs=candidates)
    if brief.state == "waiting":
        held = replace(held, journal=journal_entries.supposed(KINDS[brief.kind].endpoint, brief))
    rt.ledger.apply(brief, replace(held, when=brief.same_stay))
    log.warning("brief.held", brief=brief.brief_id, question=question)


def _told(jobs: Sequence[UnclaimedJob]) -> list[CandidateJob]:
    """Return what an operator is shown of jobs; times are ms since 1970, by Redis' clock."""
    return [
        CandidateJob(
            job_id=job.job_id,
            job_type=job.kind or None,
            drafts=list(job.drafts),
            created_at=job.created_at,
            seen_at=job.seen_at,
        )
        for job in jobs
    ]
