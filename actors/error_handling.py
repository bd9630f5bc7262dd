"""What a step does when the API refuses or does not answer, or when a job yields nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actors.runtime import Runtime
from config import durations, logs
from worker.ledger.records import Record, brief_subject
from worker.ledger.transition import Answer, Completion, Note, Transition
from worker.lifecycle import choosing, journal_entries, record_fields, transitions
from worker.lifecycle.charges import PREPROCESSING_FAILED, take_apart
from worker.lifecycle.error_policy import (
    CREATE,
    NEXT_DRAFT,
    PROMOTE,
    READ,
    Decision,
    UnconfirmedError,
    decide,
)
from worker.lifecycle.transitions import call_ended
from worker.piktid.answers import JobResults
from worker.piktid.error_status import RIGHT_PATH
from worker.piktid.errors import ApiError, NameTakenError, NoApiError, NotFoundError
from worker.unresolved.past import may_be_older
from worker.views import snapshots

log = logs.get("error_handling")

#: Creates of a brief that a page answers, until that counts as a refusal of what the brief says.
MOST_PAGES = 3


def refuse_create(rt: Runtime, brief: Record, error: ApiError) -> None:
    """Apply the error policy's decision on a create's error."""
    decision = decide(CREATE, error, rt.settings)
    log.warning("create.refused", brief=brief.brief_id, to=decision.to, error=str(error))
    if isinstance(error, NoApiError):
        _refused_before_api(rt, brief, error, decision)
    else:
        rt.ledger.apply(brief, transitions.create_refused(brief, error, decision, rt.look_ms))


def _refused_before_api(rt: Runtime, brief: Record, error: NoApiError, decision: Decision) -> None:
    """Pause the account; or ask a person if this brief alone may be what a firewall, say, does not let pass.

    The brief stands first in line again, so with it no other one would ever start.
    """
    pages = int(brief.get("pages") or 0) + 1
    refused = transitions.create_refused(brief, error, decision, rt.look_ms)
    if pages >= MOST_PAGES and _is_answered(rt, brief.account):
        question = (
            f"its create was refused {pages} times by what stands before the API, and other calls pass: "
            f"{error}; have it let this brief pass, and retry it, or cancel it"
        )
        held = transitions.hold(question, error=str(error), evidence={"pages": pages})
        # The account goes on at once, with one create first: perhaps none passes.
        pause = refused.pause and refused.pause._replace(ms=transitions.AT_ONCE)
        refused = replace(refused, to="held", fields=held.fields, event=held.event, pause=pause)
        log.warning("brief.held", brief=brief.brief_id, question=question)
    rt.ledger.apply(brief, replace(refused, fields={**refused.fields, "pages": str(pages)}))


def _is_answered(rt: Runtime, account: str) -> bool:
    """Return whether the API answers another call of an account."""
    try:
        rt.apis[account].me()
    except ApiError:
        return False
    return True


def check_replicas(rt: Runtime, answer: Answer) -> None:
    """Raise UnconfirmedError, which is handled as a call that never left, unless replicas have a claim."""
    if answer is Answer.UNCONFIRMED:
        raise UnconfirmedError(rt.settings.replicas)


def check_recorded(record: Record, answer: Answer, **made: str) -> None:
    """Log a paid call whose end came too late for its record; the journal has it, marked as late."""
    if answer is Answer.CONFLICT:
        log.error("paid_call.late", subject=record.subject, **made)


def unread_job(rt: Runtime, brief: Record, error: ApiError) -> None:
    """Wait on for a job that could not be read; fail the brief if the API does not know the job any more."""
    if isinstance(error, NotFoundError) and is_gone(rt, brief, durations.EARLY_404_SECONDS):
        gone = f"the API does not know its job {brief.fields['job_id']}: {error}; {transitions.ANEW}"
        _fail_brief(rt, brief, transitions.fail(brief, gone))
        return
    log.warning("job.unread", brief=brief.brief_id, error=str(error))
    pause_unread(rt, brief, error)


def pause_unread(rt: Runtime, record: Record, error: ApiError) -> None:
    """If an error shows that the API is at another address, pause the record's account: nothing is sent."""
    pause = decide(READ, error, rt.settings).pause
    if pause is not None:
        rt.ledger.note(record, Note(when=record.same_stay, pause=pause))


def no_drafts(rt: Runtime, brief: Record, results: JobResults) -> None:
    """Fail a brief whose job ended without a draft that can be promoted."""
    _fail_brief(rt, brief, transitions.no_drafts(brief, results))


def _fail_brief(rt: Runtime, brief: Record, failed: Transition) -> None:
    rt.ledger.apply(brief, failed)
    log.warning("brief.failed", brief=brief.brief_id, error=failed.fields["error"])


def resolve_promotion(rt: Runtime, promotion: Record | None) -> None:
    """Repeat a promote whose outcome is not on record, once whoever made it can record it no more."""
    if promotion is None or promotion.state != "promoting" or promotion.age_ms < rt.paid_call_ms:
        return
    rt.ledger.apply(promotion, transitions.promote_unresolved(promotion))


def refuse_promotion(rt: Runtime, promotion: Record, error: ApiError) -> None:
    """Apply the error policy's decision on a promote's error."""
    decision = decide(PROMOTE, error, rt.settings)
    outcome = journal_entries.refused(journal_entries.call_of(promotion), promotion, error)
    if isinstance(error, NameTakenError) and (
        may_be_older(rt.ledger.client, promotion) or may_have_arrived(rt, promotion)
    ):
        _ask_for_name(rt, promotion, error, outcome)
        return
    log.warning("promote.refused", subject=promotion.subject, to=decision.to, error=str(error))
    if decision.to == NEXT_DRAFT:
        refused = call_ended(_next_draft(promotion, str(error)), outcome, decision.completion)
    elif decision.to == "failed":
        refused = call_ended(transitions.fail(promotion, str(error)), outcome, decision.completion)
    else:
        doubtful = may_have_arrived(rt, promotion)
        refused = transitions.promote_refused(promotion, error, decision, doubtful=doubtful)
    rt.ledger.apply(promotion, refused)


def may_have_arrived(rt: Runtime, promotion: Record) -> bool:
    """Return whether an earlier promote of the same draft or portrait may have arrived, by the journal."""
    journal = take_apart(snapshots.journal(rt.ledger.client, promotion.brief_id))
    lost = journal.lost(journal_entries.call_of(promotion))
    if promotion.state == "promoting":  # its own call, of which no end is on record yet
        own = (promotion.subject, promotion.attempt)
        lost = [each for each in lost if (each["subject"], each["attempt"]) != own]
    if promotion.get("photo") is not None:
        return bool(lost)
    draft = record_fields.current_draft(promotion)["image_result_id"]
    return any(each.get("image_result_id") == draft for each in lost)


def _ask_for_name(rt: Runtime, promotion: Record, error: NameTakenError, outcome: Mapping[str, Any]) -> None:
    """Hold a promotion whose name may be taken by its own identity, which would be lost if it failed."""
    question = (
        f"its promote may have arrived, and now its name is taken ({error}): rename the identity of that "
        "name, and retry; if it is this draft's it is found, else this draft is promoted"
    )
    held = transitions.watched(transitions.hold(question, error=str(error)), rt.look_ms)
    rt.ledger.apply(promotion, call_ended(held, outcome, Completion.COUNTED))
    log.warning("promotion.held", subject=promotion.subject, question=question)


def failed_preprocessing(rt: Runtime, promotion: Record, why: str) -> None:
    """Promote the same draft once more, then the next one (guide, *Idempotency*: the API allows one retry).

    An imported portrait is not promoted again: it would fail again, and has no next draft.
    """
    log.warning("preprocessing.failed", subject=promotion.subject, error=why)
    call = journal_entries.call_of(promotion)
    outcome = journal_entries.outcome(call, promotion, PREPROCESSING_FAILED, message=why)
    if promotion.get("repeated") is None and promotion.get("photo") is None:
        rt.ledger.apply(promotion, transitions.same_draft_again(why, outcome))
    else:
        rt.ledger.apply(promotion, call_ended(_next_draft(promotion, why), outcome))


def hidden_identity(rt: Runtime, promotion: Record, error: NotFoundError) -> None:
    """Take a 404 for a failed identity, which the API hides, unless it may be too young to be known.

    Where that is in doubt, the account waits; then a person is asked, since it may be this identity alone.
    """
    if not is_gone(rt, promotion, durations.EARLY_IDENTITY_SECONDS):
        return
    brief = rt.ledger.read(brief_subject(promotion.brief_id))
    is_to_end = brief is not None and brief.get("wish") is not None  # nothing is bought in its place
    doubt = None if is_to_end else _doubt(rt, promotion, error)
    if doubt is None:
        failed_preprocessing(rt, promotion, f"the identity is gone: {error}")
        return
    log.warning("identity.unread", subject=promotion.subject, error=str(doubt))
    unknown_ms = promotion.read_at - int(promotion.fields["unknown_since"])
    if isinstance(doubt, NoApiError) and unknown_ms >= rt.unresolved_ms:
        question = f"its identity {promotion.fields['identity_code']} can't be read: {doubt}; then retry it"
        rt.ledger.apply(promotion, transitions.hold(question, error=str(doubt)))
    else:
        pause_unread(rt, promotion, doubt)


def _doubt(rt: Runtime, promotion: Record, error: NotFoundError) -> ApiError | None:
    """Return why a 404 on an identity is not the API's own word, None where its list bears it out.

    Gateways that lead to some paths alone answer for the others in JSON, too, and a promote costs money.
    """
    code, api = promotion.fields["identity_code"], rt.apis[promotion.account]
    try:
        if not any(each.identity_code == code for each in api.own_identities() if not each.failed):
            return None
        told = "the API lists it"
    except NotFoundError:
        told = "no list is there either"
    except ApiError as unlisted:
        return unlisted
    return NoApiError(error.status, f"answered {error}, but {told}, so it is not the API: {RIGHT_PATH}")


def _next_draft(promotion: Record, why: str) -> Transition:
    """Return the transition to the next candidate, or to failed where there is none."""
    candidate_index = int(promotion.fields["tried"])
    following = choosing.next_candidate(promotion.json("candidates"), candidate_index)
    return transitions.fail(promotion, why) if following is None else transitions.next_draft(following, why)


def is_gone(rt: Runtime, record: Record, seconds: float) -> bool:
    """Return whether the API has answered 404 for `seconds` of its time; record the first 404.

    A job may be too young to be known, or gone (piktid-v2.md 6.8, 6.22). What is taken for gone may have
    been paid for, and a single 404 may be a proxy's.
    """
    since = int(record.get("unknown_since") or 0)
    # A 404 that was noted in an earlier state was about another job.
    is_first = since < int(record.fields["moved_at"])
    if not is_first and record.read_at - since >= rt.settings.api_ms(seconds):
        return True
    fields = {"unknown_since": str(record.read_at)} if is_first else {}
    rt.ledger.note(record, Note(when=record.same_stay, fields=fields, timer_ms=rt.look_ms))
    return False


def found_again(rt: Runtime, record: Record) -> None:
    """Forget an earlier 404: the API knows it."""
    if record.get("unknown_since") is not None:
        rt.ledger.note(record, Note(when=record.same_stay, forget=["unknown_since"]))
