"""Attempts of a create, and what is recorded of each."""

import json
from typing import Any

from support import brief, stored

from config.accounts.reading import live_accounts
from config.settings import Settings
from worker.ledger.arrivals import Outcome
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record
from worker.ledger.transition import Answer, Completion, Transition
from worker.lifecycle import acceptance


def accepted(ledger: Ledger, settings: Settings, brief_id: str = "b", **fields: Any) -> Record:
    """Put a brief on record, granted at once; return what its step would read."""
    message = acceptance.Message(json.dumps(brief(brief_id=brief_id, **fields)), "m")
    taken = acceptance.accept(ledger, live_accounts(settings).accounts, settings, message)
    assert taken.arrived.outcome is Outcome.ACCEPTED
    return stored(ledger, f"brief:{brief_id}")


def bought(ledger: Ledger, attempt: Record, job: str) -> Answer:
    """Record that an attempt's create was accepted, as its step does."""
    return ledger.apply(
        attempt,
        Transition(
            "generating",
            fields={"job_id": job},
            completion=Completion.COUNTED,
            jobs=[job],
            timer_ms=60_000,
            journal={"call": "create", "attempt": attempt.attempt, "job_id": job},
            paid=True,
        ),
    )


def bought_once(ledger: Ledger, settings: Settings, *, is_over: bool) -> Record:
    """Record that an attempt's create has made the job j1, which may be over by now; return the attempt."""
    attempt = accepted(ledger, settings)
    ledger.apply(attempt, Transition("submitting"))
    assert bought(ledger, attempt, "j1") is Answer.APPLIED
    if is_over:
        assert ledger.apply(stored(ledger), Transition("choosing")) is Answer.APPLIED
    return attempt


def overtaken(ledger: Ledger, settings: Settings) -> tuple[Record, Record]:
    """Let an attempt be held and granted again while its worker sleeps; return it and the one after it."""
    first = accepted(ledger, settings)
    assert ledger.apply(first, Transition("submitting")) is Answer.APPLIED
    assert ledger.apply(first, Transition("uncertain", completion=Completion.COUNTED)) is Answer.APPLIED
    assert ledger.apply(first, Transition("held")) is Answer.APPLIED
    assert ledger.apply(first, Transition("waiting")) is Answer.APPLIED
    second = stored(ledger)
    assert second.attempt == first.attempt + 1
    assert ledger.apply(second, Transition("submitting")) is Answer.APPLIED
    return first, second
