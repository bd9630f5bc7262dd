"""Everything about one brief, as text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from cli.common import age, clock, printable
from worker.views import BriefView, PromotionView


def print_brief(brief: BriefView, journal: Sequence[Mapping[str, Any]]) -> None:
    """Print a brief with its promotions, drafts, faults, notes and the journal of its paid calls."""
    for name, value in _head(brief).items():
        if value:
            _line(f"{name + ':':<11}{value}")
    _section("identities", [_promotion(promotion) for promotion in brief.promotions])
    _section("drafts", [_draft(draft) for draft in brief.drafts])
    _section("faults", [_fault(fault) for fault in brief.faults])
    _section("notes", brief.notes)
    _section("journal", [_entry(entry) for entry in journal])


def _head(brief: BriefView) -> dict[str, str | None]:
    return {
        "brief": brief.brief_id,
        "name": brief.name,
        "account": brief.account,
        "batch": brief.batch,
        "state": f"{brief.state} for {age(brief.read_at - brief.moved_at)}",
        "accepted": f"{clock(brief.accepted_at)}, {age(brief.read_at - brief.accepted_at)} ago",
        "choose": ", ".join(brief.choose),
        "job": brief.job_id,
        "credits": f"{brief.credits:g}",
        "error": brief.error,
        "question": brief.question,
    }


def _promotion(promotion: PromotionView) -> str:
    parts = [
        f"instructions[{promotion.instruction}]",
        promotion.state,
        promotion.identity_code and f"identity {promotion.identity_code}",
        f"draft {promotion.image_result_id}",
        promotion.preprocessing_job_id and f"job {promotion.preprocessing_job_id}",
        promotion.error,
    ]
    return "  ".join(filter(None, parts))


def _draft(draft: Mapping[str, Any]) -> str:
    place = f"instructions[{draft['image_index']}], variation {draft['group_index']}"
    return f"{draft['image_result_id']}  {draft['status']}  {place}  {draft['url'] or '(no picture)'}"


def _fault(fault: Mapping[str, Any]) -> str:
    value = json.dumps(fault["value"], ensure_ascii=False)
    return f"{fault['path'] or 'brief'}: {fault['rule']} (got {value})"


def _entry(entry: Mapping[str, Any]) -> str:
    facts = {name: value for name, value in entry.items() if name not in ("at", "call", "what", "subject")}
    told = "  ".join(f"{name}={value}" for name, value in facts.items())
    return f"{clock(entry['at'])}  {entry['subject']}  {entry['call']} {entry['what']}  {told}"


def _section(title: str, lines: Sequence[str]) -> None:
    if lines:
        typer.echo(f"{title}:")
    for line in lines:
        _line(f"  {line}")


def _line(text: str) -> None:
    # Not through a table: a URL that is folded or cut can't be opened.
    typer.echo(printable(text))
