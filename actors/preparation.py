"""The calls of `prepare_brief`: each is begun on record, made, and its end recorded, which wakes the next.

A run that is taken over by another (its worker was silent for too long) can record nothing any more: each
record names the turn that it belongs to.
"""

from typing import Any

from actors.process import MARGIN, Process
from config import logs
from worker import files, preparing, steps
from worker.api_errors import ApiError
from worker.fetching import SECONDS
from worker.file_errors import FileRefused, FileUnavailable
from worker.ledger import Answer, Event, Pause, Record
from worker.verdicts import AGAIN, EXTRACT, UPLOAD, judge

log = logs.get("preparation")

UPLOADING, EXTRACTING = "upload", "extract"
UNKNOWN = "the description of its reference image may or may not have been made and charged: make it again?"


def is_under_way(run: Process, brief: Record) -> bool:
    """Whether another run is in the middle of a call, or one of unknown outcome leaves nothing to do.

    An upload whose end was not recorded in time is free, and simply made again.
    """
    doing = brief.get("doing")
    if doing is None:
        return False
    if brief.read_at - int(brief.fields["noted_at"]) < _limit(run, doing):
        return True
    if doing == EXTRACTING:
        _hold(
            run, brief, _turn(brief), steps.outcome("extract", brief, "unknown", attempt=_extractions(brief))
        )
    return doing == EXTRACTING


def upload(run: Process, brief: Record, place: str) -> None:
    """Upload one file and record its id."""
    turn = _begin(run, brief, UPLOADING, None)
    if turn is None:
        return
    api = run.apis[brief.account]
    try:
        picture = files.read(place, run.settings)
        upload = api.upload(files.upload_name(place, picture))
        api.put_bytes(upload, picture.content, picture.content_type)
    except FileRefused as error:
        _fail(run, brief, turn, str(error), None)
    except FileUnavailable as error:
        _again(run, brief, turn, str(error))
    except ApiError as error:
        _refused(run, brief, turn, error)
    else:
        _end(run, brief, turn, preparing.uploaded(brief, place, upload.file_id), None)
        log.info("file.uploaded", brief=brief.brief_id, file_id=upload.file_id)


def extract(run: Process, brief: Record) -> None:
    """Have the reference image described, once: it is paid, and nothing tells afterwards whether it was."""
    file_id = preparing.reference_id(brief)
    attempt = _extractions(brief) + 1
    journal = steps.intended("extract", brief, attempt=attempt, file_id=file_id)
    send_by = run.send_by()
    turn = _begin(run, brief, EXTRACTING, journal)
    if turn is None:
        return
    try:
        found = run.apis[brief.account].extract(file_id, send_by)
    except ApiError as error:
        _refused_extraction(run, brief, turn, attempt, error)
        return
    outcome = steps.outcome("extract", brief, "accepted", attempt=attempt)
    _end(run, brief, turn, preparing.extracted(found), outcome)
    log.info("reference.described", brief=brief.brief_id, groups=sorted(found.instruction_data))


def finish(run: Process, brief: Record) -> None:
    """Record what will be sent, and ask for permits."""
    fields = preparing.prepared(brief)
    if fields is None:
        _fail(run, brief, _turn(brief), "the API saw nothing in its reference image to make a face of", None)
        return
    run.ledger.advance(brief, "waiting", fields=fields, forget=preparing.DONE_WITH, when=_as_read(brief))
    log.info("brief.prepared", brief=brief.brief_id)


def _turn(brief: Record) -> int:
    return int(brief.get("turn") or 0)


def _extractions(brief: Record) -> int:
    """Return how many extractions were begun; uploads are turns too, but no attempts at what is paid."""
    return int(brief.get("extractions") or 0)


def _as_read(brief: Record) -> dict[str, str]:
    return {"turn": brief.get("turn") or ""}


def _under_way(turn: int, journal: dict[str, Any] | None) -> dict[str, str]:
    """Return what a record must still hold for the end of this call to be recorded, which it is once."""
    return {"turn": str(turn), "doing": UPLOADING if journal is None else EXTRACTING}


def _limit(run: Process, doing: str) -> int:
    """Return the ms after which whoever began a call can no longer be about to record its end."""
    if doing == EXTRACTING:
        return run.paid_call_ms
    # The picture is fetched, announced and sent. Should that take longer, it is taken over and refused.
    return round((SECONDS + 2 * run.settings.request_timeout) * 1000) + MARGIN


def _begin(run: Process, brief: Record, doing: str, journal: dict[str, Any] | None) -> int | None:
    """Record that a call is begun; return its turn, None when it is not this run's to make."""
    turn = _turn(brief) + 1
    begun = {"turn": str(turn), "doing": doing}
    if journal is not None:
        begun["extractions"] = str(journal["attempt"])
    answer = run.ledger.note(
        brief,
        when=_as_read(brief),
        fields=begun,
        timer=_limit(run, doing),
        journal=journal,
        calls=True,
    )
    return turn if answer is Answer.MOVED else None


def _end(
    run: Process, brief: Record, turn: int, fields: dict[str, str], journal: dict[str, Any] | None
) -> None:
    forget = ("doing", "tries", "error")
    when = _under_way(turn, journal)
    paid = journal is not None
    run.ledger.note(brief, when=when, fields=fields, forget=forget, journal=journal, again=True, paid=paid)


def _refused(run: Process, brief: Record, turn: int, error: ApiError) -> None:
    verdict = judge(UPLOAD, error, run.settings)
    log.warning("upload.refused", brief=brief.brief_id, to=verdict.to, error=str(error))
    if verdict.to == "failed":
        _fail(run, brief, turn, str(error), None)
    elif verdict.to == AGAIN or verdict.pause is None:
        _again(run, brief, turn, str(error))
    else:
        _wait(run, brief, turn, str(error), None, verdict.pause)


def _refused_extraction(run: Process, brief: Record, turn: int, attempt: int, error: ApiError) -> None:
    verdict = judge(EXTRACT, error, run.settings)
    log.warning("extract.refused", brief=brief.brief_id, to=verdict.to, error=str(error))
    outcome = steps.outcome("extract", brief, type(error).__name__, attempt=attempt, message=str(error))
    if verdict.pause is not None:
        _wait(run, brief, turn, str(error), outcome, verdict.pause)
    elif verdict.to == "held":
        _hold(run, brief, turn, outcome, paid=True)
    else:
        _fail(run, brief, turn, str(error), outcome)


def _wait(
    run: Process, brief: Record, turn: int, error: str, journal: dict[str, Any] | None, pause: Pause
) -> None:
    """Wait with the account for the end of its pause; that is no fault of the brief's."""
    run.ledger.note(
        brief,
        when=_under_way(turn, journal),
        fields={"error": error},
        forget=("doing",),
        timer=pause.ms,
        journal=journal,
        pause=pause,
        paid=journal is not None,
    )


def _again(run: Process, brief: Record, turn: int, error: str) -> None:
    tries = int(brief.get("tries") or 0) + 1
    log.warning("upload.failed", brief=brief.brief_id, tries=tries, error=error)
    if tries >= preparing.MOST_TRIES:
        _fail(run, brief, turn, f"{error} (tried {tries} times)", None)
        return
    run.ledger.note(
        brief,
        when={"turn": str(turn)},
        fields={"error": error, "tries": str(tries)},
        forget=("doing",),
        timer=preparing.pause_ms(tries, run.settings),
    )


def _hold(run: Process, brief: Record, turn: int, journal: dict[str, Any], *, paid: bool = False) -> None:
    run.ledger.advance(
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


def _fail(run: Process, brief: Record, turn: int, why: str, journal: dict[str, Any] | None) -> None:
    run.ledger.advance(
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
