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

#: Fields of a brief in which something stands that went wrong, and of its promotions.
_WRONG, _PROMOTION_WRONG = ("error", "question", "faults"), "error"


def likely(client: "redis.Redis", wanted: Filter, page: Sequence[Place]) -> list[Place]:
    """Return the places of a page that may be meant, in their order; one round trip, for errors two."""
    fields = ["state", "account", "batch", "kind"]
    fields += ["envelope"] if wanted.meta else []
    fields += [*_WRONG, "promotions"] if wanted.error else []
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
    return _with_error(client, wanted, found) if wanted.error else [place for place, _ in found]


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


def _with_error(
    client: "redis.Redis", wanted: Filter, found: Sequence[tuple[Place, dict[str, Any]]]
) -> list[Place]:
    """Return the places of those that have one of the texts somewhere in what went wrong.

    Perhaps in what does not count any more, as it went well in the end.
    """
    with client.pipeline(transaction=False) as pipe:
        for place, record in found:
            for number in range(int(record["promotions"] or 0)):
                pipe.hget(keys.RECORD(promotion_subject(place.brief_id, number)), _PROMOTION_WRONG)
        errors = iter(pipe.execute())
    likely = []
    for place, record in found:
        said = [next(errors) for _ in range(int(record["promotions"] or 0))]
        # A text of faults is JSON: what is asked for may be written otherwise there.
        if record["faults"] or wanted.has_error([record["error"], record["question"], *said]):
            likely.append(place)
    return likely
