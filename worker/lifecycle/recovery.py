"""Where a brief goes that an operator wants tried again: to the last thing of it that was paid for."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from config.errors import IdentityWorkerError
from worker.ledger.records import Record
from worker.lifecycle import preparing, steps
from worker.lifecycle.charges import Journal

#: What a question leaves on a record, gone once it is answered.
ASKED = ("question", "evidence", "candidate_jobs", "error")
#: Milliseconds to the first step of what goes on.
AT_ONCE = 1


class OperationRefusedError(IdentityWorkerError):
    """Raised when a brief is not where what was asked can be done; says what can."""


def asks_for_job(brief: Record) -> bool:
    """Whether nobody knows if a create of it has arrived."""
    held = brief.state == "held" and brief.get("left") == "uncertain" and brief.get("evidence") is None
    return held or brief.state == "uncertain"


def asks_for_description(brief: Record) -> bool:
    """Whether nobody knows if its reference image was described."""
    return brief.state == "held" and brief.get("left") == "preparing" and brief.get("evidence") is None


def answers(brief_id: str, *, job: bool) -> str:
    """Return the command that answers a brief's question."""
    options = f"{'--adopt JOB|' if job else ''}--resend|--give-up"
    if brief_id.startswith("-"):
        return f"identity-worker resolve {options} {argument(brief_id)}"
    return f"identity-worker resolve {brief_id} {options}"


def argument(brief_id: str) -> str:
    """Return an id as it is typed: one that begins as an option does stands behind `--`.

    Those of dead letters may hold what a shell takes for its own.
    """
    return f"-- {shlex.quote(brief_id)}" if brief_id.startswith("-") else shlex.quote(brief_id)


def way_back(brief: Record, promotions: Sequence[Record], journal: Journal) -> list[dict[str, Any]]:
    """Return the moves of `retry.lua` that bring a brief back.

    Raises OperationRefusedError when there is no way.
    """
    if brief.state == "held":
        return _from_held(brief, promotions)
    failed = [each for each in promotions if each.state == "failed"]
    if brief.state == "done" and failed:
        return [_move(brief, "promoting"), *map(_plan_again, failed)]
    if brief.state == "failed":
        return [_from_failed(brief, journal)]
    told = f"brief {brief.brief_id} is {brief.state}: nothing of it has stopped"
    raise OperationRefusedError(f"{told}; `identity-worker status {brief.brief_id}` tells where it is")


def _from_held(brief: Record, promotions: Sequence[Record]) -> list[dict[str, Any]]:
    held = [each for each in promotions if each.state == "held"]
    if held:
        return [
            _move(each, "preprocessing", timer=AT_ONCE)
            if each.get("left") == "preprocessing"
            else _plan_again(each)
            for each in held
        ]
    if brief.get("evidence") is None:
        command = answers(brief.brief_id, job=asks_for_job(brief))
        raise OperationRefusedError(
            f"brief {brief.brief_id} has a question that retrying does not answer: answer it by `{command}`"
        )
    to = brief.fields["left"]
    return [_move(brief, to, timer=None if to == "waiting" else AT_ONCE)]


def _from_failed(brief: Record, journal: Journal) -> dict[str, Any]:
    """Return the move to the last thing that was paid for."""
    if brief.get("faults") is not None:
        raise OperationRefusedError(
            f"brief {brief.brief_id} breaks rules: enqueue it corrected, and it takes this one's place"
        )
    if any(draft.usable for draft in steps.drafts_of(brief)):
        return _move(brief, "choosing")
    if brief.get("job_id") is not None:
        return _move(brief, "generating", timer=AT_ONCE)
    if "create" in journal.unknown or "extract" in journal.unknown:
        raise OperationRefusedError(
            f"brief {brief.brief_id} may have been paid for, nobody knows: "
            "enqueue it under another id to pay for it anyway"
        )
    if journal.made("create", "job_id"):
        raise OperationRefusedError(
            f"brief {brief.brief_id} has a job that its record does not name: see `status {brief.brief_id}`"
        )
    if preparing.has_files(brief):
        return _move(brief, "preparing", timer=AT_ONCE)
    return _move(brief, "waiting")


def _plan_again(promotion: Record) -> dict[str, Any]:
    fields = {"tried": "0"} if promotion.state == "failed" else None
    # One held in the middle of its promote may have arrived: it keeps the permit that it has.
    return _move(promotion, "planned", fields=fields) | {"keep": promotion.state == "held"}


def _move(
    record: Record, to: str, *, timer: int | None = None, fields: Mapping[str, str] | None = None
) -> dict[str, Any]:
    change = {
        "subject": record.subject,
        "from": record.state,
        "to": to,
        "set": fields,
        "forget": [*ASKED, "tries", "fetch_ms", "doing", "repeated"],
        "timer": timer,
    }
    return {name: value for name, value in change.items() if value is not None}
