"""The part of `promote_draft` that makes an identity of a portrait, in place of a draft.

The upload counts in the request window, the jobs and the slots of promotes. If an earlier upload may have
arrived, the library is first searched for an identity with the name and the file name that it sent.
"""

import json
from dataclasses import replace
from typing import Any, NamedTuple

from actors import error_handling
from actors.runtime import Runtime
from config import durations, logs
from config.limits import Endpoint
from worker.briefs.choices import OnNameTaken
from worker.files import named_files, photos
from worker.ledger.records import Record
from worker.ledger.transition import CLAIMED, Completion, Pause, Transition
from worker.lifecycle import importing, journal_entries, transitions
from worker.lifecycle.error_policy import PROMOTE, decide
from worker.lifecycle.importing import Match
from worker.lifecycle.journal_entries import IMPORT
from worker.network.errors import FileRefusedError, FileUnavailableError
from worker.piktid.answers import Identity
from worker.piktid.errors import AlreadyPromotedError, ApiError, NameTakenError, NotSentError
from worker.unresolved.past import may_be_older

log = logs.get("importing")


class Made(NamedTuple):
    """An identity that a portrait has become, to be put on record."""

    identity_code: str
    job_id: str | None
    """The job that prepares it, if the API has named one."""
    outcome: dict[str, Any]
    """What the journal is told."""


def make_identity(rt: Runtime, promotion: Record) -> Made | None:
    """Upload a portrait whose permits are granted, unless it has arrived before.

    Returns None where no identity came of it, which is on record then.
    """
    lost = error_handling.may_have_arrived(rt, promotion) or may_be_older(rt.ledger.client, promotion)
    photo = _read(rt, promotion, lost=lost)
    if photo is None:
        return None
    picture, send_by = photo.picture, rt.send_by()
    file = importing.filename(promotion, picture.suffix)
    request: dict[str, Any] = {
        "name": importing.name_of(promotion),
        "filename": file,
        "tag": promotion.get("tag"),
    }
    claim = transitions.promoting(promotion, request, send_by, rt.paid_call_ms)
    claim = replace(claim, fields={"photo_done": json.dumps(photo.done)})
    answer = rt.ledger.apply(promotion, claim)
    if answer not in CLAIMED:
        return None
    if lost:
        known, made = _known(rt, promotion, file)
        if known:
            return made
    try:
        error_handling.check_replicas(rt, answer)
        imported = rt.apis[promotion.account].import_identity(picture, **request, send_by=send_by)
    except (AlreadyPromotedError, NameTakenError) as error:
        return _name_taken(rt, promotion, file, error, lost=lost)
    except ApiError as error:
        error_handling.refuse_promotion(rt, promotion, error)
        return None
    outcome = journal_entries.outcome(IMPORT, promotion, "accepted")
    return Made(imported.identity_code, imported.preprocessing_job_id, outcome)


def _read(rt: Runtime, promotion: Record, *, lost: bool) -> photos.Prepared | None:
    """Return the portrait, ready to go; None when it could not be had."""
    try:
        picture = named_files.read(promotion.fields["photo"], rt.settings)
        return photos.prepared(picture, keep_exif=promotion.get("keep_exif") is not None)
    except FileUnavailableError as error:
        # The timer of its grant sends the step again.
        log.warning("portrait.unavailable", subject=promotion.subject, error=str(error))
        return None
    except FileRefusedError as error:
        ended = transitions.fail(promotion, str(error))
        if lost:
            question = f"its upload may have arrived, and its portrait can't be read: {error}; retry then"
            ended = transitions.watched(transitions.hold(question, error=str(error)), rt.look_ms)
        log.warning("portrait.refused", subject=promotion.subject, to=ended.to, error=str(error))
        rt.ledger.apply(promotion, ended)
        return None


def _known(rt: Runtime, promotion: Record, file: str) -> tuple[bool, Made | None]:
    """Return whether nothing may be sent, as an earlier call may have arrived, and what that has made."""
    try:
        found = _same_names(rt, promotion)
    except ApiError as error:
        _not_sent(rt, promotion, error)
        return True, None
    match, code = importing.match(importing.name_of(promotion), file, found)
    if match is Match.OWN:
        return True, _adopted(promotion, code)
    if match is Match.UNKNOWN:
        outcome = journal_entries.outcome(IMPORT, promotion, NotSentError.outcome)
        _ask(rt, promotion, code, outcome, Completion.NEVER_LEFT)
    return match is Match.UNKNOWN, None


def _name_taken(rt: Runtime, promotion: Record, file: str, error: ApiError, *, lost: bool) -> Made | None:
    """Find out whose the identity is that has the name: its own by an earlier call, or somebody else's."""
    outcome = journal_entries.refused(IMPORT, promotion, error)
    try:
        found = _same_names(rt, promotion)
    except ApiError as unread:
        rt.ledger.apply(promotion, _again(rt, unread, outcome, Completion.COUNTED))
        return None
    match, code = importing.match(importing.name_of(promotion), file, found)
    if match is Match.OWN:
        return _adopted(promotion, code)
    if lost and match is not Match.OTHER:
        _ask(rt, promotion, code, outcome, Completion.COUNTED)
    elif promotion.get("on_name_taken") == OnNameTaken.FAIL:
        ended = transitions.fail(promotion, str(error))
        rt.ledger.apply(promotion, transitions.call_ended(ended, outcome, Completion.COUNTED))
    else:
        number = str(importing.free_number(promotion, found))
        again = Transition("planned", fields={"name_number": number, "error": str(error)})
        rt.ledger.apply(promotion, transitions.call_ended(again, outcome, Completion.COUNTED))
    return None


def _same_names(rt: Runtime, promotion: Record) -> list[Identity]:
    return rt.apis[promotion.account].search_identities(promotion.fields["name"])


def _adopted(promotion: Record, code: str) -> Made:
    """Return the identity that an earlier call has made."""
    return Made(code, None, journal_entries.outcome(IMPORT, promotion, "already imported"))


def _ask(
    rt: Runtime, promotion: Record, code: str, outcome: dict[str, object], completion: Completion
) -> None:
    """Hold an import whose name is taken, perhaps by its own identity: the API does not tell."""
    question = (
        f"its upload may have arrived, and an identity has its name ({code or 'not listed'}), of which the "
        "API does not tell the file: look at it; if it is this portrait's, cancel, else rename it and retry"
    )
    held = transitions.watched(transitions.hold(question), rt.look_ms)
    rt.ledger.apply(promotion, transitions.call_ended(held, outcome, completion))
    log.warning("promotion.held", subject=promotion.subject, question=question)


def _not_sent(rt: Runtime, promotion: Record, error: ApiError) -> None:
    """Wait until the library can be asked; nothing was sent."""
    outcome = journal_entries.outcome(IMPORT, promotion, NotSentError.outcome, message=str(error))
    rt.ledger.apply(promotion, _again(rt, error, outcome, Completion.NEVER_LEFT))
    log.warning("import.not_sent", subject=promotion.subject, error=str(error))


def _again(rt: Runtime, error: ApiError, outcome: dict[str, object], completion: Completion) -> Transition:
    """Return the transition back to the waiting list, until what the error holds up goes on."""
    decision = decide(PROMOTE, error, rt.settings)
    pause = decision.pause
    if pause is None and decision.throttle is None:
        pause = Pause(Endpoint.PROMOTE, round(durations.LOST_AGAIN_SECONDS * 1000), str(error))
    # Its permit stays: an earlier call may have a job.
    again = Transition("planned", pause=pause, throttle=decision.throttle, keep_permit=True)
    return transitions.call_ended(again, outcome, completion)
