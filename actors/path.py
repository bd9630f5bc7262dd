"""The path of one brief, from top to bottom: an actor for each step, as a rule with one call of the API.

Each may be run twice, or by two workers at once: only the one whose move is answered APPLIED goes on. None
waits: a brief that waits is a record with a timer, and what ends the waiting sends the next step.
"""

from typing import Any, cast

import dramatiq
from dramatiq.broker import MessageProxy
from dramatiq.middleware import CurrentMessage

from actors import error_handling, held, importing, maintenance, picking, preparation, resolution
from actors.boot import broker
from actors.broker.envelopes import SENDER, TRACE
from actors.broker.handing_on import hand_on
from actors.broker.inlets import came_by, unknown_inlet
from actors.broker.outcomes import refuse
from actors.process.accounts_here import KnownAccounts
from actors.runtime import Runtime, runtime
from config import keys, logs
from config.limits import Endpoint
from worker.callers import sent, tokens
from worker.callers.gate import Gate
from worker.ledger.arrivals import Outcome
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.ledger.records import Record, brief_subject
from worker.ledger.transition import CLAIMED
from worker.lifecycle import (
    acceptance,
    choosing,
    first_record,
    journal_entries,
    judging,
    preparing,
    record_fields,
    transitions,
)
from worker.piktid.answers import RunState
from worker.piktid.errors import AlreadyPromotedError, ApiError, NotFoundError

__all__ = ["broker", "held", "maintenance", "picking"]

log = logs.get("path")


@dramatiq.actor(queue_name=keys.INLET)
def accept_brief(brief: Any) -> str | None:
    """1. Put a brief on record, to wait for permits; a bad one as failed, with every fault named.

    Returns its id for the next message of a pipeline, and None where there is none: Dramatiq's worker warns
    of a result that nobody takes.
    """
    rt = runtime()
    message = cast("MessageProxy", CurrentMessage.get_current_message())
    if _is_another_shards(rt, message, brief):
        return None
    inlet = came_by(message)
    if inlet is not None and inlet not in rt.inlets:
        refuse(message, unknown_inlet(inlet))
        return None
    brought = _brought(message, brief, inlet)
    accepted = acceptance.accept(
        rt.ledger,
        KnownAccounts(rt.here, rt.ledger.client),
        rt.settings,
        brought,
        elsewhere=rt.ids.held_by_another,
        gate=None if inlet is None else Gate(rt.ledger, rt.inlets[inlet], rt.first_ledger),
    )
    arrived, sender = accepted.arrived, brought.sender
    told = {"answer": arrived.outcome, "was": arrived.state, "differs": list(arrived.differs)}
    log.info("brief.taken", brief=accepted.brief_id, **told, faults=len(accepted.faults), inlet=inlet)
    if arrived.outcome is Outcome.CONFLICT:
        if sender is not None and "sender" in arrived.differs:
            sent.disown(rt.first_ledger.client, sender, accepted.brief_id)
        # No exception is raised: a conflict is no error of the worker.
        refuse(message, accepted.conflict())
    return accepted.brief_id if message.options.get("pipe_target") else None


def _is_another_shards(rt: Runtime, message: MessageProxy, brief: Any) -> bool:
    """Return whether a message is for another shard, to which it is handed on then."""
    # Without shards the brief is not decoded here: `accept` does that, and once is enough.
    elsewhere = rt.shards.elsewhere(first_record.account_of(brief)) if rt.shards.served is not None else None
    if elsewhere is None:
        return False
    hand_on(message, rt.shards.client(elsewhere))
    log.info("brief.handed_on", message=message.message_id, shard=elsewhere)
    return True


def _brought(message: MessageProxy, brief: Any, inlet: str | None) -> acceptance.Message:
    return acceptance.Message(
        brief,
        message.message_id,
        redis_id=message.options["redis_message_id"],
        handed=getattr(message, "handed", None),
        trace=message.options.get(TRACE),
        sent_at=message.message_timestamp,
        inlet=inlet,
        # A sender on a further inlet could name any caller here, so its briefs count as that inlet's.
        sender=None if inlet is not None else tokens.name_in(message.options.get(SENDER)),
    )


@dramatiq.actor(queue_name=keys.STEPS, pays=True)
def prepare_brief(subject: str) -> None:
    """1b. Files or a photo: each run uploads one file, or has the photo described; then to wait."""
    rt = runtime()
    brief = rt.claim_step(subject)
    if brief is None or brief.state != "preparing" or preparation.is_under_way(rt, brief):
        return
    source = preparing.missing_file(brief)
    if source is not None:
        preparation.upload(rt, brief, source)
    elif preparing.needs_extraction(brief):
        preparation.extract(rt, brief)
    else:
        preparation.finish(rt, brief)


@dramatiq.actor(queue_name=keys.STEPS, pays=True)
def submit_brief(subject: str) -> None:
    """2. Permits are granted: buy the drafts, once."""
    rt = runtime()
    brief = rt.claim_step(subject)
    if brief is None or brief.state != "waiting":
        resolution.resolve_create(rt, brief)
        return
    body, send_by = brief.json("body"), rt.send_by()
    claim = transitions.submitting(brief, body, send_by, rt.paid_call_ms)
    answer = rt.ledger.apply(brief, claim)
    if answer not in CLAIMED:
        return
    try:
        error_handling.check_replicas(rt, answer)
        created = rt.apis[brief.account].create(body, send_by)
    except ApiError as error:
        error_handling.refuse_create(rt, brief, error)
        return
    log.info("create.accepted", brief=brief.brief_id, job=created.job_id)
    answer = rt.ledger.apply(brief, transitions.submitted(brief, created.job_id, rt.look_ms))
    error_handling.check_recorded(brief, answer, job=created.job_id)


@dramatiq.actor(queue_name=keys.STEPS)
def collect_drafts(subject: str) -> None:
    """3. The job may be done: fetch its drafts, choose, hand its permit on."""
    rt = runtime()
    brief = rt.claim_step(subject)
    if brief is None or brief.state != "generating":
        return
    try:
        results = rt.apis[brief.account].job_results(brief.fields["job_id"])
        # Not every version of this answer has the job's state (piktid-v2.md 2.5).
        state = results.state or rt.apis[brief.account].job_status(brief.fields["job_id"]).state
    except ApiError as error:
        error_handling.unread_job(rt, brief, error)
        return
    if state is RunState.RUNNING:
        error_handling.found_again(rt, brief)
        return
    if not any(draft.usable for draft in results.drafts):
        error_handling.no_drafts(rt, brief, results)
        return
    rules = record_fields.rules_of(brief)
    chosen = choosing.choose(rules, results.drafts) or []
    ready = transitions.drafts_ready(brief, results, chosen)
    rt.ledger.apply(brief, judging.begin(ready, rules, results.drafts))
    log.info("brief.drafts_ready", brief=brief.brief_id, drafts=len(results.drafts), job=results.status)


@dramatiq.actor(queue_name=keys.STEPS)
def choose_drafts(subject: str) -> None:
    """3b. Rules look at the drafts' pictures, and choose; where they can't, a person is asked."""
    rt = runtime()
    brief = rt.claim_step(subject)
    if brief is not None and judging.is_due(brief):
        picking.look(rt, brief)


@dramatiq.actor(queue_name=keys.STEPS, pays=True)
def promote_draft(subject: str) -> None:
    """4. Permits are granted: make the chosen draft, or a portrait, an identity. Both may be repeated."""
    rt = runtime()
    promotion = rt.claim_step(subject)
    if promotion is None or promotion.state != "planned":
        error_handling.resolve_promotion(rt, promotion)
        return
    if promotion.get("photo") is not None:
        made = importing.make_identity(rt, promotion)
        if made is not None:
            _record_identity(rt, promotion, *made)
        return
    # A promotion that an earlier version planned lacks `on_name_taken`: its brief has it.
    named = promotion if promotion.get("on_name_taken") else rt.ledger.read(brief_subject(promotion.brief_id))
    name = record_fields.explicit_name(named, promotion)
    request = {"image_result_id": record_fields.current_draft(promotion)["image_result_id"], "name": name}
    send_by = rt.send_by()
    claim = transitions.promoting(promotion, request, send_by, rt.paid_call_ms)
    answer = rt.ledger.apply(promotion, claim)
    if answer not in CLAIMED:
        return
    try:
        error_handling.check_replicas(rt, answer)
        promoted = rt.apis[promotion.account].promote(**request, send_by=send_by)
    except AlreadyPromotedError as done:
        outcome = journal_entries.outcome(Endpoint.PROMOTE, promotion, "already promoted")
        _record_identity(rt, promotion, done.identity_code, None, outcome)
    except ApiError as error:
        error_handling.refuse_promotion(rt, promotion, error)
    else:
        outcome = journal_entries.outcome(Endpoint.PROMOTE, promotion, "accepted", credits=PROMOTION_CREDITS)
        _record_identity(rt, promotion, promoted.identity_code, promoted.preprocessing_job_id, outcome)


def _record_identity(
    rt: Runtime, promotion: Record, code: str, job_id: str | None, outcome: dict[str, Any]
) -> None:
    log.info("promote.accepted", subject=promotion.subject, identity=code)
    answer = rt.ledger.apply(promotion, transitions.promoted(promotion, code, job_id, outcome, rt.look_ms))
    error_handling.check_recorded(promotion, answer, identity=code)


@dramatiq.actor(queue_name=keys.STEPS)
def finish_identity(subject: str) -> None:
    """5. Preprocessing may be done: the identity is ready, and with the last one the brief is done."""
    rt = runtime()
    promotion = rt.claim_step(subject)
    if promotion is None or promotion.state != "preprocessing":
        return
    try:
        found = rt.apis[promotion.account].preprocessing(promotion.fields["identity_code"])
    except NotFoundError as error:
        error_handling.hidden_identity(rt, promotion, error)
        return
    except ApiError as error:
        log.warning("identity.unread", subject=subject, error=str(error))
        error_handling.pause_unread(rt, promotion, error)
        return
    if found.state is RunState.COMPLETED:
        rt.ledger.apply(promotion, transitions.ready(promotion))
        log.info("identity.ready", subject=subject, identity=promotion.fields["identity_code"])
    elif found.state is RunState.FAILED:
        error_handling.failed_preprocessing(rt, promotion, found.error_message or "preprocessing failed")
    else:
        error_handling.found_again(rt, promotion)
