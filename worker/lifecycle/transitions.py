"""Builds every transition (`worker/ledger/transition.py`) that there is, in the order of the path.

Times are ms: `look_ms` from now until the API is asked how a job is, `limit_ms` until whoever claimed a paid
call can no longer be about to record its outcome; `send_by` is in seconds of `config.times.monotonic`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from worker.ledger.kinds import KINDS
from worker.ledger.records import Record
from worker.ledger.transition import Completion, Transition
from worker.lifecycle import journal_entries, record_fields
from worker.lifecycle.choosing import Chosen
from worker.lifecycle.error_policy import Decision
from worker.piktid.answers import JobResults
from worker.piktid.errors import ApiError, OutcomeUnknownError, UnexpectedStatusError

if TYPE_CHECKING:
    from worker.ledger.events import DraftDetails
    from worker.ledger.told import CandidateJob

#: The fields of a record that belong to its question; they are removed once it is answered.
QUESTION_FIELDS = ("question", "evidence", "candidate_jobs", "error")
#: Milliseconds until the next step, of a record that goes on at once.
AT_ONCE = 1
#: What can be done about a job that has brought nothing: no command buys a brief twice.
ANEW = "retried, it asks for that job once more; sent under another id, it is bought anew"


def hold(
    question: str,
    *,
    error: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    candidate_jobs: "Sequence[CandidateJob] | None" = None,
) -> Transition:
    """Wait for an operator, who is asked a question and told what is known."""
    # Not at the top, here and below: commands that make no event should not wait for the models' import.
    from worker.ledger.events import BriefHeld

    fields: dict[str, str] = {"question": question}
    event = BriefHeld(question=question)
    if error is not None:
        fields["error"] = error
    if evidence is not None:
        fields["evidence"] = json.dumps(evidence)
    if candidate_jobs is not None:
        fields["candidate_jobs"] = json.dumps([job.model_dump() for job in candidate_jobs])
        event = BriefHeld(question=question, candidate_jobs=candidate_jobs)
    return Transition("held", fields=fields, event=event)


def watched(held: Transition, look_ms: int) -> Transition:
    """Return a hold of a record that the API may have a job of: its permit stays until that is over."""
    return replace(held, keep_permit=True, timer_ms=look_ms)


def fail(record: Record, why: str) -> Transition:
    """End a record of which nothing can be made."""
    from worker.ledger.events import BriefFailed, PromotionFailed

    if KINDS[record.kind].parent is None:
        return Transition("failed", fields={"error": why}, event=BriefFailed(error=why))
    event = PromotionFailed(**record_fields.draft_details(record), error=why)
    return Transition(
        "failed", fields=record_fields.outcome_field(event, "failed") | {"error": why}, event=event
    )


def submitting(brief: Record, body: Mapping[str, Any], send_by: float, limit_ms: int) -> Transition:
    """Claim the create with this body."""
    intent = journal_entries.intended(KINDS[brief.kind].endpoint, brief, body)
    return Transition(
        "submitting", forget=["call_ended"], journal=intent, timer_ms=limit_ms, claim_by=send_by
    )


def submitted(brief: Record, job_id: str, look_ms: int) -> Transition:
    """The API has taken the create on."""
    return Transition(
        "generating",
        fields={"job_id": job_id},
        forget=QUESTION_FIELDS,
        journal=journal_entries.outcome(KINDS[brief.kind].endpoint, brief, "accepted", job_id=job_id),
        completion=Completion.COUNTED,
        jobs=[job_id],
        unowned=True,
        timer_ms=look_ms,
        paid=True,
        also_from=("uncertain", "held"),
    )


def create_refused(brief: Record, error: ApiError, decision: Decision, look_ms: int) -> Transition:
    """The create has failed; the error policy decided where the brief goes."""
    if decision.to == "failed":
        refused = replace(fail(brief, str(error)), event=record_fields.refused(error))
    else:
        refused = Transition(decision.to, fields={"error": str(error)})
    if decision.to == "uncertain":
        refused = replace(refused, fields={**refused.fields, "call_ended": "1"}, timer_ms=look_ms)
    return replace(
        refused,
        journal=journal_entries.refused(KINDS[brief.kind].endpoint, brief, error),
        completion=decision.completion,
        pause=decision.pause,
        throttle=decision.throttle,
        paid=True,
        also_from=("uncertain",),
    )


def unresolved(brief: Record, look_ms: int) -> Transition:
    """The outcome of the create is unknown, and whoever made it can record it no more."""
    journal = journal_entries.outcome(KINDS[brief.kind].endpoint, brief, "unknown")
    return Transition("uncertain", journal=journal, completion=Completion.COUNTED, timer_ms=look_ms)


def adopted(brief: Record, job_id: str, *, by: str | None = None, observed: int | None = None) -> Transition:
    """A job turned out to be the create's: `by` an operator, or by what was `observed` of jobs."""
    said = {} if by is None else {"by": by}
    return Transition(
        "generating",
        fields={"job_id": job_id},
        forget=QUESTION_FIELDS,
        when=brief.same_stay,
        journal=journal_entries.outcome(KINDS[brief.kind].endpoint, brief, "adopted", job_id=job_id, **said),
        jobs=[job_id],
        unowned=True,
        observed=observed,
        timer_ms=AT_ONCE,
    )


def not_arrived(brief: Record, observed: int) -> Transition:
    """By what was `observed` of jobs, the create has not arrived: it is made again."""
    journal = journal_entries.outcome(KINDS[brief.kind].endpoint, brief, "not arrived")
    return Transition("waiting", when=brief.same_stay, journal=journal, observed=observed)


def sent_again(brief: Record, to: str, journal: Mapping[str, Any]) -> Transition:
    """An operator has a paid call of unknown outcome made again, unless the brief is to end by now."""
    timer, when = None if to == "waiting" else AT_ONCE, {**brief.same_stay, "wish": ""}
    return Transition(to, forget=QUESTION_FIELDS, when=when, journal=journal, timer_ms=timer)


def drafts_ready(brief: Record, results: JobResults, chosen: Sequence[Chosen]) -> Transition:
    """The drafts are there, and the choice of them is made unless it is a person's."""
    return Transition(
        "choosing",
        fields=record_fields.drafts_fields(results),
        event=record_fields.drafts_ready(brief, results.drafts),
        journal=journal_entries.charged(brief, results),
        promotions=tuple(each.fields() for each in chosen),
    )


def no_drafts(brief: Record, results: JobResults) -> Transition:
    """The job is over without a draft that can be promoted; what was charged is spent."""
    ended = f"its job {results.job_id} ended as {results.status or 'over'} without a finished draft"
    failed = fail(brief, f"{ended}: {ANEW}")
    fields = record_fields.credits_field(results) | dict(failed.fields)
    return replace(failed, fields=fields, journal=journal_entries.charged(brief, results))


def promoting(promotion: Record, request: Mapping[str, Any], send_by: float, limit_ms: int) -> Transition:
    """Claim the promote with this request."""
    intent = journal_entries.intended(journal_entries.call_of(promotion), promotion, request, **request)
    return Transition("promoting", journal=intent, timer_ms=limit_ms, claim_by=send_by)


def promoted(
    promotion: Record, code: str, job_id: str | None, journal: Mapping[str, Any], look_ms: int
) -> Transition:
    """The draft is an identity with this code, which the API prepares by a job, if it has named one."""
    from worker.ledger.events import Imported, Promoted

    made = {"identity_code": code} | ({} if job_id is None else {"preprocessing_job_id": job_id})
    details: DraftDetails = {**record_fields.draft_details(promotion), "identity_code": code}
    event: Promoted | Imported
    if promotion.get("photo") is not None:
        look_ms = AT_ONCE  # no event comes of it
        event = Imported(**details, photo=promotion.fields["photo"])
    else:
        event = Promoted(**details) if job_id is None else Promoted(**details, preprocessing_job_id=job_id)
    return Transition(
        "preprocessing",
        fields=made,
        forget=QUESTION_FIELDS,
        event=event,
        journal={**journal, **made},
        completion=Completion.COUNTED,
        jobs=list(made.values()),
        timer_ms=look_ms,
        paid=True,
        also_from=("held",),
    )


def promote_refused(
    promotion: Record, error: ApiError, decision: Decision, *, doubtful: bool = False
) -> Transition:
    """The promote has failed, and is made again once the pause that was decided on is over.

    `doubtful`: an earlier promote may have arrived.
    """
    return Transition(
        decision.to,
        journal=journal_entries.refused(journal_entries.call_of(promotion), promotion, error),
        completion=decision.completion,
        pause=decision.pause,
        throttle=decision.throttle,
        # A promote that may have arrived may have a job.
        keep_permit=doubtful or isinstance(error, OutcomeUnknownError | UnexpectedStatusError),
        paid=True,
    )


def promote_unresolved(promotion: Record) -> Transition:
    """The outcome of the promote is unknown, and whoever made it can record it no more: it is repeated."""
    journal = journal_entries.outcome(journal_entries.call_of(promotion), promotion, "unknown")
    return Transition("planned", journal=journal, completion=Completion.COUNTED, keep_permit=True)


def same_draft_again(why: str, journal: Mapping[str, Any]) -> Transition:
    """Preprocessing of the draft failed: it is promoted once more."""
    return Transition("planned", fields={"repeated": "1", "error": why}, journal=journal)


def next_draft(candidate_index: int, why: str) -> Transition:
    """The draft of a promotion can't be used: another of its candidates is promoted."""
    return Transition("planned", fields={"tried": str(candidate_index), "error": why}, forget=["repeated"])


def call_ended(
    transition: Transition, journal: Mapping[str, Any], completion: Completion | None = None
) -> Transition:
    """Return a transition that also records the end of a paid call."""
    return replace(transition, journal=journal, completion=completion, paid=True)


def ready(promotion: Record) -> Transition:
    """The identity can be used."""
    from worker.ledger.events import PreprocessingCompleted

    event = PreprocessingCompleted(**record_fields.draft_details(promotion))
    return Transition("ready", fields=record_fields.outcome_field(event, "ready"), event=event)
