"""Holds a brief whose step no worker could run, and watches the job that it may still have.

A step that fails would fail again, and its timer would send it for ever. So its brief is held at once, until
the cause is mended and an operator brings the brief back with `retry`.
"""

from dataclasses import replace

import dramatiq

from actors import call_numbers
from actors.boot import broker
from actors.broker import dead_letters
from actors.broker.dead_letters import DeadLetter
from actors.error_handling import found_again, is_gone, may_have_arrived, pause_unread
from actors.resolution import resolve_create
from actors.runtime import Runtime, runtime
from config import durations, keys, logs
from worker.ledger.kinds import KINDS
from worker.ledger.records import Record
from worker.ledger.transition import Completion, Note
from worker.lifecycle import journal_entries, judging, transitions
from worker.piktid.answers import RunState
from worker.piktid.errors import ApiError, NotFoundError

log = logs.get("held")


@dramatiq.actor(queue_name=keys.STEPS, broker=broker)
def hold_step(message_id: str) -> None:
    """Hold the record whose step became a dead letter; a step without a record stays a dead letter."""
    rt = runtime()
    dead_letter = dead_letters.read(rt.ledger.client, keys.STEPS, message_id)
    if dead_letter is None or dead_letter.step is None:
        return
    actor, subject = dead_letter.step
    record = rt.ledger.read(subject)
    if record is None:
        log.error("dead_letter.kept", id=message_id, actor=actor, subject=subject, error=dead_letter.error)
        return
    # One that has moved since is not where the step failed: this very dead letter may have been taken up
    # before.
    current = KINDS[record.kind].states[record.state].actor
    if current == actor and dead_letter.at >= int(record.fields["moved_at"]):
        _hold(rt, record, dead_letter, actor)
    dead_letters.drop(rt.ledger.client, dead_letter)


def _hold(rt: Runtime, record: Record, dead_letter: DeadLetter, actor: str) -> None:
    """Hold a record, unless its paid call may be under way: that is left to its timer, which resolves it."""
    log.error("step.dead", subject=record.subject, actor=actor, state=record.state, error=dead_letter.error)
    if record.state == "submitting":
        resolve_create(rt, record)
        return
    if record.state == "held":
        _watch_later(rt, record)
        return
    if record.get("doing") == call_numbers.EXTRACTING:
        return
    if record.state == "choosing":
        # It holds nothing that a person could not decide on without that step.
        why = f"its step {actor} could not be run: {dead_letter.error}"
        judging.ask_person(rt.ledger, record, why)
        return
    question = f"its step {actor} could not be run: {dead_letter.error}; retry it once the cause is mended"
    evidence = {
        "actor": actor,
        "state": record.state,
        "at": dead_letter.at,
        "error": dead_letter.error,
        "deaths": dead_letter.deaths,
    }
    held = transitions.hold(question, error=dead_letter.error, evidence=evidence)
    may_have_job = record.state == "planned" and may_have_arrived(rt, record)
    if may_have_job or KINDS[record.kind].states[record.state].permit:
        held = transitions.watched(held, rt.look_ms)
    if record.state == "promoting":
        journal = journal_entries.outcome(journal_entries.call_of(record), record, "unknown")
        held = replace(held, journal=journal, completion=Completion.COUNTED)
    rt.ledger.apply(record, held)


def _watch_later(rt: Runtime, record: Record) -> None:
    """Keep the permit of a held record whose job can't be asked for, until the job must be over."""
    remaining_ms = rt.unresolved_ms - record.age_ms
    if remaining_ms > 0:
        rt.ledger.note(record, Note(when=record.same_stay, timer_ms=remaining_ms))
    else:
        rt.ledger.job_over(record)


@dramatiq.actor(queue_name=keys.STEPS, broker=broker)
def watch_held(subject: str) -> None:
    """Hand a held record's permit on once its job is over."""
    rt = runtime()
    record = rt.ledger.claim_step(subject)
    if record is None or record.state != "held" or not rt.take_thread(record.account, subject):
        return
    if _is_over(rt, record):
        rt.ledger.job_over(record)
        log.info("held.job_over", subject=subject)


def _is_over(rt: Runtime, record: Record) -> bool:
    """Return whether the record's job is over; if the API can't be asked, whether it must be over by now."""
    product = KINDS[record.kind]
    # One held in the middle of a second promote has the code of the first, which came to nothing.
    known = product.parent is None or record.previous_state == product.running
    made, api = record.get(product.job) if known else None, rt.apis.get(record.account)
    if made is None or api is None:
        return record.age_ms >= rt.unresolved_ms
    try:
        state = api.job_status(made).state if product.parent is None else api.preprocessing(made).state
    except NotFoundError:
        return is_gone(rt, record, durations.EARLY_404_SECONDS)
    except ApiError as error:
        log.warning("held.unread", subject=record.subject, error=str(error))
        pause_unread(rt, record, error)
        return False
    if state is RunState.RUNNING:
        found_again(rt, record)
        return False
    return True
