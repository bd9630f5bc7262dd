"""Giving up a picture that is not finished."""

from sandbox.account import billing
from sandbox.account.account import Account
from sandbox.world import World


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
