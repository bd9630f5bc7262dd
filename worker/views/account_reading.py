"""Reads accounts: their names, a summary, or the whole report, in a few round trips however much waits."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import redis

from config import keys
from config.limits import DEFAULTS, WINDOWS, Endpoint, Window
from config.times import redis_ms
from worker.ledger.kinds import ENDPOINTS
from worker.ledger.leases import holder
from worker.ledger.records import account_subject
from worker.unresolved.streams import read_stream
from worker.views import held_back, orphans
from worker.views.account import (
    MOST_WAITING,
    AccountBudget,
    AccountReport,
    AccountSummary,
    BatchWaiting,
    PermitHolder,
    WindowView,
    pauses,
    slots_cap,
    slots_seen,
)
from worker.views.models import BriefView, Fields

_NO_BATCH = ""
_UNDER_WAY = float("inf")
_Requests = Sequence[tuple[str, float]]


def names(client: "redis.Redis") -> list[str]:
    """Return the accounts that were ever configured, by name."""
    found: Any = client.smembers(keys.ACCOUNTS())
    return sorted(found)


def summary(client: "redis.Redis", name: str) -> AccountSummary:
    """Return the summary of an account; of one that no worker has put on record yet, the default limits."""
    with client.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.hgetall(keys.RECORD(account_subject(name)))
        pipe.zcard(keys.PERMITS(name))
        pipe.zcard(keys.IDENTITIES(name))
        pipe.hvals(keys.SLOTS(name))
        pipe.zcard(keys.WAITING(name, Endpoint.CREATE))
        pipe.zcard(keys.WAITING(name, Endpoint.PROMOTE))
        pipe.get(keys.LEASE(name))
        pipe.zrange(keys.LISTENERS(), 0, -1, withscores=True)
        time, fields, jobs, identities, slots, create, promote, lease, listeners = pipe.execute()
    seen = slots_seen(fields)
    return AccountSummary(
        name=name,
        jobs_in_use=jobs,
        jobs_cap=int(fields.get("jobs", DEFAULTS["jobs"])),
        slots_used=identities,
        slots_reserved=sum(map(int, slots)),
        slots_cap=slots_cap(int(fields.get("slots", DEFAULTS["slots"])), seen) or 0,
        slots_seen=None if seen is None else seen.number,
        waiting_create=create,
        waiting_promote=promote,
        pauses=pauses(fields, redis_ms(time)),
        followed=holder(lease, dict(listeners), redis_ms(time)) is not None,
    )


def summaries(client: "redis.Redis", briefs: Iterable[BriefView]) -> list[AccountSummary]:
    """Return the summaries of these briefs' accounts, by name; a bad brief may name an unknown account."""
    names = sorted({brief.account for brief in briefs if not brief.faults})
    return [summary(client, name) for name in names]


class _Answers(NamedTuple):
    """What Redis has of an account."""

    now: int
    waiting: Mapping[str, int]
    listed: Mapping[Endpoint, Sequence[str]]
    """Those that wait first."""
    windows: Mapping[str, _Requests]
    fields: Fields
    permits: Sequence[tuple[str, float]]
    identities: int
    slots: Sequence[str]
    changes: Sequence[str]
    reservations: Sequence[str]
    lease: str | None
    listeners: Sequence[tuple[str, float]]
    parked: Mapping[str, str]
    asleep: int


def _answers(client: "redis.Redis", name: str) -> _Answers:
    with client.pipeline(transaction=True) as pipe:
        pipe.time()
        pipe.hgetall(keys.RECORD(account_subject(name)))
        pipe.zrange(keys.PERMITS(name), 0, -1, withscores=True)
        pipe.zcard(keys.IDENTITIES(name))
        pipe.hvals(keys.SLOTS(name))
        pipe.lrange(keys.CHANGES(name), 0, -1)
        pipe.hvals(keys.RESERVATIONS(name))
        pipe.get(keys.LEASE(name))
        pipe.zrange(keys.LISTENERS(), 0, -1, withscores=True)
        pipe.hgetall(keys.PARKED_OF(name))
        pipe.zcard(keys.WAITING(name, "prepare"))
        for endpoint in ENDPOINTS:
            pipe.zcard(keys.WAITING(name, endpoint))
        for endpoint in ENDPOINTS:
            pipe.zrange(keys.WAITING(name, endpoint), 0, MOST_WAITING - 1)
        for window in WINDOWS:
            pipe.zrange(keys.WINDOW(name, window.name), 0, -1, withscores=True)
        time, *found = pipe.execute()
    rest = iter(found)
    single = [next(rest) for _ in range(10)]
    waiting = {str(endpoint): next(rest) for endpoint in ENDPOINTS}
    listed = {endpoint: next(rest) for endpoint in ENDPOINTS}
    windows = {window.name: next(rest) for window in WINDOWS}
    return _Answers(redis_ms(time), waiting, listed, windows, *single)


def report(client: "redis.Redis", name: str) -> AccountReport:
    """Return what is on record of an account; of one that is not, the default limits and nothing else."""
    found = _answers(client, name)
    fields, now = found.fields, found.now
    limits = {limit: int(fields.get(limit, default)) for limit, default in DEFAULTS.items()}
    holders, batches = _records(client, name, found.permits, found.listed)
    reserved = sum(map(int, found.slots))
    seen = slots_seen(fields)
    cap = slots_cap(limits["slots"], seen)
    return AccountReport(
        name=name,
        read_at=now,
        limits=limits,
        weights=_weights(fields),
        changes=tuple(map(json.loads, found.changes)),
        jobs=holders,
        working=_number(fields, "working"),
        working_until=_number(fields, "working_until"),
        windows={each.name: _window(each, found.windows, limits[each.limit], now) for each in WINDOWS},
        slots_used=found.identities,
        slots_reserved=reserved,
        slots_seen=seen,
        slots_cap=cap,
        slots_free=None if cap is None else cap - found.identities - reserved,
        budget=_budget(fields, found.reservations),
        pauses=pauses(fields, now),
        batches=_by_batch(batches, {batch: int(count) for batch, count in found.parked.items()}),
        held_back=tuple(held_back.of_account(client, name, found.parked)),
        waiting_counted=all(count <= MOST_WAITING for count in found.waiting.values()),
        waiting={**found.waiting, "prepare": found.asleep},
        listener=holder(found.lease, dict(found.listeners), now),
        stream=read_stream(client, name),
        drafts_ms=_number(fields, "drafts_ms"),
        preprocessing_ms=_number(fields, "preprocessing_ms"),
        draft_price=_draft_price(fields),
        token_ends=_number(fields, "token_ends"),
    )


def _weights(fields: Fields) -> dict[str, float]:
    return {
        field.removeprefix("weight:"): float(weight)
        for field, weight in sorted(fields.items())
        if field.startswith("weight:")
    }


def _budget(fields: Fields, reservations: Sequence[str]) -> AccountBudget | None:
    if not fields.get("budget"):
        return None
    allowed, spent = float(fields["budget"]), float(fields.get("spent", "0"))
    reserved = sum(map(float, reservations))
    return AccountBudget(allowed, spent, reserved, allowed - spent - reserved)


def _number(fields: Fields, name: str) -> int | None:
    return int(fields[name]) if name in fields else None


def _draft_price(fields: Fields) -> float | None:
    made = int(fields.get("drafts_made", "0"))
    return float(fields["drafts_credits"]) / made if made else None


def _window(window: Window, counted: Mapping[str, _Requests], limit: int, now: int) -> WindowView:
    """Return the view of a window; requests without an end count in their endpoint's first window alone."""
    under_way = [end for _, end in counted[window.endpoint] if end == _UNDER_WAY]
    frees_at = sorted(int(end) for _, end in counted[window.name] if now < end < _UNDER_WAY)
    ends: list[float] = [*frees_at, *under_way]
    full = bool(limit) and len(ends) >= limit
    # With more requests than a lowered limit allows, so many have to go first.
    end = ends[len(ends) - limit] if full else None
    next_at = None if end is None or end == _UNDER_WAY else int(end)
    return WindowView(window.endpoint, len(ends), limit, window.seconds, next_at, tuple(frees_at))


def _records(
    client: "redis.Redis",
    name: str,
    permits: Sequence[tuple[str, float]],
    listed: Mapping[Endpoint, Sequence[str]],
) -> tuple[tuple[PermitHolder, ...], dict[Endpoint, Counter[str]]]:
    """Return the holders of the permits, and by endpoint how many of each batch wait."""
    with client.pipeline(transaction=False) as pipe:
        for subject, _ in permits:
            pipe.hmget(
                keys.RECORD(subject), "state", "job_id", "preprocessing_job_id", "identity_code", "need"
            )
        for subjects in listed.values():
            for subject in subjects:
                pipe.hget(keys.RECORD(subject), "batch")
        read = iter(pipe.execute())
    holders = []
    for subject, since in sorted(permits, key=lambda permit: permit[1]):
        state, *ids, slots_needed = next(read)
        if state is None and (orphan := orphans.find(client, [name], subject)) is not None:
            ids = [orphan.job_id, orphan.identity_code]
        holders.append(
            PermitHolder(subject, state, next(filter(None, ids), None), int(since), int(slots_needed or 1))
        )
    counts = {
        endpoint: Counter(next(read) or _NO_BATCH for _ in subjects) for endpoint, subjects in listed.items()
    }
    return tuple(holders), counts


def _by_batch(
    waiting: Mapping[Endpoint, Counter[str]], parked: Mapping[str, int]
) -> tuple[BatchWaiting, ...]:
    creates, promotes = waiting[Endpoint.CREATE], waiting[Endpoint.PROMOTE]
    return tuple(
        BatchWaiting(batch or None, creates[batch], promotes[batch], parked.get(batch, 0))
        for batch in sorted({*creates, *promotes, *parked})
    )
