"""The state file: everything but faults, journal and open streams, as one JSON document."""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from sandbox.account.account import Account
from sandbox.account.jobs import Job
from sandbox.account.running import schedule, tell_draft_later
from sandbox.settings import Settings
from sandbox.world import World


@dataclass
class _Saved:
    now: float
    seed: int
    settings: Settings
    last_result_id: int
    last_notification_id: int
    last_webhook_id: int
    accounts: list[Account]


_SAVED = TypeAdapter(_Saved)


def save(world: World, path: Path) -> None:
    """Write the state; the file is complete or not there, and only its owner reads the webhook secrets."""
    saved = _Saved(
        now=world.clock.now(),
        seed=world.seed,
        settings=world.settings,
        last_result_id=world.last_result_id,
        last_notification_id=world.last_notification_id,
        last_webhook_id=world.last_webhook_id,
        accounts=list(world.accounts.values()),
    )
    unfinished = path.with_name(path.name + ".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_SAVED.dump_json(saved))
    unfinished.replace(path)


def load(world: World, path: Path) -> None:
    """Take up a saved state and set the timers of its jobs. Must be called in the event loop.

    Raises pydantic's ValidationError for a file that is not a state file.
    """
    saved = _SAVED.validate_json(path.read_bytes())
    world.clock.go_on_from(saved.now)
    world.seed = saved.seed
    world.settings = saved.settings
    world.last_result_id = saved.last_result_id
    world.last_notification_id = saved.last_notification_id
    world.last_webhook_id = saved.last_webhook_id
    for account in saved.accounts:
        _bound_lists(account)
        world.accounts[account.name] = account
        world.issued.update(dict.fromkeys(account.tokens, account.name))
        for job in account.jobs.values():
            _set_timers(world, account, job)


def _set_timers(world: World, account: Account, job: Job) -> None:
    if not job.finished:
        schedule(world, account, job)
        return
    for draft in job.drafts:
        if draft.started is not None and draft.started + draft.seconds > world.clock.now():
            tell_draft_later(world, account, job, draft)


def _bound_lists(account: Account) -> None:
    """JSON does not keep the length limits of the lists."""
    fresh = Account(name=account.name, settings=account.settings)
    account.charges = deque(account.charges, fresh.charges.maxlen)
    account.promotions = deque(account.promotions, fresh.promotions.maxlen)
    account.deliveries = deque(account.deliveries, fresh.deliveries.maxlen)
