"""A row a brief, as the list of briefs shows it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from config.text import counted, credits_text
from config.times import format_duration, format_time
from worker.forecast.starts import WaitsFor
from worker.views.models import BriefView

#: What a waiting brief lacks, in words.
LACKS = {
    "pause": "the end of a pause",
    "person": "somebody to let it go on",
    "probe": "the request that goes first",
    "request": "a request of the minute",
    "job": "a job",
    "slots": "a slot",
    "budget": "its batch's budget",
    "account budget": "the account's budget",
    "price": "the price of drafts",
    "worker": "a worker",
    "turn": "others that went first",
}
#: What is waited for in states that need nothing of ours.
_STATES = {
    "preparing": "its photo's description",
    "submitting": "the API's answer",
    "generating": "its drafts",
    "uncertain": "what became of its create",
}


@dataclass(frozen=True)
class Row:
    """A brief in the list."""

    brief_id: str
    address: str
    name: str
    picture: str
    """The address of a small picture; blank: it has none yet."""
    batch: str
    account: str
    state: str
    waits: str
    starts: str
    credits: str
    age: str
    accepted: str


def row(brief: BriefView, waits: WaitsFor | None) -> Row:
    """Return the row of a brief; `waits` of one that waits for permits."""
    return Row(
        brief_id=brief.brief_id,
        address=f"/briefs/{quote(brief.brief_id, safe='')}",
        name=brief.name or "",
        picture=picture(brief),
        batch=brief.batch or "",
        account=brief.account,
        state=brief.state,
        waits=_waits(brief, waits),
        starts=_starts(waits, brief.read_at),
        credits=credits_text(brief.credits) if brief.credits else "",
        age=format_duration(brief.read_at - brief.accepted_at),
        accepted=format_time(brief.accepted_at),
    )


def picture(brief: BriefView) -> str:
    """Return the address of the picture that a brief is known by: what was chosen, else its first draft."""
    chosen = (each.url for each in brief.promotions)
    drafts = (draft.get("url") for draft in brief.drafts)
    return next((url for url in (*chosen, *drafts) if url and is_picture(url)), "")


def is_picture(url: str) -> bool:
    """Return whether an address may be shown as a picture."""
    return url.startswith(("https://", "http://"))


def _waits(brief: BriefView, waits: WaitsFor | None) -> str:
    if brief.faults:
        return "; ".join(f"{fault['path'] or 'brief'}: {fault['rule']}" for fault in brief.faults)
    if brief.state == "held":
        return brief.question or brief.error or "an answer"
    if brief.finished:
        return brief.error or ""
    if brief.waits_for_pick:
        return "somebody to choose"
    if brief.parked or (waits is not None and waits.parked):
        return "its batch, which is held back"
    if waits is not None:
        return ", ".join(LACKS.get(each, each) for each in waits.lacks) or "its turn"
    if brief.promotions:
        return _promotions(brief)
    return _STATES.get(brief.state, "")


def _promotions(brief: BriefView) -> str:
    states: Mapping[str, int] = Counter(each.state for each in brief.promotions if not each.finished)
    return ", ".join(
        f"{counted(number, 'identity', 'identities')} {state}" for state, number in states.items()
    )


def _starts(waits: WaitsFor | None, now: int) -> str:
    if waits is None:
        return ""
    if waits.start.at is not None:
        left = waits.start.at - now
        return "now" if left < 1_000 else f"in {format_duration(left)}"
    if waits.start.not_before is not None:
        return f"not before {format_time(waits.start.not_before)[11:16]}"
    return "not known"
