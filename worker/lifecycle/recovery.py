"""Decides where a brief goes back to when an operator retries it: to the last thing that was paid for."""

from collections.abc import Mapping, Sequence

from config.errors import IdentityWorkerError
from config.limits import Endpoint
from worker.briefs.choices import BriefKind
from worker.briefs.to_type import ANY_JOB, answers, argument, in_words
from worker.ledger.records import Record
from worker.ledger.transition import Move, Transition
from worker.lifecycle import judging, preparing, record_fields
from worker.lifecycle.charges import EXTRACT, Journal
from worker.lifecycle.transitions import AT_ONCE, QUESTION_FIELDS


class OperationRefusedError(IdentityWorkerError):
    """Raised when an operator's command does not fit the brief's state; says what can be done."""


def asks_for_job(brief: Record) -> bool:
    """Return whether it is unknown if a create of the brief has arrived."""
    if brief.state == "held" and brief.get("evidence") is None:
        # One that waited is asked for its job where the server has forgotten what was bought.
        return brief.previous_state == "uncertain" or brief.get("candidate_jobs") is not None
    return brief.state == "uncertain"


def asks_for_description(brief: Record) -> bool:
    """Return whether it is unknown if the brief's reference image was described."""
    return brief.state == "held" and brief.previous_state == "preparing" and brief.get("evidence") is None


def way_back(brief: Record, promotions: Sequence[Record], journal: Journal) -> list[Move]:
    """Return the moves that bring a held or failed brief back, in their order.

    Raises OperationRefusedError when there is no way.
    """
    if brief.state == "held":
        return _from_held(brief, promotions)
    failed = [each for each in promotions if each.state == "failed"]
    if brief.state == "done" and failed:
        return [_move(brief, "promoting"), *map(_plan_again, failed)]
    if brief.state == "failed" and failed and brief.get("kind") == BriefKind.IMPORT:
        return [_move(brief, "promoting"), *map(_plan_again, failed)]
    if brief.state == "failed":
        return [_from_failed(brief, journal)]
    if brief.state == "cancelled":
        told = "is cancelled, which is its end"
        raise OperationRefusedError(
            f"brief {brief.brief_id} {told}; to have it after all, send it under another id"
        )
    told = f"brief {brief.brief_id} is {brief.state}: nothing of it has stopped"
    raise OperationRefusedError(
        f"{told}; `identity-worker status {argument(brief.brief_id)}` tells where it is"
    )


def _from_held(brief: Record, promotions: Sequence[Record]) -> list[Move]:
    held = [each for each in promotions if each.state == "held"]
    if held:
        return [
            _move(each, "preprocessing", timer_ms=AT_ONCE)
            if each.previous_state == "preprocessing"
            else _plan_again(each)
            for each in held
        ]
    if brief.get("evidence") is None:
        commands = answers(brief.brief_id, jobs=[ANY_JOB] if asks_for_job(brief) else [])
        told = f"brief {brief.brief_id} has a question that retrying does not answer"
        raise OperationRefusedError(f"{told}: answer it by {in_words(commands)}")
    # The answer may have come when the create was looked for already: it is refused all the same.
    is_refused = brief.fields["left"] == "submitting" or "pages" in brief.json("evidence")
    to = "waiting" if is_refused else brief.fields["left"]
    return [_move(brief, to, timer_ms=None if to == "waiting" else AT_ONCE)]


def _from_failed(brief: Record, journal: Journal) -> Move:
    """Return the transition of a failed brief back to the last thing that was paid for."""
    if brief.get("faults") is not None:
        raise OperationRefusedError(
            f"brief {brief.brief_id} breaks rules: correct it and enqueue it again; "
            "it then takes this one's place"
        )
    if any(draft.usable for draft in record_fields.drafts_of(brief)):
        move = _move(brief, "choosing")
        rules, drafts = record_fields.rules_of(brief), record_fields.drafts_of(brief)
        return Move(brief, judging.begin(move.transition, rules, drafts))
    if brief.get("job_id") is not None:
        return _move(brief, "generating", timer_ms=AT_ONCE)
    if Endpoint.CREATE in journal.unresolved or EXTRACT in journal.unresolved:
        raise OperationRefusedError(
            f"brief {brief.brief_id} may have been paid for: enqueue it under another id to pay for it anyway"
        )
    if journal.made(Endpoint.CREATE, "job_id"):
        raise OperationRefusedError(
            f"brief {brief.brief_id} has a job that its record does not name: see `status {brief.brief_id}`"
        )
    if preparing.has_files(brief):
        return _move(brief, "preparing", timer_ms=AT_ONCE)
    return _move(brief, "waiting")


def _plan_again(promotion: Record) -> Move:
    if promotion.state == "failed":
        return _move(promotion, "planned", fields={"tried": "0"})
    # One held in the middle of its promote may have arrived: it keeps the permit that it has.
    return _move(promotion, "planned", keep_permit=True)


def _move(
    record: Record,
    to: str,
    *,
    timer_ms: int | None = None,
    fields: Mapping[str, str] | None = None,
    keep_permit: bool = False,
) -> Move:
    forget = [*QUESTION_FIELDS, "tries", "fetch_ms", "doing", "repeated", "decisions", "pages"]
    transition = Transition(
        to, fields=fields or {}, forget=forget, timer_ms=timer_ms, keep_permit=keep_permit
    )
    return Move(record, transition)
