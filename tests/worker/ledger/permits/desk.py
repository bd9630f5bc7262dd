"""Briefs of one account as they ask for permits. The time is simulated, in ms."""

import json
from dataclasses import dataclass
from typing import Any

import redis

from config import keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefAccepted
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Completion, Pause, Transition
from worker.store.functions import Command, Functions, T

ACCOUNT = "default"
START = 1_000_000
UNLIMITED = {"jobs": 0, "slots": 0, "create_per_minute": 0, "promote_per_minute": 0}


def stop(what: str, ms: int, reason: str) -> Pause:
    return Pause(what, ms, reason, 402)


@dataclass
class Desk:
    """Briefs of one account as they ask for permits, and what comes of it."""

    client: "redis.Redis"
    functions: Functions
    now: int = START

    def run(self, command: Command[T]) -> T:
        return self.functions.run(command, self.now)

    def limit(self, **given: int) -> None:
        """Set limits; those not named are lifted."""
        texts = {name: str(limit) for name, limit in {**UNLIMITED, **given}.items()}
        self.run(commands.set_limits(account=ACCOUNT, limits=texts, by="test"))

    def ask(
        self,
        *briefs: str,
        priority: int = 0,
        need: int = 1,
        account: str = ACCOUNT,
        batch: str | None = None,
    ) -> None:
        """Accept briefs, each in need of so many slots."""
        for brief in briefs:
            fields = {"envelope": f'"brief_id":"{brief}"', "need": str(need)}
            event = BriefAccepted(instructions=1, variations=1, notes=())
            self.run(commands.accept(Arrival(brief, account, batch, priority, fields, event)))

    def move(self, subject: str, to: str, **more: Any) -> None:
        subject = subject if ":" in subject else f"brief:{subject}"
        assert self.run(commands.advance(subject, Transition(to, **more))) == "applied"

    def submit(self, *briefs: str) -> None:
        """Let granted briefs' creates be made and answered now."""
        for brief in briefs:
            self.move(brief, "submitting")
            self.move(brief, "generating", completion=Completion.COUNTED)

    def draft(self, *briefs: str) -> None:
        """Let jobs be over, and a brief's draft wait to be chosen."""
        for brief in briefs:
            self.move(brief, "choosing")

    def plan(self, brief: str, promotions: int = 1) -> None:
        """Choose so many drafts."""
        assert self.run(commands.plan(brief=brief, promotions=[{"tried": "0"}] * promotions)) == "applied"

    def promote(self, brief: str, number: int = 0) -> None:
        """Let a granted promotion's call be made and answered now."""
        subject = f"promotion:{brief}#{number}"
        self.move(subject, "promoting")
        self.move(
            subject,
            "preprocessing",
            completion=Completion.COUNTED,
            fields={"identity_code": f"code-{brief}-{number}"},
        )

    def granted(self, endpoint: str = "create") -> list[str]:
        """Who may begin a request, or has begun one; briefs by their ids."""
        subjects: Any = self.client.zrangebyscore(keys.WINDOW(ACCOUNT, endpoint), "+inf", "+inf")
        return sorted(subject.removeprefix("brief:") for subject in subjects)

    def waiting(self, endpoint: str = "create") -> list[str]:
        """Who waits, first the one whose turn it is; briefs by their ids."""
        subjects: Any = self.client.zrange(keys.WAITING(ACCOUNT, endpoint), 0, -1)
        return [subject.removeprefix("brief:") for subject in subjects]

    def steps(self) -> list[str]:
        """Take all steps that were sent."""
        messages: Any = self.client.hvals(keys.MESSAGES(keys.STEPS))
        self.client.delete(keys.MESSAGES(keys.STEPS), keys.QUEUE(keys.STEPS))
        decoded = [json.loads(message) for message in messages]
        return sorted(f"{message['actor_name']} {message['args'][0]}" for message in decoded)

    def claim_step(self, subject: str) -> None:
        """Let a step begin."""
        assert Ledger(self.client, Settings(speed=1)).claim_step(subject) is not None

    def timer(self, subject: str) -> int | None:
        """When a subject is looked at again, in ms from now."""
        due = self.client.zscore(keys.TIMERS(), subject)
        return None if due is None else int(due) - self.now

    def pass_time(self, ms: int) -> None:
        """Let time pass, and the timers do what is due."""
        self.now += ms
        self.run(commands.due(most=100))
