"""The turns of a brief's preparation: each call is begun on record, and how it ends is what comes next.

A run that is taken over by another (its worker was silent for too long) can record nothing any more: each
record names the turn that it belongs to.
"""

from typing import Any

from actors.runtime import Runtime
from config import durations, logs
from worker.ledger.ledger import Answer, Event, Pause, Record
from worker.lifecycle import preparing

log = logs.get("preparation")

UPLOADING, EXTRACTING = "upload", "extract"
UNKNOWN = "the description of its reference image may or may not have been made and charged: make it again?"

Journal = dict[str, Any]


def number(brief: Record) -> int:
    """Return how many calls were begun."""
    return int(brief.get("turn") or 0)


def as_read(brief: Record) -> dict[str, str]:
    """Return what a record must still hold for nobody to have begun another call since it was read."""
    return {"turn": brief.get("turn") or ""}


def limit_ms(rt: Runtime, doing: str) -> int:
    """Return the ms after which whoever began a call can no longer be about to record its end."""
    if doing == EXTRACTING:
        return rt.paid_call_ms
    # The picture is fetched, announced and sent. Should that take longer, it is taken over and refused.
    return (
        round((durations.FETCH_SECONDS + 2 * rt.settings.request_timeout) * 1000) + durations.RECORD_MARGIN_MS
    )


def begin(rt: Runtime, brief: Record, journal: Journal | None, send_by: float | None = None) -> int | None:
    """Record that a call is begun; return its turn, None when it is not this run's to make.

    A paid one has its `journal`, and until when it may be sent (seconds of `config.clock`).
    """
    doing = UPLOADING if journal is None else EXTRACTING
    turn = number(brief) + 1
    begun = {"turn": str(turn), "doing": doing}
    if journal is not None:
        begun["extractions"] = str(journal["attempt"])
    answer = rt.ledger.note(
        brief,
        when=as_read(brief),
        fields=begun,
        timer=limit_ms(rt, doing),
        journal=journal,
        calls=True,
        claim_by=send_by,
    )
    return turn if answer is Answer.APPLIED else None


def _under_way(turn: int, journal: Journal | None) -> dict[str, str]:
    """Return what a record must still hold for the end of this call to be recorded, which it is once."""
    return {"turn": str(turn), "doing": UPLOADING if journal is None else EXTRACTING}


def end(rt: Runtime, brief: Record, turn: int, fields: dict[str, str], journal: Journal | None) -> None:
    """Record what a call has brought; the step is sent again for the next."""
    forget = ("doing", "tries", "error")
    when = _under_way(turn, journal)
    paid = journal is not None
    rt.ledger.note(brief, when=when, fields=fields, forget=forget, journal=journal, again=True, paid=paid)


def wait(rt: Runtime, brief: Record, turn: int, error: str, journal: Journal | None, pause: Pause) -> None:
    """Wait with the account for the end of its pause; that is no fault of the brief's."""
    rt.ledger.note(
        brief,
        when=_under_way(turn, journal),
        fields={"error": error},
        forget=("doing",),
        timer=pause.ms,
        journal=journal,
        pause=pause,
        paid=journal is not None,
    )


def again(rt: Runtime, brief: Record, turn: int, error: str, lost: float = 0.0) -> None:
    """Make a free call again after a while, or fail its brief: after too many tries, or seconds `lost`."""
    tries, fetched = int(brief.get("tries") or 0) + 1, preparing.seconds_lost(brief) + lost
    log.warning("upload.failed", brief=brief.brief_id, tries=tries, error=error)
    if tries >= preparing.MOST_TRIES or fetched >= durations.FETCHES_MOST_SECONDS:
        fail(rt, brief, turn, f"{error} (tried {tries} times, {fetched:.0f} s in vain)", None)
        return
    rt.ledger.note(
        brief,
        when={"turn": str(turn)},
        fields={"error": error, "tries": str(tries), "fetch_ms": str(round(fetched * 1000))},
        forget=("doing",),
        timer=preparing.pause_ms(tries, rt.settings),
    )


def hold(rt: Runtime, brief: Record, turn: int, journal: Journal, *, paid: bool = False) -> None:
    """Ask an operator about an extraction of unknown outcome."""
    rt.ledger.advance(
        brief,
        "held",
        fields={"question": UNKNOWN},
        event=Event("identity.brief.held", {"question": UNKNOWN}),
        journal=journal,
        forget=("doing",),
        when={"turn": str(turn)},
        paid=paid,
    )
    log.warning("brief.held", brief=brief.brief_id, question=UNKNOWN)


def fail(rt: Runtime, brief: Record, turn: int, why: str, journal: Journal | None) -> None:
    """Fail a brief of which nothing can be made."""
    rt.ledger.advance(
        brief,
        "failed",
        fields={"error": why},
        event=Event("identity.brief.failed", {"error": why}),
        journal=journal,
        forget=("doing",),
        when={"turn": str(turn) if turn else ""},
        paid=journal is not None,
    )
    log.warning("brief.failed", brief=brief.brief_id, error=why)
