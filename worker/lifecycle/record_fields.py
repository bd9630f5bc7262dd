"""Reads drafts, choices and names from records, and makes the fields and event parts that steps write."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from worker.briefs.choices import OnNameTaken
from worker.choosing.question import chosen_by
from worker.ledger.records import Record, parse_subject
from worker.lifecycle.choosing import Ranked, candidate
from worker.lifecycle.journal_entries import fingerprint
from worker.piktid.answers import Draft, JobResults
from worker.piktid.errors import ApiError, InvalidRequestError

if TYPE_CHECKING:
    from worker.ledger.events import AboutDraft, BriefFailed, DraftDetails, DraftsReady


def body_fields(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that hold the body to send: its text and its digest."""
    return {"body": json.dumps(body, ensure_ascii=False), "fingerprint": fingerprint(body)}


def rules_of(brief: Record) -> tuple[str, ...]:
    """Return how the drafts of each instruction are chosen."""
    return tuple(brief.json("choose"))


def ranked_of(brief: Record) -> Ranked:
    """Return the drafts that rules have chosen by what is seen in them."""
    return chosen_by(brief.json("decisions", []))


def drafts_of(brief: Record) -> tuple[Draft, ...]:
    """Return the drafts on a brief's record."""
    return tuple(Draft(**draft) for draft in brief.json("drafts", []))


def drafts_fields(results: JobResults) -> dict[str, str]:
    """Return what a brief's record holds of its job's results."""
    return {"drafts": json.dumps([asdict(draft) for draft in results.drafts])} | credits_field(results)


def credits_field(results: JobResults) -> dict[str, str]:
    """Return the field that holds what a brief's job cost; none where the API does not say it."""
    return {} if results.credits_used is None else {"credits_used": f"{results.credits_used:g}"}


def drafts_ready(brief: Record, drafts: Sequence[Draft]) -> "DraftsReady":
    """Return the event that a brief's drafts can be chosen from."""
    # Not at the top: whoever only reads records should not wait for the import of the events.
    from worker.ledger.events import DraftsReady
    from worker.ledger.told import ToldDraft

    on_offer = [ToldDraft.model_validate(candidate(draft)) for draft in drafts if draft.usable]
    return DraftsReady(job_id=brief.get("job_id"), choose=rules_of(brief), drafts=on_offer)


def refused(error: ApiError) -> "BriefFailed":
    """Return the event of a brief that the API refuses, with the rules that it names."""
    from worker.ledger.events import BriefFailed
    from worker.ledger.told import ToldFault

    if not isinstance(error, InvalidRequestError):
        return BriefFailed(error=str(error))
    faults = [ToldFault(path=path, rule=rule) for path, rule in error.faults]
    return BriefFailed(error=str(error), blocked_term=error.blocked_term, faults=faults)


def explicit_name(named: Record | None, promotion: Record) -> str | None:
    """Return the name to send with a promotion; None lets the API take the job's name and number it.

    `named` is the record that says how it may be named, the promotion's own or its brief's.

    Only a brief that would rather fail than be renamed sends one (guide, *Name uniqueness*); its further
    identities are numbered as the API would.
    """
    if named is None or named.get("on_name_taken") != OnNameTaken.FAIL:
        return None
    name = named.get("name")
    number = parse_subject(promotion.subject).number
    return name if not number or name is None else f"{name} {number + 1}"


def current_draft(promotion: Record) -> dict[str, Any]:
    """Return the draft that a promotion is at: `image_result_id`, `url` and its place."""
    draft: dict[str, Any] = promotion.json("candidates")[int(promotion.fields["tried"])]
    return draft


def draft_details(promotion: Record) -> "DraftDetails":
    """Return what each event about a promotion tells: the draft, its picture, and the identity if any."""
    draft = current_draft(promotion)
    return {
        "promotion": promotion.subject,
        "instruction": int(promotion.fields["instruction"]),
        "identity_code": promotion.get("identity_code"),
        "image_result_id": draft["image_result_id"],
        "url": draft["url"],
    }


def outcome_field(event: "AboutDraft", state: str) -> dict[str, str]:
    """Return the field with which a finished promotion is told of in the brief's last event."""
    return {"outcome": json.dumps({"state": state, **event.data}, ensure_ascii=False)}
