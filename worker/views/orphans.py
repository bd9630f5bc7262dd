"""Finds orphans: subjects that hold a job permit though their record is gone.

The journal is kept apart from the record, so it may still say which job the permit stands for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import redis

from config import keys
from config.times import redis_ms
from worker.ledger.records import parse_subject
from worker.views import snapshots


class Orphan(NamedTuple):
    """An orphan: whose permit it holds, for how long (ms), and what its last paid call made."""

    account: str
    age_ms: int
    job_id: str | None
    identity_code: str | None


def find(client: "redis.Redis", accounts: Sequence[str], subject: str) -> Orphan | None:
    """Return the orphan of this subject; None when it holds no permit of these accounts."""
    with client.pipeline(transaction=False) as pipe:
        pipe.time()
        for account in accounts:
            pipe.zscore(keys.PERMITS(account), subject)
        time, *held = pipe.execute()
    for account, since in zip(accounts, held, strict=True):
        if since is not None:
            age = redis_ms(time) - int(since)
            return Orphan(account, age, *_last_made(client, subject))
    return None


def _last_made(client: "redis.Redis", subject: str) -> tuple[str | None, str | None]:
    """Return the job and the identity that the subject's last paid call made, as far as it is known."""
    brief_id = parse_subject(subject).name
    calls = [entry for entry in snapshots.journal(client, brief_id) if entry.get("subject") == subject]
    last = calls[-1] if calls else {}
    return last.get("job_id"), last.get("identity_code")
