"""How long the sandbox will let the jobs of a request take, asked of its own code before anything runs.

The sandbox draws from its seed, the account's name and the request, so that all contenders that are given the
same of these three have the same durations, whenever their requests arrive.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.caps.planner import Durations
from sandbox.account.world import World
from sandbox.contract.validation import creation_body
from sandbox.jobs.creation import create
from sandbox.jobs.promotion import promote
from sandbox.jobs.running import finish

LIFTED = {"jobs_cap": 100_000, "slots_cap": 100_000, "credits": 10_000_000}


class Draws(NamedTuple):
    """The durations of briefs, and the ids that their jobs will have: both come from the same draw."""

    briefs: list[Durations]
    job_ids: frozenset[str]


def draw(seed: int, account: str, bodies: Sequence[Any], settings: dict[str, Any]) -> Draws:
    """Return what the sandbox will draw for the bodies of POST /identity/create."""
    return asyncio.run(_draw(World(seed=seed, settings={**settings, **LIFTED}), account, bodies))


async def _draw(world: World, token: str, bodies: Sequence[Any]) -> Draws:
    account = world.by_token(token)
    if account is None:
        raise ValueError(f"{token} is not a token of the sandbox")
    briefs, job_ids = [], set()
    for body in bodies:
        creation = create(world, account, creation_body(body, account))
        drafts = creation.seconds  # before its early end changes it
        finish(world, account, creation)
        identity = promote(world, account, creation.drafts[0].image_result_id, None)
        preprocessing = account.jobs[identity.preprocessing_job_id or ""]
        briefs.append(Durations(round(drafts * 1000), round(preprocessing.seconds * 1000)))
        job_ids |= {creation.job_id, preprocessing.job_id}
    return Draws(briefs, frozenset(job_ids))
