"""Jobs and identities that other products make on the same account."""

from sandbox.account.account import Account, Identity
from sandbox.account.jobs import Draft, Job
from sandbox.account.library import free_name
from sandbox.account.world import World
from sandbox.common.chance import code, draws
from sandbox.common.dates import today
from sandbox.jobs.publishing import publish
from sandbox.jobs.running import start

#: So that the pictures of other jobs have a size.
_OPTIONS = {"size": "1K", "ar": "3:4", "format": "jpg"}


def start_job(world: World, account: Account, job_type: str, seconds: float) -> Job:
    """Put a job of another product in flight, with one picture; it takes one of the account's job permits."""
    result_id = world.new_result_id()
    job = Job(
        job_id="job_" + code(draws(world.seed, account.name, "other", result_id)),
        job_type=job_type,
        name=None,
        created=world.clock.now(),
        created_on=today(),
        seconds=seconds,
        request={"instructions": [{"options": _OPTIONS}], "options": {}},
        drafts=[Draft(result_id, 0, 0, seconds, failed=False, faces=1)],
    )
    account.draft_jobs[result_id] = job.job_id
    start(world, account, job)
    return job


def add_identity(world: World, account: Account, name: str | None = None) -> Identity:
    """Put an uploaded identity into the library, ready for use; it takes a slot."""
    identity = Identity(
        identity_code=code(draws(world.seed, account.name, "uploaded", world.new_result_id())),
        name=name or free_name(account, "Uploaded identity"),
        created=world.clock.now(),
        created_on=today(),
        updated_on=today(),
        preprocessing_status="completed",
    )
    account.identities[identity.identity_code] = identity
    return identity


def flood(world: World, account: Account, events: int) -> None:
    """Publish the ends of many jobs of other products at once."""
    for number in range(events):
        job_id = "job_flood" + code(draws(world.seed, account.name, "flood", number))
        job = Job(job_id, "model_swap", None, world.clock.now(), today(), 0.0, finished=True)
        event = world.dialect.job_event(job, "completed")
        if event is not None:
            publish(world, account, *event, foreign=True)
