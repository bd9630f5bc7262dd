"""What the end of a job does to its account."""

from sandbox.account import billing
from sandbox.account.account import Account
from sandbox.account.jobs import CREATION, PREPROCESSING, Job
from sandbox.dates import today


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
