"""Numbers the calls of a brief's preparation: each is recorded before it is made, and its end after.

What is recorded must name the number of the latest call. So a run that was taken over by another one, since
its worker was silent for too long, can no longer record anything.
"""

from dataclasses import replace
from typing import Any

from actors.runtime import Runtime
from config import durations, logs
from worker.ledger.records import Record
from worker.ledger.transition import Answer, Note, Pause
from worker.lifecycle import charges, journal_entries, preparing, transitions
from worker.lifecycle.error_policy import EXTRACT, UnconfirmedError, decide
from worker.piktid.errors import ApiError

log = logs.get("preparation")

UPLOADING, EXTRACTING = "upload", "extract"
UNKNOWN = "the description of its reference image may or may not have been made and charged: make it again?"

Journal = dict[str, Any]


def number(brief: Record) -> int:
    """Return the number of calls begun so far."""
    return int(brief.get("turn") or 0)


def as_read(brief: Record) -> dict[str, str]:
    """Return the condition that no other call was begun since the record was read."""
    return {"turn": brief.get("turn") or ""}


def limit_ms(rt: Runtime, doing: str) -> int:
    """Return the ms after which whoever began a call can no longer be about to record its end."""
    if doing == EXTRACTING:
        return rt.paid_call_ms
    # The picture is fetched, announced and sent. Should that take longer, it is taken over and refused.
    return (
        round((durations.FETCH_SECONDS + 2 * rt.settings.request_timeout) * 1000) + durations.RECORD_MARGIN_MS
    )


def price(rt: Runtime) -> float | None:
    """Return what an extraction counts as in budgets, None where it counts as nothing."""
    return rt.settings.extraction_credits or None


def begin(rt: Runtime, brief: Record, journal: Journal | None, send_by: float | None = None) -> int | None:
    """Record that a call is begun; return its number, None when this run may not make it.

    A paid one has its `journal`, and until when it may be sent (seconds of `config.times.monotonic`).
    """
    doing = UPLOADING if journal is None else EXTRACTING
    call = number(brief) + 1
    begun = {"turn": str(call), "doing": doing}
    if journal is not None:
        begun["extractions"] = str(journal["attempt"])
    note = Note(
        when=as_read(brief),
        fields=begun,
        timer_ms=limit_ms(rt, doing),
        journal=journal,
        calls=True,
        claim_by=send_by,
        reserve=None if journal is None else price(rt),
    )
    answer = rt.ledger.note(brief, note)
    if answer is Answer.UNCONFIRMED and journal is not None:
        refuse_extraction(rt, brief, call, journal["attempt"], UnconfirmedError(rt.settings.replicas))
    return call if answer is Answer.APPLIED else None


def _under_way(call: int, journal: Journal | None) -> dict[str, str]:
    """Return the condition that this call is under way and its end not yet on record."""
    return {"turn": str(call), "doing": UPLOADING if journal is None else EXTRACTING}


def end(rt: Runtime, brief: Record, call: int, fields: dict[str, str], journal: Journal | None) -> None:
    """Record what a call has brought; the step is sent again for the next."""
    ended = Note(
        when=_under_way(call, journal),
        fields=fields,
        forget=("doing", "tries", "error"),
        journal=journal,
        again=True,
        paid=journal is not None,
        spend=None if journal is None else price(rt),
    )
    rt.ledger.note(brief, ended)


def wait(rt: Runtime, brief: Record, call: int, error: str, journal: Journal | None, pause: Pause) -> None:
    """Let the brief wait for the end of its account's pause."""
    waits = Note(
        when=_under_way(call, journal),
        fields={"error": error},
        forget=["doing"],
        timer_ms=pause.ms,
        journal=journal,
        pause=pause,
        paid=journal is not None,
    )
    rt.ledger.note(brief, waits)


def again(rt: Runtime, brief: Record, call: int, error: str, lost: float = 0.0) -> None:
    """Make a free call again later, or fail its brief after too many failures or too many seconds `lost`."""
    failures, fetched = preparing.upload_failures(brief) + 1, preparing.seconds_lost(brief) + lost
    log.warning("upload.failed", brief=brief.brief_id, tries=failures, error=error)
    if failures >= preparing.MOST_FAILURES or fetched >= durations.FETCHES_MOST_SECONDS:
        fail(rt, brief, call, f"{error} (tried {failures} times, {fetched:.0f} s in vain)", None)
        return
    failed = Note(
        when={"turn": str(call)},
        fields={"error": error, "tries": str(failures), "fetch_ms": str(round(fetched * 1000))},
        forget=["doing"],
        timer_ms=preparing.pause_ms(failures, rt.settings),
    )
    rt.ledger.note(brief, failed)


def hold(rt: Runtime, brief: Record, call: int, journal: Journal, *, paid: bool = False) -> None:
    """Hold a brief whose extraction is of unknown outcome, for an operator to decide."""
    held = replace(transitions.hold(UNKNOWN), forget=["doing"], when={"turn": str(call)})
    rt.ledger.apply(brief, replace(held, journal=journal, paid=paid))
    log.warning("brief.held", brief=brief.brief_id, question=UNKNOWN)


def fail(rt: Runtime, brief: Record, call: int, why: str, journal: Journal | None) -> None:
    """Fail a brief that can't be prepared."""
    failed = replace(transitions.fail(brief, why), forget=["doing"], when={"turn": str(call) if call else ""})
    rt.ledger.apply(brief, replace(failed, journal=journal, paid=journal is not None))
    log.warning("brief.failed", brief=brief.brief_id, error=why)


def refuse_extraction(rt: Runtime, brief: Record, call: int, attempt: int, error: ApiError) -> None:
    """Record what becomes of an extraction that has failed, or that was not made at all."""
    decision = decide(EXTRACT, error, rt.settings)
    log.warning("extract.refused", brief=brief.brief_id, to=decision.to, error=str(error))
    outcome = journal_entries.refused(charges.EXTRACT, brief, error, attempt=attempt)
    if decision.pause is not None:
        wait(rt, brief, call, str(error), outcome, decision.pause)
    elif decision.to == "held":
        hold(rt, brief, call, outcome, paid=True)
    else:
        fail(rt, brief, call, str(error), outcome)
