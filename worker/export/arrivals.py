"""Reads the fields that name a batch's briefs in an export, in the order in which the briefs came."""

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


def arrivals(client: "redis.Redis", batch: str | None, after: str | None) -> Iterator[tuple[Named, str]]:
    """Yield what names the briefs of a batch, or of no batch, the first accepted first.

    Each comes with its cursor; `after` is a cursor from which to go on.
    """
    walk = places(client, Filter(batch=(batch or "",), after=after))
    while page := list(islice(walk, _PAGE)):
        with client.pipeline(transaction=False) as pipe:
            for place in page:
                pipe.hmget(keys.RECORD(brief_subject(place.brief_id)), *_FIELDS)
            for place, fields in zip(page, pipe.execute(), strict=True):
                found: dict[str, Any] = dict(zip(_FIELDS, fields, strict=True))
                if found["account"] is not None and found["batch"] == batch:
                    yield _named(place.brief_id, found), place.cursor


def named(brief: BriefView) -> Named:
    """Return what a brief is named by."""
    return Named(brief.brief_id, brief.name, brief.batch, brief.account, brief.metadata)


def _named(brief_id: str, found: dict[str, Any]) -> Named:
    metadata = json.loads("{" + (found["envelope"] or "") + "}").get("metadata", {})
    name = found["name"] or found["job_name"]
    return Named(brief_id, name, found["batch"], found["account"], metadata)
