"""The state file: everything but faults, journal and open streams, as one JSON document."""

import asyncio
import os
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sandbox.account.account import Account
from sandbox.account.jobs import Job
from sandbox.account.world import World
from sandbox.common.settings import Settings
from sandbox.jobs.running import schedule, tell_draft_later

#: Between two times that the state is written (wall seconds).
SHORTEST_PAUSE = 1.0


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


def require_writable(path: Path) -> None:
    """Raise ValueError unless the state could be written there."""
    try:
        with _unfinished(path).open("ab"):
            pass
        _unfinished(path).unlink()
    except OSError as error:
        raise ValueError(f"the state can't be written to {path}: {error.strerror}") from None


def dump(world: World) -> bytes:
    """The state as the file holds it."""
    saved = _Saved(
        now=world.clock.now(),
        seed=world.seed,
        settings=world.settings,
        last_result_id=world.last_result_id,
        last_notification_id=world.last_notification_id,
        last_webhook_id=world.last_webhook_id,
        accounts=list(world.accounts.values()),
    )
    return _SAVED.dump_json(saved)


def write(content: bytes, path: Path) -> None:
    """Put a state on the disk; the file is the old or the new one, whole, and only its owner reads it."""
    unfinished = _unfinished(path)
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OSError(error.errno, f"the state can't be written to {path}: {error.strerror}") from None


async def keep(world: World, path: Path) -> None:
    """Write the state again and again while things happen, so that a killed sandbox loses a second.

    The more there is to write, the longer the pause: a large state takes no more than a tenth of the time.
    """
    pause = SHORTEST_PAUSE
    while True:
        await asyncio.sleep(pause)
        if not world.has_moved():
            continue
        started = time.monotonic()
        write(dump(world), path)
        pause = max(SHORTEST_PAUSE, 10 * (time.monotonic() - started))


def load(world: World, path: Path) -> None:
    """Take up a saved state and set the timers of its jobs. Must be called in the event loop.

    Raises ValueError for a file that is not a state file.
    """
    try:
        saved = _SAVED.validate_json(path.read_bytes())
    except ValidationError:
        raise ValueError(f"{path} is not a state that a sandbox wrote; move it away to begin anew") from None
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


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name + ".new")


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
