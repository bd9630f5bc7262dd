"""Briefs that the ledger alone takes from state to state."""

import json
from typing import Any

import redis
from support import stored

from config import keys
from worker.ledger.arrivals import Arrival, Outcome
from worker.ledger.events import (
    BriefAccepted,
)
from worker.ledger.ledger import Ledger
from worker.ledger.records import brief_subject, inside
from worker.ledger.transition import Answer, Completion, Transition

ACCOUNT = "default"

#: What the event of a promotion says.
DRAFT = {
    "promotion": "promotion:b#0",
    "instruction": 0,
    "identity_code": "c",
    "image_result_id": 1,
    "url": None,
}


def accept(
    ledger: Ledger,
    brief_id: str = "b",
    batch: str | None = None,
    metadata: Any = None,
    state: str = "waiting",
) -> Outcome:
    envelope = {"brief_id": brief_id, "batch": batch, "account": ACCOUNT, "metadata": metadata or {}}
    fields = {"envelope": inside(envelope), "need": "1", "choose": '["first"]', "fingerprint": "f"}
    event = BriefAccepted(instructions=1, variations=1, notes=[])
    return ledger.accept(Arrival(brief_id, ACCOUNT, batch, 0, fields, event, state)).outcome


def generating(ledger: Ledger, brief_id: str = "b", job: str = "job_1") -> None:
    """Take a new brief to where its job is in flight."""
    accept(ledger, brief_id)
    brief = stored(ledger, brief_subject(brief_id))
    assert (
        ledger.apply(brief, Transition("submitting", journal={"call": "create", "what": "intended"}))
        is Answer.APPLIED
    )
    moved = ledger.apply(
        brief,
        Transition(
            "generating",
            fields={"job_id": job},
            completion=Completion.COUNTED,
            jobs=[job],
            timer_ms=60_000,
            journal={"call": "create", "what": "accepted"},
        ),
    )
    assert moved is Answer.APPLIED


def preprocessing(ledger: Ledger, promotions: int = 1) -> list[str]:
    """Take a brief from there to where its identities are being prepared; return its promotions' subjects."""
    ledger.apply(stored(ledger), Transition("choosing"))
    ledger.plan("b", [{"tried": "0", "candidates": "[]"}] * promotions)
    subjects = [f"promotion:b#{number}" for number in range(promotions)]
    for number, subject in enumerate(subjects):
        promotion = stored(ledger, subject)
        assert ledger.apply(promotion, Transition("promoting")) is Answer.APPLIED
        code, job = f"code{number}", f"pre{number}"
        fields = {"identity_code": code}
        ledger.apply(
            promotion,
            Transition("preprocessing", fields=fields, completion=Completion.COUNTED, jobs=[job, code]),
        )
    return subjects


def steps(client: "redis.Redis") -> list[str]:
    """Take all steps that were sent, the first first."""
    queued: Any = client.lrange(keys.QUEUE(keys.STEPS), 0, -1)
    messages: Any = client.hmget(keys.MESSAGES(keys.STEPS), queued) if queued else []
    client.delete(keys.MESSAGES(keys.STEPS), keys.QUEUE(keys.STEPS))
    return [json.loads(message)["actor_name"] for message in messages]
