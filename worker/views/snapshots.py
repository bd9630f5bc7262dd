"""Reads briefs with their promotions, one or many, for people and programs.

All functions take a client whose answers are text (`worker.store.connection.connect`), change nothing, and
know the keys that they read: nothing here scans.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import redis

from config import keys
from config.times import redis_ms
from worker.ledger.records import brief_subject, promotion_subject
from worker.views.listing import listed
from worker.views.models import BriefView, Fields, PromotionView, brief_view, promotion_view

#: Briefs that are read at once where there may be many.
PAGE = 200
#: Open and finished briefs that are looked through for a name.
LOOKED_AT = 1_000


def brief(client: "redis.Redis", brief_id: str) -> BriefView | None:
    """Return a brief, or None when there is none of this id (or no longer, after `keep_days`)."""
    return next(iter(by_ids(client, [brief_id])), None)


def briefs(
    client: "redis.Redis", *, batch: str | None = None, open_limit: int = 10_000, finished_limit: int = 50
) -> list[BriefView]:
    """Return the unfinished briefs, oldest first, then the finished ones, newest first; of `batch` if given.

    A few round trips, however many there are.
    """
    return by_ids(client, listed(client, batch, most_open=open_limit, most_finished=finished_limit).ids)


def each(client: "redis.Redis", ids: Sequence[str]) -> Iterator[BriefView]:
    """Yield the briefs of these ids that are on record, in their order; at most a page is in memory."""
    for start in range(0, len(ids), PAGE):
        yield from by_ids(client, ids[start : start + PAGE])


def held(client: "redis.Redis", ids: Sequence[str]) -> Iterator[BriefView]:
    """Yield those of these briefs that wait for an operator."""
    return (found for found in each(client, ids) if found.state == "held")


def held_ids(client: "redis.Redis") -> list[str]:
    """Return the briefs that wait for an operator, those that wait longest first."""
    ids: list[str] = client.zrange(keys.HELD_BRIEFS(), 0, -1)  # type: ignore[assignment]  # redis-py types it for all its forms
    return ids


def by_ids(client: "redis.Redis", ids: Sequence[str]) -> list[BriefView]:
    """Return the briefs of these ids that are on record, in their order; two round trips."""
    with client.pipeline(transaction=False) as pipe:
        pipe.time()
        for brief_id in ids:
            pipe.hgetall(keys.RECORD(brief_subject(brief_id)))
        time, *records = pipe.execute()
    found = {brief_id: fields for brief_id, fields in zip(ids, records, strict=True) if fields}
    subjects = {brief_id: _subjects(brief_id, fields) for brief_id, fields in found.items()}
    promotions, parked = _promotions(client, found, subjects)
    return [
        brief_view(
            brief_id,
            fields,
            tuple(promotions[subject] for subject in subjects[brief_id] if subject in promotions),
            redis_ms(time),
            parked=brief_id in parked,
        )
        for brief_id, fields in found.items()
    ]


def journal(client: "redis.Redis", brief_id: str) -> list[dict[str, Any]]:
    """Return the journal of a brief's paid calls, oldest first; `at` of each is in ms since 1970."""
    return [json.loads(entry) for entry in client.lrange(keys.JOURNAL(brief_id), 0, -1)]


def journals(client: "redis.Redis", ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the journals of several briefs by their ids, in one round trip."""
    with client.pipeline(transaction=False) as pipe:
        for brief_id in ids:
            pipe.lrange(keys.JOURNAL(brief_id), 0, -1)
        return {
            brief_id: [json.loads(entry) for entry in entries]
            for brief_id, entries in zip(ids, pipe.execute(), strict=True)
        }


def called(client: "redis.Redis", text: str) -> list[str]:
    """Return the ids of briefs whose name, or whose metadata's value, is this text, whatever its case.

    Looked at are the oldest open and the newest finished ones, `LOOKED_AT` of each.
    """
    ids = listed(client, most_open=LOOKED_AT, most_finished=LOOKED_AT).ids
    with client.pipeline(transaction=False) as pipe:
        for brief_id in ids:
            pipe.hmget(keys.RECORD(brief_subject(brief_id)), "name", "job_name", "envelope")
        read = pipe.execute()
    sought = text.casefold()
    return [
        brief_id
        for brief_id, (name, job_name, envelope) in zip(ids, read, strict=True)
        if any(str(each).casefold() == sought for each in (name, job_name, *_metadata(envelope).values()))
    ]


def _metadata(envelope: str | None) -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads("{" + (envelope or "") + "}").get("metadata", {})
    return metadata


def _subjects(brief_id: str, fields: Fields) -> list[str]:
    return [promotion_subject(brief_id, number) for number in range(int(fields.get("promotions", "0")))]


def _promotions(
    client: "redis.Redis", briefs: Mapping[str, Fields], subjects: Mapping[str, Sequence[str]]
) -> tuple[dict[str, PromotionView], set[str]]:
    """Return the promotions of these briefs by subject, and the briefs of which something is parked."""
    wanted = [subject for its in subjects.values() for subject in its]
    may_be_parked = [
        (brief_id, fields["batch"], subject)
        for brief_id, fields in briefs.items()
        if "batch" in fields
        for subject in (brief_subject(brief_id), *subjects[brief_id])
    ]
    with client.pipeline(transaction=False) as pipe:
        for subject in wanted:
            pipe.hgetall(keys.RECORD(subject))
        for _, batch, subject in may_be_parked:
            pipe.zscore(keys.PARKED(batch), subject)
        answers = pipe.execute()
    records, places = answers[: len(wanted)], answers[len(wanted) :]
    promotions = {
        subject: promotion_view(subject, fields)
        for subject, fields in zip(wanted, records, strict=True)
        if fields
    }
    parked = {
        brief_id for (brief_id, _, _), place in zip(may_be_parked, places, strict=True) if place is not None
    }
    return promotions, parked
