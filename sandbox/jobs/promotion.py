"""Promotion: a draft becomes an identity, and its preprocessing starts."""

from sandbox.account import billing
from sandbox.account.account import Account, Identity
from sandbox.account.jobs import CREATION, PREPROCESSING, Draft, Job
from sandbox.account.library import free_name, named, require_slot
from sandbox.account.world import World
from sandbox.common.chance import code, draws, duration
from sandbox.common.dates import today
from sandbox.common.errors import ApiError
from sandbox.jobs.running import require_free_job, start

#: For drafts of a job without a name; the guide says nothing of this case.
UNNAMED = "Identity"


def promote(world: World, account: Account, image_result_id: int, name: str | None) -> Identity:
    """Make an identity of a draft. Raises what the guide's error table lists for promotion.

    A draft that is promoted already is told before any cap, so that a repeat finds its identity at any time.
    """
    job, draft = _find(account, image_result_id)
    _require_promotable(world, account, job, draft)
    if name is not None and named(account, name) is not None:
        raise ApiError(409, f"An identity named '{name}' already exists.")
    require_slot(account)
    if account.settings.preprocessing_counts:
        require_free_job(account)
    billing.require(account, account.settings.price_promotion)
    return _start(world, account, job, draft, name or free_name(account, job.name or UNNAMED))


def _find(account: Account, image_result_id: int) -> tuple[Job, Draft]:
    found = account.draft(image_result_id)
    if found is None:
        raise ApiError(404, f"Image result {image_result_id} not found.")
    return found


def _require_promotable(world: World, account: Account, job: Job, draft: Draft) -> None:
    if job.job_type != CREATION:
        raise ApiError(400, "The image result does not belong to an identity_creation job.")
    if job.draft_status(draft, world.clock.now()) != "completed":
        raise ApiError(400, "The image result is not completed.")
    if draft.promoted_as is not None:
        identity = account.identities[draft.promoted_as]
        raise ApiError(409, "The draft was already promoted.", {"identity_code": identity.identity_code})
    if draft.faces != 1:
        raise ApiError(400, f"Exactly one face is needed, found {draft.faces}.")


def _start(world: World, account: Account, job: Job, draft: Draft, name: str) -> Identity:
    preprocessing = _preprocessing(world, account, job, draft, name)
    now = preprocessing.created
    identity = Identity(
        identity_code=preprocessing.identity_code or "",
        name=name,
        created=now,
        created_on=preprocessing.created_on,
        updated_on=preprocessing.created_on,
        preprocessing_status="pending",
        image_result_id=draft.image_result_id,
        preprocessing_job_id=preprocessing.job_id,
    )
    draft.promoted_as = identity.identity_code
    account.identities[identity.identity_code] = identity
    billing.charge(account, account.settings.price_promotion, "promotion", now, preprocessing.job_id)
    account.promotions.append(
        {
            "image_result_id": draft.image_result_id,
            "job_id": job.job_id,
            "identity_code": identity.identity_code,
            "name": name,
            "preprocessing_job_id": preprocessing.job_id,
            "at": round(now, 3),
        }
    )
    start(world, account, preprocessing)
    return identity


def _preprocessing(world: World, account: Account, job: Job, draft: Draft, name: str) -> Job:
    """Return the job that prepares the identity; each one of a draft has its own chances."""
    settings = account.settings
    rng = draws(world.seed, account.name, job.job_id, draft.image_index, draft.group_index, draft.promotions)
    draft.promotions += 1
    made = Job(
        job_id="job_pre" + code(rng),
        job_type=PREPROCESSING,
        name=name,
        created=world.clock.now(),
        created_on=today(),
        seconds=duration(rng, settings.preprocessing_median_seconds, settings.preprocessing_spread_seconds),
        identity_code=code(rng),
        counts=settings.preprocessing_counts,
        fails=rng.random() < settings.preprocessing_failure_rate,
        credits_used=settings.price_promotion,
    )
    if made.fails:
        made.error_message = "Preprocessing failed"
    return made
