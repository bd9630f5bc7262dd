"""The briefs that a filter means: how many stand where, a page of them, and what each waits for."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from web.page.figures.completing import completions
from web.page.figures.recent import Recent
from web.page.figures.rows import row
from web.page.figures.totals import address, totals
from web.page.visiting.errors import PageError
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from worker.forecast.starts import starts
from worker.selection.filter import Filter, FilterError, filter_of
from worker.selection.language import pairs, written
from worker.selection.selecting import stretch, within
from worker.selection.tally import number_of
from worker.views import account_reading
from worker.views.counts import Counts, counts

#: Briefs of a page, and seconds in which it is found: what is not found by then is looked for from there on.
PAGE, SECONDS = 50, 0.7
#: What an address says of the order that begins with the last accepted; other words: with the first.
_NEWEST = "newest"
#: Batches that are offered to complete a filter with.
_MOST_BATCHES = 200
#: Of how many seconds ago totals may be that need a look at every brief.
_TOTALS = Recent(30)


def _is_back(visit: Visit) -> bool:
    """Return whether the last accepted are shown first."""
    return visit.request.query_params.get("order") == _NEWEST


def wanted_by(visit: Visit) -> Filter:
    """Return the filter of a visit's address, of those that the visitor may see. Raises FilterError."""
    query = visit.request.query_params
    given = pairs(query.get("filter", ""))
    given += [("after", query["after"])] if "after" in query else []
    return within(filter_of(given), visit.caller.accounts)


def _show(visit: Visit) -> Response:
    line = visit.request.query_params.get("filter", "")
    form: dict[str, Any] = {"line": line, "words": _words(visit, line), "back": _is_back(visit)}
    try:
        values = _values(visit)
    except FilterError as error:
        return visit.page("briefs.html", HTTPStatus.BAD_REQUEST, wrong=str(error), **form)
    return visit.page("briefs.html", wrong="", **(form | values))


def _part(visit: Visit) -> Response:
    try:
        return visit.part("briefs_part.html", **_values(visit))
    except FilterError as error:
        raise PageError(HTTPStatus.BAD_REQUEST, str(error)) from None


def _values(visit: Visit) -> dict[str, Any]:
    wanted = wanted_by(visit)
    whole = replace(wanted, limit=None, after=None)
    page = replace(wanted, limit=min(wanted.limit or PAGE, PAGE))
    back = _is_back(visit)
    found = stretch(visit.client, page, SECONDS, back=back)
    number, states = totals(_counted(visit, whole), whole) if whole.is_counted else (None, [])
    waits = starts(visit.client, visit.settings, [each.brief for each in found.found])
    return {
        "rows": [row(each.brief, waits.get(each.brief.brief_id)) for each in found.found],
        "number": number,
        "states": states,
        "is_first": wanted.after is None,
        "first": f"/briefs?{_query(whole, None, back=back)}" if back else address(whole),
        "back": back,
        "turned": address(whole) if back else f"/briefs?{_query(whole, None, back=True)}",
        "next": "" if found.after is None else f"/briefs?{_query(whole, found.after, back=back)}",
        "is_cut": found.after is not None and len(found.found) < (page.limit or 0),
        "query": _query(whole, wanted.after, back=back),
        "filter": written(whole),
        "totals": "" if whole.is_counted else f"/page/briefs/totals?{_query(whole, None)}",
    }


def _query(whole: Filter, after: str | None, *, back: bool = False) -> str:
    given = {"filter": written(whole)} | ({"order": _NEWEST} if back else {})
    return urlencode(given | ({} if after is None else {"after": after}))


def _counted(visit: Visit, whole: Filter) -> Counts:
    found = number_of(visit.client, whole)
    # Those of an older version that are not counted yet may be of accounts that the visitor may not see.
    return found if not visit.caller.accounts else Counts(found.of, found.of.total())


def _totals(visit: Visit) -> Response:
    """Answer with the totals of a filter for which every brief is looked at."""
    try:
        whole = replace(wanted_by(visit), limit=None, after=None)
    except FilterError as error:
        raise PageError(HTTPStatus.BAD_REQUEST, str(error)) from None
    found = _TOTALS.get((id(visit.client), whole), lambda: _counted(visit, whole))
    number, states = totals(found, whole)
    return visit.part("totals.html", number=number, states=states)


def _complete(visit: Visit) -> Response:
    line = visit.request.query_params.get("filter", "")
    return visit.part("words.html", words=_words(visit, line))


def _words(visit: Visit, line: str) -> list[str]:
    accounts = [name for name in account_reading.names(visit.client) if visit.caller.may_use(name)]
    batches: list[str] = []
    if line.rpartition(" ")[2].startswith("batch"):
        found = counts(visit.client).of
        some = {where.batch for where in found if where.batch and visit.caller.may_use(where.account)}
        batches = sorted(some)[:_MOST_BATCHES]
    return completions(line, accounts, batches)


VIEWS = (
    View("/briefs", _show, nav="Briefs"),
    # Not under /briefs/: each word there may be the id of a brief.
    View("/page/briefs", _part),
    View("/page/briefs/totals", _totals),
    View("/page/briefs/words", _complete),
)
