"""The calls of `prepare_brief`: each run uploads one file, or has the reference image described."""

import json
import time

from actors import call_numbers, fetch_limits
from actors.runtime import Runtime
from config import logs
from worker.files import named_files, photos
from worker.ledger.events import BriefDone
from worker.ledger.records import Record
from worker.ledger.transition import Transition
from worker.lifecycle import charges, journal_entries, preparing
from worker.lifecycle.error_policy import AGAIN, UPLOAD, decide
from worker.network.errors import FileRefusedError, FileUnavailableError
from worker.piktid.errors import ApiError

log = logs.get("preparation")


def is_under_way(rt: Runtime, brief: Record) -> bool:
    """Return whether another run is making a call, or an unresolved one leaves nothing to do.

    An upload whose end was not recorded in time is free, and simply made again.
    """
    doing = brief.get("doing")
    if doing is None:
        return False
    if brief.read_at - int(brief.fields["noted_at"]) < call_numbers.limit_ms(rt, doing):
        return True
    if doing == call_numbers.EXTRACTING:
        outcome = journal_entries.outcome(charges.EXTRACT, brief, "unknown", attempt=_extractions(brief))
        call_numbers.hold(rt, brief, call_numbers.number(brief), outcome)
    return doing == call_numbers.EXTRACTING


def upload(rt: Runtime, brief: Record, source: str) -> None:
    """Upload one file and record its id; a picture of a URL only when the brief may fetch."""
    with fetch_limits.may_fetch(rt, brief, source) as allowed:
        call = call_numbers.begin(rt, brief, None) if allowed else None
        photo = None if call is None else _read(rt, brief, call, source)
    if call is None or photo is None:
        return
    api, picture = rt.apis[brief.account], photo.picture
    try:
        upload = api.upload(named_files.upload_name(source, picture))
        api.put_bytes(upload, picture.content, picture.content_type)
    except ApiError as error:
        _refused(rt, brief, call, error)
    else:
        call_numbers.end(rt, brief, call, preparing.uploaded(brief, source, upload.file_id, photo.done), None)
        log.info("file.uploaded", brief=brief.brief_id, file_id=upload.file_id)


def _read(rt: Runtime, brief: Record, call: int, source: str) -> photos.Prepared | None:
    """Return the photo at a source, ready to go; None when it could not be had, which is on record then."""
    began = time.monotonic()
    try:
        picture = named_files.read(source, rt.settings, preparing.seconds_to_fetch(brief))
        return photos.prepared(picture, keep_exif=brief.get("keep_exif") is not None)
    except FileRefusedError as error:
        call_numbers.fail(rt, brief, call, str(error), None)
    except FileUnavailableError as error:
        call_numbers.again(rt, brief, call, str(error), time.monotonic() - began)
    return None


def extract(rt: Runtime, brief: Record) -> None:
    """Have the reference image described, once: it is paid for, and a lost answer can't be found again."""
    request = {"file_id": preparing.reference_id(brief)}
    attempt = _extractions(brief) + 1
    journal = journal_entries.intended(charges.EXTRACT, brief, request, attempt=attempt, **request)
    send_by = rt.send_by()
    call = call_numbers.begin(rt, brief, journal, send_by)
    if call is None:
        return
    try:
        found = rt.apis[brief.account].extract(**request, send_by=send_by)
    except ApiError as error:
        call_numbers.refuse_extraction(rt, brief, call, attempt, error)
        return
    counted = call_numbers.price(rt)
    told = {} if counted is None else {"counted": counted}
    outcome = journal_entries.outcome(charges.EXTRACT, brief, "accepted", attempt=attempt, **told)
    call_numbers.end(rt, brief, call, preparing.extracted(found), outcome)
    log.info("reference.described", brief=brief.brief_id, groups=sorted(found.instruction_data))


def finish(rt: Runtime, brief: Record) -> None:
    """Record the body to send and ask for permits; or end a brief that asks for a description only."""
    fields = preparing.prepared(brief)
    if fields is None:
        nothing = "the API saw nothing in its reference image to make a face of"
        call_numbers.fail(rt, brief, call_numbers.number(brief), nothing, None)
        return
    done = None
    if preparing.is_all(brief):
        done = BriefDone(promotions=(), described=json.loads(fields["body"]))
    prepared = Transition(
        "waiting" if done is None else "done",
        fields=fields,
        forget=preparing.DONE_WITH,
        event=done,
        when=call_numbers.as_read(brief),
    )
    rt.ledger.apply(brief, prepared)
    log.info("brief.prepared", brief=brief.brief_id, to=prepared.to)


def _extractions(brief: Record) -> int:
    """Return how many extractions were begun; uploads have call numbers too, but are not paid."""
    return int(brief.get("extractions") or 0)


def _refused(rt: Runtime, brief: Record, call: int, error: ApiError) -> None:
    decision = decide(UPLOAD, error, rt.settings)
    log.warning("upload.refused", brief=brief.brief_id, to=decision.to, error=str(error))
    if decision.to == "failed":
        call_numbers.fail(rt, brief, call, str(error), None)
    elif decision.to == AGAIN or decision.pause is None:
        call_numbers.again(rt, brief, call, str(error))
    else:
        call_numbers.wait(rt, brief, call, str(error), None, decision.pause)
