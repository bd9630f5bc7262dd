"""Tells by few fields which briefs a filter may mean, so that of very many only those are read as a whole."""

import json
from collections.abc import Sequence
from typing import Any

import redis

from config import keys
from config.times import redis_ms
from worker.ledger.records import brief_subject, promotion_subject
from worker.selection.filter import Filter
from worker.selection.index import Place

#: Fields of a brief in which something stands that went wrong; and of a promotion how it went.
_WRONG, _PROMOTION = ("error", "question", "faults"), ("state", "error")


def likely(client: "redis.Redis", wanted: Filter, page: Sequence[Place]) -> list[Place]:
    """Return the places of a page that may be meant, in their order; one round trip, for promotions two."""
    fields = ["state", "account", "batch", "kind"]
    fields += ["envelope"] if wanted.meta else []
    fields += _WRONG if wanted.error else []
    fields += ["promotions"] if wanted.error or wanted.stopped else []
    with client.pipeline(transaction=False) as pipe:
        pipe.time()
        for place in page:
            pipe.hmget(keys.RECORD(brief_subject(place.brief_id)), fields)
        time, *records = pipe.execute()
    now = redis_ms(time)
    found = [
        (place, dict(zip(fields, values, strict=True))) for place, values in zip(page, records, strict=True)
    ]
    found = [(place, record) for place, record in found if _may_be(wanted, place, record, now)]
    return _by_promotions(client, wanted, found) if "promotions" in fields else [place for place, _ in found]


def _may_be(wanted: Filter, place: Place, record: dict[str, Any], now: int) -> bool:
    return (
        record["state"] in wanted.states
        and (not wanted.account or record["account"] in wanted.account)
        and (not wanted.batch or (record["batch"] or "") in wanted.batch)
        and wanted.of_kind(place.brief_id, record["kind"])
        and wanted.in_time(place.accepted_at, now)
        and (not wanted.meta or _has_metadata(wanted, record["envelope"]))
    )


def _has_metadata(wanted: Filter, envelope: str | None) -> bool:
    try:
        metadata = json.loads("{" + (envelope or "") + "}").get("metadata", {})
    except ValueError:
        return True  # it can't be read, which whoever reads the whole of it tells
    return wanted.has_metadata(metadata)


def _by_promotions(
    client: "redis.Redis", wanted: Filter, found: Sequence[tuple[Place, dict[str, Any]]]
) -> list[Place]:
    """Return the places of those that may be meant by how their promotions went as well."""
    with client.pipeline(transaction=False) as pipe:
        for place, record in found:
            for number in range(int(record["promotions"] or 0)):
                pipe.hmget(keys.RECORD(promotion_subject(place.brief_id, number)), _PROMOTION)
        read = iter(pipe.execute())
    likely = []
    for place, record in found:
        promotions = [next(read) for _ in range(int(record["promotions"] or 0))]
        if (not wanted.stopped or _has_stopped(record, promotions)) and (
            not wanted.error or _has_error(wanted, record, promotions)
        ):
            likely.append(place)
    return likely


def _has_stopped(record: dict[str, Any], promotions: Sequence[Sequence[str | None]]) -> bool:
    return record["state"] != "done" or any(state == "failed" for state, _ in promotions)


def _has_error(wanted: Filter, record: dict[str, Any], promotions: Sequence[Sequence[str | None]]) -> bool:
    """Return whether one of the texts stands somewhere in what went wrong.

    Perhaps in what does not count any more, as it went well in the end.
    """
    # A text of faults is JSON: what is asked for may be written otherwise there.
    said = [record["error"], record["question"], *(error for _, error in promotions)]
    return bool(record["faults"]) or wanted.has_error(said)
