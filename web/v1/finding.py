"""Finds briefs for a caller: by a filter and a cursor, all of them or those that it has sent."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import redis
from starlette.requests import Request

from config import keys
from web.v1.problems import bad_request, not_found
from worker.callers import sent
from worker.callers.tokens import Caller
from worker.ledger.records import brief_subject
from worker.selection import index
from worker.selection.filter import Filter, FilterError, filter_of
from worker.selection.index import Place, place_of, places
from worker.selection.language import pairs
from worker.selection.selecting import Stretch, through, within
from worker.selection.tally import number_of
from worker.views import snapshots
from worker.views.counts import Where, counts
from worker.views.models import BriefView

#: Briefs of a page, and at most.
PAGE, MOST = 100, 1_000
#: Briefs that are gone through for a page: a quarter of a second.
LOOKED = 5_000
#: The parameters of the filter; `filter` is one line of it (docs/operating.md).
_FIELDS = ("state", "account", "batch", "error", "kind", "older", "newer")


def filter_in(request: Request) -> Filter:
    """Return the filter that a request's parameters say. Raises ProblemError."""
    given: list[tuple[str, str]] = []
    for name, value in request.query_params.multi_items():
        if name == "filter":
            given += _line(value)
        elif name in (*_FIELDS, "limit", "after") or name.startswith("meta."):
            given.append((name, value))
        else:
            raise bad_request(
                f"{name}: no parameter; there are {', '.join(_FIELDS)}, meta.KEY, filter, limit, after"
            )
    try:
        wanted = filter_of(given)
    except FilterError as error:
        raise bad_request(str(error)) from None
    return replace(wanted, limit=min(wanted.limit or PAGE, MOST))


def page(client: "redis.Redis", caller: Caller, wanted: Filter) -> Stretch:
    """Return a page of the briefs that are meant and that a caller may see, and where to go on.

    No more than `LOOKED` are gone through for it: a page of what is rare may be short, or empty, and not the
    last. Where it goes on is None only of an empty one that is.
    """
    allowed = within(wanted, caller.accounts)
    walk = places(client, allowed) if caller.sees_all else _walk(client, caller, wanted.after)
    found, after = through(client, allowed, walk, most=LOOKED)
    return Stretch(found, found[-1].cursor if after is None and found else after)


def counted(client: "redis.Redis", caller: Caller, batch: str) -> Counter[Where]:
    """Return how many briefs of a batch are in which state, of those that a caller may see."""
    if caller.sees_all:
        return Counter(number_of(client, Filter(batch=(batch,), account=caller.accounts)).of)
    return Counter(where for where in _own(client, caller) if where.batch == batch)


def by_batch(client: "redis.Redis", caller: Caller) -> dict[str, Counter[str]]:
    """Return of each batch how many of its briefs are in which state, of those that a caller may see."""
    of = counts(client).of if caller.sees_all else Counter(_own(client, caller))
    found: dict[str, Counter[str]] = {}
    for where, number in of.items():
        if where.batch and number and caller.may_use(where.account):
            found.setdefault(where.batch, Counter())[where.state] += number
    return found


def one(client: "redis.Redis", caller: Caller, brief_id: str) -> BriefView | None:
    """Return a brief; None if the caller has sent it and no worker has taken it yet.

    Raises ProblemError where there is none, and for what the caller may not see.
    """
    (is_own,) = sent.has_sent(client, caller, [brief_id])
    found = snapshots.brief(client, brief_id) if is_own or caller.sees_all else None
    if (found is None and not is_own) or (found is not None and not caller.may_use(found.account)):
        raise not_found(f"brief {brief_id[:128]!r} that you may see")
    return found


def facts(brief: BriefView) -> dict[str, Any]:
    """Return a brief for programs, as `status --json` does."""
    return brief.facts() | {"finished": brief.finished, "identity_codes": brief.identity_codes}


def _own(client: "redis.Redis", caller: Caller) -> Iterator[Where]:
    """Yield the state of each brief on record that a caller has sent."""
    walk = _walk(client, caller, None)
    while some := list(islice(walk, PAGE)):
        with client.pipeline(transaction=False) as pipe:
            for place in some:
                pipe.hmget(keys.RECORD(brief_subject(place.brief_id)), "account", "state", "batch")
            found = pipe.execute()
        yield from (Where(account, state, "", batch or "") for account, state, batch in found if state)


def _walk(client: "redis.Redis", caller: Caller, after: str | None) -> Iterator[Place]:
    """Yield the places of what a caller has sent, in that order."""
    return index.walk(client, keys.SENT(caller.name), place_of(after) if after else Place(0, ""))


def _line(text: str) -> list[tuple[str, str]]:
    try:
        return pairs(text)
    except FilterError as error:
        raise bad_request(str(error)) from None
