"""The ledger: reads records and applies transitions to them.

All writing is done by Lua functions (`worker/ledger/commands.py`). Of the answers to a change only APPLIED
entitles the caller to go on.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import redis

from config import keys, logs
from config.backoff import backoff
from config.times import monotonic, redis_ms
from worker.ledger import commands
from worker.ledger.arrivals import Arrivals
from worker.ledger.kinds import Kind
from worker.ledger.records import Record, parse_subject
from worker.ledger.transition import Answer, Change, Note, Transition
from worker.store.functions import Command

log = logs.get("ledger")


class Ledger(Arrivals):
    """The ledger on one Redis client. Every method is one round trip; all raise redis.RedisError."""

    def claim_step(self, subject: str) -> Record | None:
        """Read a record as its step begins, and clear its mark of being woken: later events wake it again."""
        return self._read(subject, clear_wake=True)

    def read(self, subject: str) -> Record | None:
        """Read a record and change nothing."""
        return self._read(subject, clear_wake=False)

    def _read(self, subject: str, *, clear_wake: bool) -> Record | None:
        # A foreign message may name any key, and Redis' error on a key of another type would be no outage.
        if parse_subject(subject).kind not in list(Kind):
            return None
        name = keys.RECORD(subject)
        with self.client.pipeline(transaction=True) as pipe:
            if clear_wake:
                pipe.hdel(name, "hinted")
            pipe.hgetall(name)
            pipe.time()
            *_, fields, time = pipe.execute()
        return Record(subject, fields, redis_ms(time)) if "state" in fields else None

    def apply(self, record: Record, transition: Transition) -> Answer:
        """Apply a transition with all that belongs to it, or do nothing.

        The record must still be in the state that it was read in, or was moved to with `record`, or in one of
        `also_from`, and at the attempt that it was read with: a late answer, or a run that another one has
        overtaken, changes nothing.
        """
        arguments = {
            "from": [record.state, *transition.also_from],
            "when": record.same_brief | {"grants": record.get("grants") or ""} | dict(transition.when),
        }
        answer = self._change(commands.advance, record, transition, arguments)
        if answer is Answer.APPLIED:
            record.fields["state"] = transition.to
        return answer

    def note(self, record: Record, note: Note) -> Answer:
        """Change a record that is still in its state, or do nothing; never answers DUPLICATE."""
        arguments = {"state": record.state, "when": record.same_brief | dict(note.when)}
        return self._change(commands.note, record, note, arguments)

    def _change(
        self,
        command: Callable[..., Command[Answer]],
        record: Record,
        change: Change,
        more: Mapping[str, Any],
    ) -> Answer:
        claim = None if change.claim_by is None else uuid.uuid4().hex
        arguments = {"subject": record.subject, "claim": claim, **more, **change.arguments()}
        again = backoff()
        while True:
            try:
                return self.functions.run(command(**arguments))
            except redis.RedisError as error:
                # What was paid for is known to this process alone until it is on record. So is that no call
                # has followed a claim that may be on record.
                if not change.paid and (change.claim_by is None or monotonic() > change.claim_by):
                    raise
                log.warning("paid_call.unrecorded", subject=record.subject, error=str(error))
                time.sleep(next(again))

    def observe_job(self, account: str, job: str, snapshot: str) -> bool:
        """Put on record what the API says of an unclaimed job; return False when a record owns it by now."""
        return self.functions.run(commands.observe(account, job, snapshot))

    def plan(self, brief_id: str, promotions: Sequence[Mapping[str, str]]) -> Answer:
        """Record a person's choice: one planned promotion for each item, in their order."""
        return self.functions.run(commands.plan(brief_id, promotions))

    def job_over(self, record: Record) -> Answer:
        """Hand on the job permit of a held record, since the API is done with its job."""
        return self.functions.run(commands.job_over(record.subject, record.same_stay))

    def drop(self, account: str, subject: str) -> bool:
        """Give back what a subject without a record holds; return False if it has a record after all."""
        return self.functions.run(commands.drop(account, subject))

    def now(self) -> int:
        """Return the server's time in ms."""
        return redis_ms(self.client.time())
