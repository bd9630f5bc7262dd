"""Finds out what an account bought in a past of which Redis has lost records, by a failover or a copy.

Each run asks the API for one page of its list of jobs, or for one job; the last run only decides.
"""

from actors import call_numbers, resolution
from actors.runtime import Runtime
from config import durations, logs
from worker.ledger.records import Record
from worker.ledger.transition import Answer
from worker.lifecycle import journal_entries, preparing, transitions
from worker.lifecycle.charges import EXTRACT
from worker.piktid.errors import ApiError, NotFoundError
from worker.unresolved import looked, looking_back, past
from worker.unresolved.looked import Standing
from worker.unresolved.matching import Adopt, Ask, Evidence, NotArrived, UnclaimedJob
from worker.unresolved.observations import job_snapshot, possible_create, read_evidence, read_job
from worker.unresolved.past import Past

log = logs.get("unresolved")


def look_back(rt: Runtime, account: str) -> None:
    """Do the next step of finding out what an account bought in its unknown past; then it may buy again.

    Not before each create that may have been made is over, and its job with it.
    """
    unknown, client = past.past_of(rt.ledger.client, account), rt.ledger.client
    evidence = read_evidence(client, account, rt.paid_call_ms, rt.unresolved_ms)
    if unknown is None or evidence.now < unknown.until + rt.paid_call_ms + rt.unresolved_ms:
        return
    standing = looked.standing(client, account, unknown, evidence.now)
    try:
        if not standing.looked.is_listed:
            _read_page(rt, account, unknown, standing, evidence)
        elif standing.next_job is not None:
            _ask_about(rt, account, standing, standing.next_job, evidence.now)
        else:
            _decide_all(rt, account, unknown, standing, evidence)
    except ApiError as error:
        log.warning("past.unread", account=account, error=str(error))


def _read_page(rt: Runtime, account: str, unknown: Past, standing: Standing, evidence: Evidence) -> None:
    number = standing.looked.pages + 1
    since = resolution.by_the_apis_clock(unknown.since, evidence)
    page = past.page_of(rt.ledger.client, rt.apis[account], account, number, since)
    now = standing.looked.with_page(
        rt.ledger.now(),
        names_creations=page.names_creations,
        is_last=page.is_last or number >= past.MOST_PAGES,
    )
    if not page.is_last:
        # One that has no end tells of nothing that is not on it.
        now = now._replace(believed=now.believed and number < past.MOST_PAGES)
    rt.ledger.functions.run(looked.page_read(account, standing, now, page.unowned))


def _ask_about(rt: Runtime, account: str, standing: Standing, job: str, now: int) -> None:
    api = rt.apis[account]
    try:
        snapshot = job_snapshot(api.job_status(job), api.job_results(job), now)
    except NotFoundError as error:
        # The list names it for good, perhaps; what it has made nobody tells, and it may be any brief's.
        log.warning("unclaimed_job.unread", account=account, job=job, error=str(error))
        snapshot = job_snapshot(None, None, now)
    rt.ledger.functions.run(looked.job_read(account, standing, job, snapshot))


def _decide_all(rt: Runtime, account: str, unknown: Past, standing: Standing, evidence: Evidence) -> None:
    jobs, believed = _unowned(rt, account, evidence), standing.looked.believed
    found = list(past.briefs(rt.ledger, rt.unfinished, account))
    creates = [
        possible_create(each, unknown.since, evidence.now) for each in found if each.state != "preparing"
    ]
    decided = {each.subject for each in creates}
    others = [each for each in evidence.creates if each.subject not in decided]
    short = unknown.until - unknown.since <= durations.REPLAY_KEPT_MS
    decisions = looking_back.look_back(creates, others, jobs, believed=believed, adopts=short)
    log.info("past.looked", account=account, jobs=len(jobs), believed=believed, briefs=len(found))
    done = [_decide(rt, each, decisions.get(each.subject), evidence) for each in found]
    # A brief that has come meanwhile may be one that was forgotten, and is sent again.
    now = {each.subject for each in past.briefs(rt.ledger, rt.unfinished, account)}
    if all(done) and now <= {each.subject for each in found}:
        rt.ledger.functions.run(past.remember(account, unknown))
        rt.unfinished.forget(account)


def _unowned(rt: Runtime, account: str, evidence: Evidence) -> list[UnclaimedJob]:
    """Return the jobs that were found and that no record owns by now."""
    found = looked.snapshots(rt.ledger.client, account)
    owners = past.owners(rt.ledger.client, account, list(found))
    return [
        read_job(job, evidence.now, snapshot, evidence.stream)
        for (job, snapshot), owner in zip(found.items(), owners, strict=True)
        if owner is None
    ]


def _decide(rt: Runtime, brief: Record, decision: looking_back.Decision | None, evidence: Evidence) -> bool:
    """Record what was decided of a brief; return whether nothing is left to do."""
    match decision:
        case None if preparing.needs_extraction(brief):
            attempt = int(brief.get("extractions") or 0) + 1
            supposed = journal_entries.supposed(EXTRACT, brief, attempt=attempt)
            call_numbers.hold(rt, brief, call_numbers.number(brief), supposed)
        case Ask() as ask:
            resolution.ask(rt, brief, ask)
        case Adopt(job=job):
            if brief.state == "waiting":
                resolution.ask(rt, brief, Ask((job,), "it was forgotten"))
            held = rt.ledger.read(brief.subject)
            if held is not None and held.state in ("held", "uncertain"):
                rt.ledger.apply(held, transitions.adopted(held, job.job_id, by="a look back"))
                log.info("create.adopted", brief=brief.brief_id, job=job.job_id)
        case NotArrived() if brief.state == "uncertain":
            sent_again = transitions.not_arrived(brief, evidence.stream.sightings)
            return rt.ledger.apply(brief, sent_again) is Answer.APPLIED
        case _:
            pass
    return True
