"""The life of a job from its start to its end, the same for all types."""

from sandbox.account import billing
from sandbox.account.account import Account
from sandbox.account.jobs import CREATION, PREPROCESSING, Draft, Job
from sandbox.account.world import World
from sandbox.common.dates import today
from sandbox.common.errors import ApiError
from sandbox.jobs.publishing import publish


def require_free_job(account: Account) -> None:
    """Refuse one job more than the account may have in flight (guide: 429)."""
    settings = account.settings
    if not settings.enterprise and account.in_flight >= settings.jobs_cap:
        account.violations.requests_over_cap += 1
        raise ApiError(429, settings.jobs_cap_text)


def start(world: World, account: Account, job: Job) -> None:
    """Put a job in flight and set its timers."""
    account.jobs[job.job_id] = job
    if job.counts:
        account.in_flight += 1
        account.max_jobs_in_flight = max(account.max_jobs_in_flight, account.in_flight)
    schedule(world, account, job)


def schedule(world: World, account: Account, job: Job) -> None:
    """Set the timers of a job in flight: its events on the way, and its end."""
    if account.settings.progress_events:
        world.later(account, job.created + job.queued, tell, world, account, job, "processing")
    for draft in job.drafts:
        tell_draft_later(world, account, job, draft)
    world.later(account, job.created + job.seconds, finish, world, account, job)


def finish(world: World, account: Account, job: Job) -> None:
    """End a job: settle it, then tell of it. Does nothing if it ended before its timer.

    The drafts' events go out first: the last one's timer is due at the same moment, and timers that are so
    close run in any order.
    """
    if job.finished:
        return
    now = world.clock.now()
    settle(account, job, now)
    for draft in job.drafts:
        tell_draft(world, account, job, draft)
    tell(world, account, job, job.status(now))


def finish_early(world: World, account: Account, job: Job) -> None:
    """End a job now, before its time."""
    job.seconds = min(job.seconds, world.clock.now() - job.created)
    for draft in job.drafts:
        draft.seconds = min(draft.seconds, job.seconds)
    finish(world, account, job)


def tell(world: World, account: Account, job: Job, status: str) -> None:
    """Publish a job's state in the dialect's words."""
    spell = world.dialect.preprocessing_event if job.job_type == PREPROCESSING else world.dialect.job_event
    event = spell(job, status)
    if event is not None:
        publish(world, account, *event, foreign=job.job_type not in (CREATION, PREPROCESSING))


def tell_draft_later(world: World, account: Account, job: Job, draft: Draft) -> None:
    """Set the timer of a draft's event, in the dialect that has one."""
    if world.dialect_name == "docs":
        started = job.created if draft.started is None else draft.started
        world.later(account, started + draft.seconds, tell_draft, world, account, job, draft)


def tell_draft(world: World, account: Account, job: Job, draft: Draft) -> None:
    """Publish once that a draft is done, where the dialect does so."""
    if draft.told:
        return
    draft.told = True
    status = "failed" if draft.failed else "completed"
    event = world.dialect.image_event(job, draft, status)
    if event is not None:
        publish(world, account, *event)


def settle(account: Account, job: Job, now: float) -> None:
    """Charge what was delivered, and free what was held."""
    job.finished = True
    job.finished_on = today()
    if job.counts:
        account.in_flight -= 1
    if job.job_type == CREATION:
        billing.settle_drafts(account, job, now)
    elif job.job_type == PREPROCESSING:
        _settle_identity(account, job, now)
    _forget_finished(account)


def _settle_identity(account: Account, job: Job, now: float) -> None:
    identity = account.identities.get(job.identity_code or "")
    if identity is None:  # deleted while it was being prepared
        return
    identity.updated_on = today()
    if not job.fails:
        identity.preprocessing_status = "completed"
        return
    # Hidden from the library, so its slot is free, and its draft may be promoted again (guide: Idempotency).
    identity.preprocessing_status = "failed"
    identity.error_message = job.error_message
    identity.hidden = True
    found = account.draft(identity.image_result_id or 0)
    if found is not None:
        found[1].promoted_as = None
    if account.settings.refund_failed_preprocessing:
        billing.charge(account, -job.credits_used, "refund", now, job.job_id)


def _forget_finished(account: Account) -> None:
    """Keep the number of finished jobs bounded; the oldest go first, with their drafts."""
    surplus = len(account.jobs) - account.settings.finished_jobs_kept
    if surplus <= 0:
        return
    for job_id in [job.job_id for job in account.jobs.values() if job.finished][:surplus]:
        job = account.jobs.pop(job_id)
        account.jobs_expired += 1
        for draft in job.drafts:
            account.draft_jobs.pop(draft.image_result_id, None)
        identity = account.identities.get(job.identity_code or "")
        if identity is not None and identity.hidden:
            del account.identities[identity.identity_code]


def give_up(world: World, account: Account, image_result_id: int) -> bool:
    """Let an unfinished draft fail now; False if there is none such. Its job goes on without it."""
    found = account.draft(image_result_id)
    if found is None:
        return False
    job, draft = found
    now = world.clock.now()
    if job.draft_status(draft, now) not in ("pending", "processing"):
        return False
    if draft.started is not None and not draft.failed:
        # A draft drawn anew was charged at its start; those of a running job are charged at its end.
        price = billing.draft_price(account.settings, job.request["instructions"][draft.image_index])
        job.credits_used -= price
        billing.charge(account, -price, "refund", now, job.job_id)
    draft.failed = True
    draft.seconds = now - (job.created if draft.started is None else draft.started)
    if not job.finished and all(each.failed for each in job.drafts):
        job.fails = True
        job.error_message = "No draft could be generated"
    return True
