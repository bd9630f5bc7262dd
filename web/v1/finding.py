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
from worker.selection import index
from worker.selection.filter import Filter, FilterError, filter_of
from worker.selection.index import Place, place_of
from worker.selection.language import pairs
from worker.selection.selecting import Selected, select
from worker.selection.tally import number_of
from worker.views import snapshots
from worker.views.counts import Where, counts, where_of
from worker.views.models import BriefView

#: Briefs of a page, and at most.
PAGE, MOST = 100, 1_000
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


def page(client: "redis.Redis", caller: Caller, wanted: Filter) -> list[Selected]:
    """Return a page of the briefs that are meant and that a caller may see."""
    if caller.sees_all:
        seen = (
            each for each in select(client, replace(wanted, limit=None)) if caller.may_use(each.brief.account)
        )
        return list(islice(seen, wanted.limit))
    own = (each for each in _own(client, caller, wanted.after) if wanted.matches(each.brief))
    return list(islice(own, wanted.limit))


def counted(client: "redis.Redis", caller: Caller, batch: str) -> Counter[Where]:
    """Return where the briefs of a batch stand, of those that a caller may see."""
    if caller.sees_all:
        return Counter(number_of(client, Filter(batch=(batch,), account=caller.accounts)).of)
    own = (each.brief for each in _own(client, caller, None))
    return Counter(where_of(brief) for brief in own if brief.batch == batch)


def by_batch(client: "redis.Redis", caller: Caller) -> dict[str, Counter[str]]:
    """Return of each batch how many of its briefs are in which state, of those that a caller may see."""
    if caller.sees_all:
        of = counts(client).of
    else:
        of = Counter(where_of(each.brief) for each in _own(client, caller, None))
    found: dict[str, Counter[str]] = {}
    for where, number in of.items():
        if where.batch and number and caller.may_use(where.account):
            found.setdefault(where.batch, Counter())[where.state] += number
    return found


def one(client: "redis.Redis", caller: Caller, brief_id: str) -> BriefView | None:
    """Return a brief; None of one that the caller has sent and that no worker has taken yet.

    Raises ProblemError where there is none, and of what the caller may not see.
    """
    (is_own,) = sent.has_sent(client, caller, [brief_id])
    found = snapshots.brief(client, brief_id) if is_own or caller.sees_all else None
    if (found is None and not is_own) or (found is not None and not caller.may_use(found.account)):
        raise not_found(f"brief {brief_id[:128]!r} that you may see")
    return found


def facts(brief: BriefView) -> dict[str, Any]:
    """Return a brief for programs, as `status --json` does."""
    return brief.facts() | {"finished": brief.finished, "identity_codes": brief.identity_codes}


def _own(client: "redis.Redis", caller: Caller, after: str | None) -> Iterator[Selected]:
    begin = place_of(after) if after else Place(0, "")
    walk = index.walk(client, keys.SENT(caller.name), begin)
    while some := list(islice(walk, PAGE)):
        at = {each.brief_id: each.cursor for each in some}
        yield from (Selected(brief, at[brief.brief_id]) for brief in snapshots.by_ids(client, list(at)))


def _line(text: str) -> list[tuple[str, str]]:
    try:
        return pairs(text)
    except FilterError as error:
        raise bad_request(str(error)) from None
