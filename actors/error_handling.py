"""What a step does when it did not go well: the API said no, did not answer, or the job came to nothing."""

from collections.abc import Mapping
from typing import Any

from actors.not_found import is_gone
from actors.runtime import Runtime
from config import durations, logs
from worker.ledger.ledger import Answer, Event, Record, Settle
from worker.lifecycle import choosing, steps
from worker.lifecycle.charges import PREPROCESSING_FAILED, take_apart
from worker.lifecycle.error_policy import CREATE, NEXT_DRAFT, PROMOTE, judge
from worker.piktid.answers import JobResults
from worker.piktid.errors import (
    ApiError,
    InvalidRequestError,
    NameTakenError,
    NotFoundError,
    OutcomeUnknownError,
    UnexpectedStatusError,
)
from worker.views import snapshots

log = logs.get("refusals")


def refuse_create(rt: Runtime, brief: Record, error: ApiError) -> None:
    """Do what the table of verdicts says of a create's error."""
    verdict = judge(CREATE, error, rt.settings)
    log.warning("create.refused", brief=brief.brief_id, to=verdict.to, error=str(error))
    is_unknown = verdict.to == "uncertain"
    rt.ledger.advance(
        brief,
        verdict.to,
        fields={"error": str(error)} | ({"call_ended": "1"} if is_unknown else {}),
        event=_failed_brief(error) if verdict.to == "failed" else None,
        settle=verdict.settle,
        journal=steps.outcome("create", brief, error.outcome, message=str(error)),
        timer=rt.settings.api_ms(durations.LOOK_AGAIN_SECONDS) if is_unknown else None,
        pause=verdict.pause,
        throttle=verdict.throttle,
        paid=True,
        also_from=("uncertain",),
    )


def _failed_brief(error: ApiError) -> Event:
    data: dict[str, object] = {"error": str(error)}
    if isinstance(error, InvalidRequestError):
        data |= {
            "blocked_term": error.blocked_term,
            "faults": [{"path": p, "rule": r} for p, r in error.faults],
        }
    return Event("identity.brief.failed", data)


def check_recorded(record: Record, answer: Answer, **made: str) -> None:
    """Say so when what a paid call made came too late for its record: the journal has it, marked as late."""
    if answer is Answer.CONFLICT:
        log.error("paid_call.late", subject=record.subject, **made)


def unread_job(rt: Runtime, brief: Record, error: ApiError) -> None:
    """Go on waiting for a job that could not be read; one that the API knows no more has failed."""
    if isinstance(error, NotFoundError) and is_gone(rt, brief, durations.EARLY_404_SECONDS):
        _fail_brief(rt, brief, f"the API does not know its job {brief.fields['job_id']}: {error}")
        return
    log.warning("job.unread", brief=brief.brief_id, error=str(error))


def no_drafts(rt: Runtime, brief: Record, results: JobResults) -> None:
    """Fail a brief whose job ended without a draft that can be promoted; what was charged is spent."""
    why = f"its job {results.job_id} ended as {results.status or 'over'} without a finished draft"
    _fail_brief(rt, brief, why, steps.credits_field(results), steps.charged(brief, results))


def _fail_brief(
    rt: Runtime,
    brief: Record,
    why: str,
    fields: Mapping[str, str] | None = None,
    journal: Mapping[str, Any] | None = None,
) -> None:
    event = Event("identity.brief.failed", {"error": why})
    rt.ledger.advance(brief, "failed", fields={**(fields or {}), "error": why}, event=event, journal=journal)
    log.warning("brief.failed", brief=brief.brief_id, error=why)


def unknown_promotion(rt: Runtime, promotion: Record | None) -> None:
    """Send a promote again whose outcome is not on record, once whoever made it can no longer record it."""
    if promotion is None or promotion.state != "promoting" or promotion.age_ms < rt.paid_call_ms:
        return
    outcome = steps.outcome("promote", promotion, "unknown")
    rt.ledger.advance(promotion, "planned", settle=Settle.COUNTED, journal=outcome, keep=True)


def refuse_promotion(rt: Runtime, promotion: Record, error: ApiError) -> None:
    """Do what the table of verdicts says of a promote's error."""
    verdict = judge(PROMOTE, error, rt.settings)
    outcome = steps.outcome("promote", promotion, error.outcome, message=str(error))
    if isinstance(error, NameTakenError) and _may_be_promoted(rt, promotion):
        _ask_for_name(rt, promotion, error, outcome)
        return
    log.warning("promote.refused", subject=promotion.subject, to=verdict.to, error=str(error))
    if verdict.to == NEXT_DRAFT:
        _next_draft(rt, promotion, str(error), verdict.settle, outcome)
    elif verdict.to == "failed":
        _fail_promotion(rt, promotion, str(error), verdict.settle, outcome)
    else:
        rt.ledger.advance(
            promotion,
            verdict.to,
            settle=verdict.settle,
            journal=outcome,
            pause=verdict.pause,
            throttle=verdict.throttle,
            # One that may have arrived may have a job.
            keep=isinstance(error, OutcomeUnknownError | UnexpectedStatusError),
            paid=True,
        )


def _may_be_promoted(rt: Runtime, promotion: Record) -> bool:
    """Return whether an earlier promote of the draft that it is at may have arrived."""
    draft = steps.current_draft(promotion)["image_result_id"]
    calls = take_apart(snapshots.journal(rt.ledger.client, promotion.brief_id)).of("promote")
    earlier = [call for call in calls if call.intended["attempt"] != promotion.attempt]
    return any(call.open and call.intended.get("image_result_id") == draft for call in earlier)


def _ask_for_name(rt: Runtime, promotion: Record, error: NameTakenError, outcome: Mapping[str, Any]) -> None:
    """Hold a promotion whose name may be taken by its own identity: failed, it would be paid for and lost."""
    question = (
        f"its promote may have arrived, and now its name is taken ({error}): rename the identity of that "
        "name, and retry; if it is this draft's it is found, else this draft is promoted"
    )
    rt.ledger.advance(
        promotion,
        "held",
        fields={"question": question, "error": str(error)},
        event=Event("identity.brief.held", {"question": question}),
        settle=Settle.COUNTED,
        journal=outcome,
        keep=True,
        timer=rt.settings.api_ms(durations.LOOK_AGAIN_SECONDS),
        paid=True,
    )
    log.warning("promotion.held", subject=promotion.subject, question=question)


def failed_preprocessing(rt: Runtime, promotion: Record, why: str) -> None:
    """Promote the same draft once more, then the next one (guide, *Idempotency*: the API lets one retry)."""
    log.warning("preprocessing.failed", subject=promotion.subject, error=why)
    outcome = steps.outcome("promote", promotion, PREPROCESSING_FAILED, message=why)
    if promotion.get("repeated") is None:
        fields = {"repeated": "1", "error": why}
        rt.ledger.advance(promotion, "planned", fields=fields, journal=outcome)
    else:
        _next_draft(rt, promotion, why, None, outcome)


def hidden_identity(rt: Runtime, promotion: Record, error: NotFoundError) -> None:
    """Take a 404 for a failed identity, which the API hides, unless it may be too young to be known."""
    if is_gone(rt, promotion, durations.EARLY_IDENTITY_SECONDS):
        failed_preprocessing(rt, promotion, f"the identity is gone: {error}")


def _next_draft(
    rt: Runtime, promotion: Record, why: str, settle: Settle | None, journal: Mapping[str, Any] | None
) -> None:
    tried = int(promotion.fields["tried"])
    following = choosing.next_candidate(promotion.json("candidates"), tried)
    if following is None:
        _fail_promotion(rt, promotion, why, settle, journal)
        return
    fields = {"tried": str(following), "error": why}
    rt.ledger.advance(
        promotion,
        "planned",
        fields=fields,
        settle=settle,
        journal=journal,
        forget=["repeated"],
        paid=journal is not None,
    )


def _fail_promotion(
    rt: Runtime, promotion: Record, why: str, settle: Settle | None, journal: Mapping[str, Any] | None
) -> None:
    event = steps.identity_event("identity.promotion.failed", promotion, error=why)
    fields = steps.outcome_field(event, "failed") | {"error": why}
    rt.ledger.advance(
        promotion,
        "failed",
        fields=fields,
        event=event,
        settle=settle,
        journal=journal,
        paid=journal is not None,
    )
