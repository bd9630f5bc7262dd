"""The log: who did what, when and why, by page, HTTP and command line alike."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from config.times import format_time
from web.page.views.brief import address
from web.page.visiting.errors import forbidden, wrong
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from worker.operations import actions

#: Actions of a page.
PAGE = 100
_FIRST = ("at", "what", "by", "why", "brief", "order")


@dataclass(frozen=True)
class Action:
    """A line of the log."""

    date: str
    by: str
    what: str
    why: str
    brief: str
    brief_address: str
    order: str
    told: str


def _show(visit: Visit) -> Response:
    if visit.caller.accounts:
        raise forbidden(f"{visit.caller.name} may not use all accounts, and the log tells of all.")
    after = visit.request.query_params.get("after")
    try:
        found = actions.page(visit.client, PAGE, after)
    except actions.CursorError:
        raise wrong("There is no such page.") from None
    following = f"/log?{urlencode({'after': found[-1].cursor})}" if len(found) == PAGE else ""
    rows = [_line(each.action) for each in found]
    return visit.page("log.html", rows=rows, is_first=after is None, next=following)


def _line(action: dict[str, Any]) -> Action:
    more = {name: value for name, value in action.items() if name not in _FIRST and value is not None}
    brief = str(action.get("brief") or "")
    return Action(
        date=format_time(action["at"]),
        by=action["by"],
        what=action["what"],
        why=action["why"],
        brief=brief,
        brief_address=address(brief),
        order=str(action.get("order") or ""),
        told=", ".join(f"{name} {value}" for name, value in more.items()),
    )


VIEWS = (View("/log", _show, nav="Log"),)
