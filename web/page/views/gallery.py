"""The gallery: all briefs that wait for a choice, their drafts in rows, to be gone through by keyboard."""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from web.page.figures.drafts import Instruction, instructions
from web.page.views.brief import address, body_of
from web.page.visiting.errors import wrong
from web.page.visiting.steered import seen, steer
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from worker.callers.tokens import Role
from worker.ledger.kinds import JUDGING, PROMOTION_CREDITS
from worker.selection.filter import Filter
from worker.selection.index import place_of
from worker.selection.selecting import select
from worker.views.counts import counts

#: Rows of a page: briefs that wait for a choice.
PAGE = 100
#: Batches that are offered.
_MOST_BATCHES = 200


@dataclass(frozen=True)
class Waiting:
    """A brief that waits for a choice."""

    brief_id: str
    name: str
    address: str
    instructions: list[Instruction]
    many: bool
    """Whether there is more than one instruction to choose for."""


def _show(visit: Visit) -> Response:
    query = visit.request.query_params
    batch, after = query.get("batch"), query.get("after")
    if after is not None and not _is_cursor(after):
        raise wrong("There is no such page.")
    wanted = Filter(
        state=("choosing",),
        batch=() if batch is None else (batch,),
        account=visit.caller.accounts,
        after=after,
    )
    rows: list[Waiting] = []
    following = ""
    for each in select(visit.client, wanted):
        if len(rows) == PAGE:
            break
        if each.brief.waits_for_pick:
            mine = [one for one in instructions(each.brief) if one.may_pick]
            name, where = each.brief.name or "", address(each.brief.brief_id)
            rows.append(Waiting(each.brief.brief_id, name, where, mine, len(mine) > 1))
            following = each.cursor
    else:
        following = ""
    given = ({} if batch is None else {"batch": batch}) | {"after": following}
    return visit.page(
        "gallery.html",
        batch=batch,
        batches=_batches(visit),
        rows=rows,
        more=PROMOTION_CREDITS,
        next=f"/gallery?{urlencode(given)}" if following else "",
    )


def _batches(visit: Visit) -> list[tuple[str, int]]:
    """Return the batches of which briefs wait for a person, those with most first."""
    waiting: Counter[str] = Counter()
    for where, number in counts(visit.client).of.items():
        if where.state == "choosing" and where.cause != JUDGING and visit.caller.may_use(where.account):
            waiting[where.batch] += number
    return waiting.most_common(_MOST_BATCHES)


def _pick(visit: Visit) -> Response:
    brief = seen(visit, visit.form.text("brief"))
    told = steer(visit, brief, "pick", body_of(visit, "pick"))
    where = address(brief.brief_id)
    if not visit.is_part:
        return visit.go_to(where)
    return visit.part("picked.html", brief_id=brief.brief_id, address=where, drafts=told["promoting"])


def _is_cursor(text: str) -> bool:
    try:
        return bool(place_of(text).brief_id)
    except ValueError:
        return False


VIEWS = (
    View("/gallery", _show, nav="Gallery"),
    View("/gallery/pick", _pick, role=Role.OPERATOR, writes=True),
)
