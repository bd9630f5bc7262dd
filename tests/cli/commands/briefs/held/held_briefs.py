"""Briefs whose step broke, and what the command lists of them."""

import json
from typing import Any

from commandline import Command
from stepping import Flow

from config import keys
from worker.ledger.ledger import Ledger

SUBJECT = "brief:b"


def state(ledger: Ledger, subject: str = SUBJECT) -> str | None:
    found = ledger.read(subject)
    return found.state if found else None


def listed(command: Command) -> dict[str, Any]:
    answer = command("status", "--held", "--json")
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def at(flow: Flow, subject: str) -> None:
    """Take the brief b to where the step of a subject is queued: its create, its drafts or its promotion."""
    flow.accept(brief_id="b")
    if subject == "create":
        return
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    if subject == "drafts":
        return
    flow.steps.run()


def dead_step(flow: Flow) -> str:
    """Let the next step be one that broke; return the id of its dead letter."""
    ((redis_id, *_),) = flow.broker.fetch(keys.STEPS, 1)
    flow.broker.dead_letter(keys.STEPS, redis_id, "a bug of ours")
    return redis_id
