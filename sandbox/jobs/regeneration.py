"""Drawing a picture of a finished job anew: another version, the original kept (reference, section 2.9)."""

from sandbox.account import billing
from sandbox.account.account import Account
from sandbox.account.jobs import PREPROCESSING, Draft, Job
from sandbox.account.world import World
from sandbox.common.chance import draws, duration
from sandbox.common.errors import ApiError
from sandbox.jobs.running import tell_draft_later


def regenerate(world: World, account: Account, job: Job, image_index: int, group_index: int) -> Draft:
    """Start another version of a place. Raises 400 for an unfinished job, 404 for no such place, 402.

    It costs what a draft costs, at once, and takes no job permit; the sources say nothing of either.
    """
    if job.job_type == PREPROCESSING:
        raise ApiError(400, "A preprocessing job has no images to regenerate.")
    if not job.finished:
        raise ApiError(400, "The job is neither completed nor failed.")
    place = (image_index, group_index)
    versions = [draft for draft in job.drafts if (draft.image_index, draft.group_index) == place]
    if not versions:
        raise ApiError(404, "The job has no such image.")
    price = billing.draft_price(account.settings, job.request["instructions"][image_index])
    billing.require(account, price)
    draft = _draw(world, account, job, versions[-1])
    job.drafts.append(draft)
    account.draft_jobs[draft.image_result_id] = job.job_id
    if not draft.failed:
        job.credits_used += price
        billing.charge(account, price, "regeneration", world.clock.now(), job.job_id)
    tell_draft_later(world, account, job, draft)
    return draft


def _draw(world: World, account: Account, job: Job, before: Draft) -> Draft:
    settings, version = account.settings, before.version + 1
    rng = draws(
        world.seed, account.name, job.job_id, before.image_index, before.group_index, "again", version
    )
    return Draft(
        image_result_id=world.new_result_id(),
        image_index=before.image_index,
        group_index=before.group_index,
        seconds=duration(rng, settings.drafts_median_seconds, settings.drafts_spread_seconds),
        failed=rng.random() < settings.draft_failure_rate,
        faces=rng.choice((0, 2)) if rng.random() < settings.wrong_faces_rate else 1,
        version=version,
        started=world.clock.now(),
    )
