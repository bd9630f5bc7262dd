"""Creation jobs: how one will go is drawn when it is made."""

import json
import random
from typing import Any

from sandbox.account import billing
from sandbox.account.account import Account
from sandbox.account.jobs import CREATION, Draft, Job
from sandbox.account.world import World
from sandbox.common.chance import code, draws, duration, fingerprint
from sandbox.common.dates import today
from sandbox.jobs.running import require_free_job, start

#: So many request bodies are remembered to tell when one comes again.
FINGERPRINTS_KEPT = 50_000


def create(world: World, account: Account, body: dict[str, Any]) -> Job:
    """Start a creation job for a valid body; raises 429 and 402 as the account stands."""
    require_free_job(account)
    cost = sum(
        instruction["num_variations"] * billing.draft_price(account.settings, instruction)
        for instruction in body["instructions"]
    )
    billing.require(account, cost)
    job = _draw(world, account, body)
    job.reserved = cost
    account.reserved += cost
    for draft in job.drafts:
        account.draft_jobs[draft.image_result_id] = job.job_id
    start(world, account, job)
    return job


def _draw(world: World, account: Account, body: dict[str, Any]) -> Job:
    digest = fingerprint(json.dumps(body, sort_keys=True).encode())
    before = account.creates.get(digest, 0)
    account.creates[digest] = before + 1
    if len(account.creates) > FINGERPRINTS_KEPT:
        del account.creates[next(iter(account.creates))]
    account.violations.duplicate_creates += before > 0
    rng = draws(world.seed, account.name, digest, before)
    settings = account.settings
    job = Job(
        job_id="job_" + code(rng),
        job_type=CREATION,
        name=body.get("name"),
        created=world.clock.now(),
        created_on=today(),
        seconds=duration(rng, settings.drafts_median_seconds, settings.drafts_spread_seconds),
        fingerprint=digest,
        request=body,
        project_id=_project(account, body),
    )
    job.drafts = _drafts(world, account, body, job.seconds, rng)
    _draw_failures(account, job, rng)
    return job


def _project(account: Account, body: dict[str, Any]) -> int | None:
    assets = [asset for each in body["instructions"] for asset in each.get("input_assets") or []]
    projects = [account.uploads[asset["file_id"]].project_id for asset in assets]
    return next((project for project in projects if project is not None), None)


def _drafts(
    world: World, account: Account, body: dict[str, Any], seconds: float, rng: random.Random
) -> list[Draft]:
    places = [
        (image_index, group_index)
        for image_index, instruction in enumerate(body["instructions"])
        for group_index in range(instruction["num_variations"])
    ]
    return [
        Draft(
            image_result_id=world.new_result_id(),
            image_index=image_index,
            group_index=group_index,
            seconds=seconds * number / len(places),
            failed=rng.random() < account.settings.draft_failure_rate,
            faces=rng.choice((0, 2)) if rng.random() < account.settings.wrong_faces_rate else 1,
        )
        for number, (image_index, group_index) in enumerate(places, start=1)
    ]


def _draw_failures(account: Account, job: Job, rng: random.Random) -> None:
    """A job fails as a whole somewhere on its way, or because all of its drafts do."""
    if rng.random() < account.settings.job_failure_rate:
        job.fails = True
        job.error_message = "Generation stopped"
        for draft in job.drafts[rng.randrange(len(job.drafts)) :]:
            draft.failed = True
    elif all(draft.failed for draft in job.drafts):
        job.fails = True
        job.error_message = "No draft could be generated"
