"""Reads by what a batch's briefs are named, in the order in which they came."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import redis

from config import keys
from worker.export.patterns import Named
from worker.ledger.records import brief_subject
from worker.selection.filter import Filter
from worker.selection.index import places
from worker.views.models import BriefView

_PAGE = 1_000
_FIELDS = ("batch", "account", "name", "job_name", "envelope")


def arrivals(client: "redis.Redis", batch: str | None) -> Iterator[Named]:
    """Yield what the briefs of a batch, or those in none, are named by: the first accepted first."""
    walk = places(client, Filter(batch=(batch or "",)))
    while page := [place.brief_id for place in islice(walk, _PAGE)]:
        with client.pipeline(transaction=False) as pipe:
            for brief_id in page:
                pipe.hmget(keys.RECORD(brief_subject(brief_id)), *_FIELDS)
            for brief_id, fields in zip(page, pipe.execute(), strict=True):
                found: dict[str, Any] = dict(zip(_FIELDS, fields, strict=True))
                if found["account"] is not None and found["batch"] == batch:
                    yield _named(brief_id, found)


def named(brief: BriefView) -> Named:
    """Return what a brief is named by."""
    return Named(brief.brief_id, brief.name, brief.batch, brief.account, brief.metadata)


def _named(brief_id: str, found: dict[str, Any]) -> Named:
    metadata = json.loads("{" + (found["envelope"] or "") + "}").get("metadata", {})
    name = found["name"] or found["job_name"]
    return Named(brief_id, name, found["batch"], found["account"], metadata)
