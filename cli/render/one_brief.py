"""Prints everything about one brief."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cli.render.decisions import decision_lines
from cli.render.held import answer, candidate_lines, stop_request_text
from cli.shared.output import say
from config.text import credits_text, printable
from config.times import format_duration, format_time
from worker.briefs.choices import BriefKind
from worker.briefs.faults import Fault
from worker.briefs.to_type import argument
from worker.views.models import BriefView, PromotionView


def print_brief(brief: BriefView, journal: Sequence[Mapping[str, Any]]) -> None:
    """Print a brief with its promotions, drafts, faults, notes and the journal of its paid calls."""
    for name, value in _head(brief).items():
        if value:
            _line(f"{name + ':':<11}{value}")
    _section("jobs that may be its own", list(candidate_lines(brief)))
    _section("answer by one of", _answers(brief))
    _section("identities", [_promotion(promotion) for promotion in brief.promotions])
    _section("drafts", [_draft(draft) for draft in brief.drafts])
    _section("choices of rules", list(decision_lines(brief.decisions)))
    _section("faults", [str(Fault(**fault)) for fault in brief.faults])
    _section("notes", brief.notes)
    _section("briefs whose place it has taken", list(map(_earlier, brief.earlier)))
    _section("journal", [_entry(entry) for entry in journal])


def _head(brief: BriefView) -> dict[str, str | None]:
    bought = brief.bought_before
    ago = format_duration(brief.read_at - brief.accepted_at)
    return {
        "brief": brief.brief_id,
        "name": brief.name,
        "kind": None if brief.kind == BriefKind.IDENTITY else brief.kind,
        "account": brief.account,
        "batch": brief.batch,
        "metadata": json.dumps(brief.metadata, ensure_ascii=False) if brief.metadata else None,
        "priority": str(brief.priority or "") or None,
        "state": f"{brief.state} for {format_duration(brief.read_at - brief.moved_at)}",
        "accepted": f"{format_time(brief.accepted_at)}, {ago} ago",
        "choose": ", ".join(brief.choose),
        "bought": bought
        and f"before, {format_time(bought.bought_at)}, as {bought.brief_id} of {bought.account}",
        "job": brief.job_id,
        "credits": credits_text(brief.credits),
        "error": brief.error,
        "question": brief.question,
        "wanted": _wanted(brief),
        "ended": stop_request_text(brief),
        "parked": f"held back with batch {brief.batch}; see `why`" if brief.parked else None,
    }


def _answers(brief: BriefView) -> list[str]:
    return answer(brief) if brief.state == "held" and brief.stop_requested is None else []


def _wanted(brief: BriefView) -> str | None:
    """Return what a person is asked to do."""
    if _answers(brief):
        return "an answer"
    if not brief.waits_for_pick:
        return None
    manual = [f"instructions[{number}]" for number in brief.to_pick]
    how = f"identity-worker pick {argument(brief.brief_id)} DRAFT..."
    return f"a person's pick among the drafts of {', '.join(manual)}: `{how}`"


def _promotion(promotion: PromotionView) -> str:
    parts = [
        f"instructions[{promotion.instruction}]",
        promotion.state,
        promotion.identity_code and f"identity {promotion.identity_code}",
        f"draft {promotion.image_result_id}" if promotion.photo is None else f"portrait {promotion.photo}",
        promotion.preprocessing_job_id and f"job {promotion.preprocessing_job_id}",
        promotion.error,
    ]
    return "  ".join(filter(None, parts))


def _draft(draft: Mapping[str, Any]) -> str:
    place = f"instructions[{draft['image_index']}], variation {draft['group_index']}"
    return f"{draft['image_result_id']}  {draft['status']}  {place}  {draft['url'] or '(no picture)'}"


def _entry(entry: Mapping[str, Any]) -> str:
    details = {name: value for name, value in entry.items() if name not in ("at", "call", "what", "subject")}
    told = [f"{name}={_plain(value)}" for name, value in details.items() if value is not None]
    return "  ".join([format_time(entry["at"]), entry["subject"], f"{entry['call']} {entry['what']}", *told])


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return credits_text(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _earlier(brief: Mapping[str, Any]) -> str:
    faults = [str(Fault(**fault)) for fault in brief.get("faults") or ()]
    ended = f"{brief['state']} {format_time(brief['ended_at'])}"
    return "  ".join(filter(None, [format_time(brief["accepted_at"]), ended, brief.get("error"), *faults]))


def _section(title: str, lines: Sequence[str]) -> None:
    if lines:
        say(f"{title}:")
    for line in lines:
        _line(f"  {line}")


def _line(text: str) -> None:
    # Not through a table: a URL that is folded or cut can't be opened.
    say(printable(text))
