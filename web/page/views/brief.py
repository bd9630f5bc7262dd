"""One brief: where it stands and what it waits for, its drafts large, what happened, what can be done."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from config.text import counted, credits_text
from web.page.figures.drafts import instructions
from web.page.figures.rows import row
from web.page.figures.timeline import timeline
from web.page.visiting.forms import whole
from web.page.visiting.steered import WHATS, seen, steer
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from worker.callers.tokens import HIGHEST, Role
from worker.forecast.starts import starts
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.ledger.ledger import Ledger
from worker.operations import picking
from worker.operations.stakes import retriable
from worker.shards.merged import holder_of
from worker.views import happenings, snapshots
from worker.views.models import BriefView

#: The largest id of a draft.
_LAST_ID = 10**17
#: Events, of whatever briefs, that are gone through for those of one.
_MOST_EVENTS = 10_000
#: After a brief's last move, in ms: its last event is written in the same call.
_AFTER_MS = 1_000


def address(brief_id: str) -> str:
    """Return where a brief is shown."""
    return f"/briefs/{quote(brief_id, safe='')}"


def _show(visit: Visit) -> Response:
    brief = seen(visit, visit.request.path_params["brief_id"])
    return visit.page("brief.html", **_values(visit, brief))


def _part(visit: Visit) -> Response:
    brief = seen(visit, visit.request.query_params.get("brief", ""))
    return visit.part("brief_part.html", **_values(visit, brief))


def _values(visit: Visit, brief: BriefView) -> dict[str, Any]:
    client = holder_of(visit.client, brief.brief_id)
    journal = snapshots.journal(client, brief.brief_id)
    until = (brief.moved_at if brief.finished else brief.read_at) + _AFTER_MS
    events, is_whole = happenings.of_brief(client, brief.brief_id, brief.accepted_at, until, _MOST_EVENTS)
    waits = starts(visit.client, visit.settings, [brief])
    return {
        "brief": brief,
        "row": row(brief, waits.get(brief.brief_id)),
        "instructions": instructions(brief),
        "moments": timeline(events, journal, brief),
        "is_whole": is_whole,
        "cost": _cost(brief),
        "does": _does(brief),
        "again": _again(visit, brief),
        "more": PROMOTION_CREDITS,
    }


def _again(visit: Visit, brief: BriefView) -> dict[int, list[int]]:
    """Return the drafts that may be chosen though a choice was made; none to whoever may only look."""
    if not visit.may(Role.OPERATOR) or brief.state not in picking.CHOSEN or not brief.drafts:
        return {}
    return picking.offers(Ledger(holder_of(visit.client, brief.brief_id), visit.settings), brief.brief_id)


def _cost(brief: BriefView) -> str:
    if brief.credits_of_drafts is None and not brief.credits:
        return "nothing so far"
    made = sum(each.identity_code is not None and each.photo is None for each in brief.promotions)
    drafts = f"{credits_text(brief.credits_of_drafts or 0)} for drafts"
    identities = f"{credits_text(PROMOTION_CREDITS * made)} for {counted(made, 'identity', 'identities')}"
    return f"{credits_text(brief.credits)} credits: {drafts}, {identities}"


def _does(brief: BriefView) -> dict[str, bool]:
    """Return what may be done to a brief: the buttons that are shown."""
    has_question = brief.state == "held" and brief.evidence is None
    has_question = has_question and not any(each.state == "held" for each in brief.promotions)
    return {
        "retry": retriable(brief) and not has_question,
        # A rule that looks at nothing chooses by itself when it is retried.
        "choose": brief.state == "failed" and bool(brief.drafts) and brief.may_be_picked,
        "cancel": not brief.finished and brief.stop_requested is None,
        "answer": has_question,
        "adopt": has_question and brief.previous_state != "preparing",
        "update": not brief.finished,
    }


def _act(visit: Visit) -> Response:
    form = visit.form
    brief = seen(visit, form.text("brief"))
    what = form.one_of("what", WHATS)
    steer(visit, brief, what, body_of(visit, what))
    return visit.go_to(address(brief.brief_id))


def body_of(visit: Visit, what: str) -> dict[str, Any]:
    """Return what a form says, as the HTTP API takes it. Raises PageError."""
    form = visit.form
    body: dict[str, Any] = {"why": form.text("why")} if form.text("why") else {}
    if what == "pick":
        given = [(name, each) for name in form.names("draft") for each in form.all(name) if each]
        drafts = [whole(name, each, 0, _LAST_ID) for name, each in given]
        return body | {"drafts": drafts, "leave_rest": form.text("leave_rest") == "yes"}
    if what == "choose_again":
        instead = form.whole("instead", 0, _LAST_ID) if form.text("instead") else None
        return body | {"drafts": [form.whole("draft", 0, _LAST_ID)], "again": True, "instead_of": instead}
    if what == "update":
        return body | {"priority": form.whole("priority", -HIGHEST, HIGHEST)}
    return body | ({"job": form.text("job")} if what == "adopt" else {})


VIEWS = (
    View("/brief/part", _part),
    View("/brief/act", _act, role=Role.OPERATOR, writes=True),
    View("/briefs/{brief_id:path}", _show),
)
