"""The steps of what is held: its job is watched until it is over, as nothing else looks at it meanwhile."""

import dramatiq

from actors.broker import broker
from actors.process import Process, process
from config import keys, logs
from config.settings import EARLY_404
from worker.answers import RunState
from worker.api_errors import ApiError, NotFound
from worker.ledger import Record
from worker.states import Kind

log = logs.get("holding")


@dramatiq.actor(queue_name=keys.STEPS, broker=broker)
def watch_held(subject: str) -> None:
    """Hand a held record's permit on once the API is done with its job, or must be if it has one."""
    run = process()
    record = run.ledger.look(subject)
    if record is not None and record.state == "held" and _is_over(run, record):
        run.ledger.job_over(subject)
        log.info("held.job_over", subject=subject)


def _is_over(run: Process, record: Record) -> bool:
    """Return whether its job is over; of one that nobody knows of, whether it would be by now."""
    name = "job_id" if record.kind is Kind.BRIEF else "identity_code"
    made = record.get(name)
    if made is None:
        return record.age_ms >= run.unknown_ms
    api = run.apis[record.account]
    try:
        state = api.job_status(made).state if name == "job_id" else api.preprocessing(made).state
    except NotFound:
        return record.age_ms > run.settings.api_ms(EARLY_404)
    except ApiError as error:
        log.warning("held.unread", subject=record.subject, error=str(error))
        return False
    return state is not RunState.RUNNING
