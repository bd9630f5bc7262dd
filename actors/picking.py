"""A choice among drafts that another system sends as a message of the inlet."""

from typing import Any, cast

import dramatiq
from dramatiq.broker import MessageProxy
from dramatiq.middleware import CurrentMessage

from actors.boot import broker
from actors.broker.outcomes import refuse
from actors.runtime import runtime
from config import keys, logs
from worker.lifecycle.choosing import PickError
from worker.operations import picking

log = logs.get("picking")

#: Most drafts that a message may pick: five instructions have no more.
MOST_PICKS = 100


@dramatiq.actor(queue_name=keys.INLET, broker=broker)
def pick_drafts(brief_id: Any, drafts: Any, leave_rest: Any = False) -> None:  # a message's argument
    """Choose which drafts of a brief become identities, as `identity-worker pick` does.

    What can't be done is a dead letter with the reason. A choice that is on record already does nothing.
    """
    rt = runtime()
    message = cast("MessageProxy", CurrentMessage.get_current_message())
    if (fault := _fault(brief_id, drafts, leave_rest)) is not None:
        refuse(message, fault)
        return
    try:
        promoting = picking.pick(rt.ledger, brief_id, drafts, leave_rest=leave_rest)
    except PickError as error:
        if picking.is_on_record(rt.ledger, brief_id, drafts):
            log.info("drafts.picked_before", brief=brief_id, drafts=drafts)
            return
        refuse(message, str(error))
        log.warning("drafts.not_picked", brief=brief_id, error=str(error))
        return
    log.info("drafts.picked", brief=brief_id, promoting=promoting)


def _fault(brief_id: Any, drafts: Any, leave_rest: Any) -> str | None:
    """Return what is wrong with the arguments of a message, in words."""
    if not isinstance(brief_id, str) or not brief_id:
        return f"brief_id must be the id of a brief, got {type(brief_id).__name__}"
    if not isinstance(drafts, list) or not 1 <= len(drafts) <= MOST_PICKS:
        return f"drafts must be a list of 1 to {MOST_PICKS} ids of drafts"
    if any(type(each) is not int for each in drafts):
        return "drafts must be whole numbers, the image_result_id of each"
    if not isinstance(leave_rest, bool):
        return f"leave_rest must be true or false, got {type(leave_rest).__name__}"
    return None
