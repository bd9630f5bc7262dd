"""Lists what keeps a brief from going on other than permits: no process, no free worker, a refusal.

Each is a table: `what` with its numbers. `worker` and `listener`: none runs. `step`: it is queued since
`queued_at` behind others, `queued` in all. `pause` and `slots` are those of
`worker/ledger/lua/reading/why.lua`, met by what comes after the job that is under
way. Times are ms since 1970 by the server's clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis

from config import durations, keys
from config.times import redis_ms
from worker.ledger.kinds import KINDS, Kind
from worker.views.account import AccountReport

Blocker = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Processes:
    """How many workers live, and how much is queued for them."""

    workers: int
    briefs: int
    steps: int


def processes(client: "redis.Redis") -> Processes:
    """Return what runs and what is queued."""
    now = redis_ms(client.time())
    with client.pipeline(transaction=False) as pipe:
        pipe.zcount(keys.WORKERS(), now - durations.WORKER_DEAD_MS, "+inf")
        pipe.llen(keys.QUEUE(keys.INLET))
        pipe.llen(keys.QUEUE(keys.STEPS))
        return Processes(*pipe.execute())


def queued_since(client: "redis.Redis", subject: str) -> int | None:
    """Return when a record's step was queued, None when it is not queued."""
    since, message = client.hmget(keys.RECORD(subject), "hinted", "message")
    if since is None or message is None or not client.hexists(keys.MESSAGES(keys.STEPS), message):
        return None
    return int(since)


def not_running(report: AccountReport, found: Processes, queued_at: int | None) -> Iterator[Blocker]:
    """Yield the processes that do not run, and a step that no worker has taken for a while."""
    if not found.workers:
        yield {"what": "worker"}
    elif queued_at is not None and report.read_at - queued_at > durations.SLOW_STEP_MS:
        yield {"what": "step", "queued_at": queued_at, "queued": found.steps}
    if report.listener is None:
        yield {"what": "listener", "account": report.name}


def ahead(report: AccountReport, kind: Kind, state: str) -> Iterator[Blocker]:
    """Yield what a record will meet later that is in this state and asks for no permit yet.

    What waits for permits is told by the command `why`.
    """
    for what in KINDS[kind].states[state].meets:
        if (pause := report.pauses.get(what)) is not None:
            yield {
                "what": "pause",
                "of": what,
                "till": pause.until,
                "reason": pause.reason,
                "refusals": pause.refusals,
            }
    cap, seen = report.slots_cap, report.slots_seen
    product = KINDS[kind]
    follows = product.follows and state in (product.running, product.made)
    if follows and cap is not None and report.slots_used >= cap:
        yield {
            "what": "slots",
            "account": report.name,
            "need": 1,
            "free": cap - report.slots_used,
            "cap": cap,
            "seen": None if seen is None else seen.number,
            "limit": report.limits["slots"],
        }
