"""Choices among drafts: by a message of another system, and by rules that look at the pictures."""

from typing import Any, cast

import dramatiq
from dramatiq.broker import MessageProxy
from dramatiq.middleware import CurrentMessage

from actors import fetch_limits
from actors.boot import broker
from actors.broker.handing_on import hand_on
from actors.broker.inlets import came_by, unknown_inlet
from actors.broker.outcomes import refuse
from actors.runtime import Runtime, runtime
from config import durations, keys, logs
from worker.callers.gate import Gate, OverCreditsError
from worker.choosing.judging import judge
from worker.export.fetching import Links, PictureGoneError, PictureUnavailableError, open_pictures
from worker.ledger.records import Record, brief_subject
from worker.ledger.transition import Answer, Note
from worker.lifecycle import judging, preparing
from worker.lifecycle.choosing import PickError
from worker.operations import picking
from worker.operations.picking import Counting

log = logs.get("picking")


@dramatiq.actor(queue_name=keys.INLET, broker=broker)
def pick_drafts(brief_id: Any, drafts: Any, leave_rest: Any = False) -> None:  # a message's argument
    """Choose which drafts of a brief become identities, as `identity-worker pick` does.

    A pick that can't be done becomes a dead letter with the reason. A pick that is on record does nothing.
    """
    rt = runtime()
    message = cast("MessageProxy", CurrentMessage.get_current_message())
    if (fault := _fault(brief_id, drafts, leave_rest)) is not None:
        refuse(message, fault)
        return
    elsewhere = _elsewhere(rt, brief_id)
    if elsewhere is not None:
        hand_on(message, rt.shards.client(elsewhere))
        log.info("pick.handed_on", brief=brief_id, shard=elsewhere)
        return
    if (foreign := _foreign(rt, message, brief_id)) is not None:
        refuse(message, foreign)
        return
    try:
        promoting = picking.pick(
            rt.ledger, brief_id, drafts, leave_rest=leave_rest, counting=_counting(rt, message)
        )
    except OverCreditsError as error:
        refuse(message, error.told)
        log.warning("drafts.not_picked", brief=brief_id, error=error.told)
        return
    except PickError as error:
        if picking.is_on_record(rt.ledger, brief_id, drafts):
            log.info("drafts.picked_before", brief=brief_id, drafts=drafts)
            return
        refuse(message, str(error))
        log.warning("drafts.not_picked", brief=brief_id, error=str(error))
        return
    log.info("drafts.picked", brief=brief_id, promoting=promoting)


def _elsewhere(rt: Runtime, brief_id: str) -> int | None:
    """Return the shard of a brief if this process does not serve it, else None."""
    found = None if rt.shards.served is None else rt.ids.home_of(brief_id)
    return None if found == rt.shards.served else found


def _foreign(rt: Runtime, message: MessageProxy, brief_id: str) -> str | None:
    """Return in words why a message of a further inlet may not choose for a brief, if it is another's."""
    inlet = came_by(message)
    if inlet is None:
        return None
    if inlet not in rt.inlets:
        return unknown_inlet(inlet)
    brief = rt.ledger.read(brief_subject(brief_id))
    if brief is not None and brief.get("inlet") == inlet:
        return None
    return f"no brief {brief_id} came by the inlet {inlet}"


def _counting(rt: Runtime, message: MessageProxy) -> Counting | None:
    """Return what charges the extra identities of a choice to the message's further inlet, if it has one."""
    inlet = came_by(message)
    return None if inlet is None else Gate(rt.ledger, rt.inlets[inlet], rt.first_ledger).count_choice


def _fault(brief_id: Any, drafts: Any, leave_rest: Any) -> str | None:
    """Return what is wrong with the arguments of a message, in words."""
    if not isinstance(brief_id, str) or not brief_id:
        return f"brief_id must be the id of a brief, got {type(brief_id).__name__}"
    if not isinstance(drafts, list) or not 1 <= len(drafts) <= picking.MOST_PICKS:
        return f"drafts must be a list of 1 to {picking.MOST_PICKS} ids of drafts"
    if any(type(each) is not int for each in drafts):
        return "drafts must be whole numbers, the image_result_id of each"
    if not isinstance(leave_rest, bool):
        return f"leave_rest must be true or false, got {type(leave_rest).__name__}"
    return None


def look(rt: Runtime, brief: Record) -> None:
    """Have the rules look at a brief's drafts, and record what they choose, or that a person is asked.

    It costs nothing, so it may be done twice: one of the two is put on record.
    """
    with fetch_limits.may_choose(rt, brief) as allowed:
        if not allowed or not _is_still_due(rt, brief):
            return
        try:
            pictures = _pictures(rt, brief)
        except PictureUnavailableError as error:
            pause_ms = preparing.pause_ms(judging.failures(brief) + 1, rt.settings)
            rt.ledger.note(brief, judging.again(brief, str(error), pause_ms))
            log.warning("drafts.unseen", brief=brief.brief_id, error=str(error))
            return
        decisions = [judge(each, rt.settings.chooser_seconds) for each in judging.questions(brief, pictures)]
    answer = judging.record(rt.ledger, brief, decisions)
    for each in decisions:
        log.info(
            "drafts.judged",
            brief=brief.brief_id,
            instruction=each.instruction,
            rule=each.rule,
            chosen=each.ranked[:1],
            asks=each.asks,
            answer=answer,
        )


def _is_still_due(rt: Runtime, brief: Record) -> bool:
    """Return whether rules still have to look at the drafts, and put the timer off until they have ended."""
    seconds = rt.settings.chooser_seconds * len(judging.questions(brief, {}))
    timer_ms = durations.CHOOSING_FETCH_MS + round(1000 * seconds)
    return (
        rt.ledger.note(brief, Note(when=brief.same_stay | judging.MARK, timer_ms=timer_ms)) is Answer.APPLIED
    )


def _pictures(rt: Runtime, brief: Record) -> dict[int, bytes | str]:
    """Return the pictures by the drafts' ids, and of those that can't be had why.

    Raises PictureUnavailableError where they may be had later, unless that was so too often.
    """
    found: dict[int, bytes | str] = {}
    pool = open_pictures(rt.settings.api_url)
    try:
        links = Links(pool, rt.apis[brief.account], brief.get("job_id"))
        for draft in judging.shown(brief):
            number = draft.image_result_id or 0  # one that can be promoted has an id
            try:
                found[number] = links.fetch(number, draft.url).content
            except PictureGoneError as error:
                found[number] = str(error)
            except PictureUnavailableError as error:
                if judging.failures(brief) + 1 < judging.MOST_FAILURES:
                    raise
                found[number] = str(error)
    finally:
        pool.close()
    return found
