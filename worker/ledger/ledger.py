"""The ledger: reads records and applies transitions to them.

All writing is done by Lua functions (`worker/ledger/commands.py`). Of the answers to a change only APPLIED
entitles the caller to go on; UNCONFIRMED, of a claim, has it taken back.
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import redis

from config import keys, logs
from config.times import backoff, monotonic, redis_ms
from worker.ledger import commands
from worker.ledger.accounts import AccountLedger
from worker.ledger.arrivals import Arrival, Arrived
from worker.ledger.handed import Handed, ending
from worker.ledger.kinds import KINDS, Kind
from worker.ledger.records import Record, parse_subject, promotion_subject
from worker.ledger.transition import CLAIMED, Answer, Change, Note, Transition
from worker.store import replicas
from worker.store.connection import encoded
from worker.store.functions import Command
from worker.store.replicas import Claim
from worker.tally.counted import THROTTLED
from worker.tally.tally import TALLY

if TYPE_CHECKING:
    from worker.ledger.events import BriefUpdated

log = logs.get("ledger")

T = TypeVar("T")


class Ledger(AccountLedger):
    """The ledger on one Redis client. Every method is one round trip; all raise redis.RedisError."""

    def claim_step(self, subject: str, handed: Handed | None = None) -> Record | None:
        """Return a record at the beginning of its step, and clear its mark of being woken for later events.

        If the message `handed` has brought the record, nothing is read; the record's move ends that message.
        """
        brought = None if handed is None else handed.message
        if brought is None or brought.subject != subject or "state" not in brought.fields:
            return self._read(subject, clear_wake=True)
        return Record(subject, brought.fields, brought.read_at, handed)

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

    def promotions(self, brief: Record) -> list[Record]:
        """Read the promotions of a brief that are on record, in their order."""
        count = int(brief.get("promotions") or 0)
        subjects = [promotion_subject(brief.brief_id, number) for number in range(count)]
        with self.client.pipeline(transaction=True) as pipe:
            pipe.time()
            for subject in subjects:
                pipe.hgetall(keys.RECORD(subject))
            time, *found = pipe.execute()
        pairs = zip(subjects, found, strict=True)
        return [Record(subject, fields, redis_ms(time)) for subject, fields in pairs if "state" in fields]

    def apply(self, record: Record, transition: Transition) -> Answer:
        """Apply a transition with all that belongs to it, or do nothing.

        The record must still be in the state that it was read in, or was moved to with `record`, or in one of
        `also_from`, and at the attempt that it was read with: a late answer, or a run that another one has
        overtaken, changes nothing. The message that led here ends with the move, unless that claims a paid
        call: so a step does nothing after its last move.
        """
        states = [record.state, *transition.also_from]
        when = record.same_brief | {"grants": record.get("grants") or ""} | dict(transition.when)
        claim = self._claim(transition)
        command = commands.advance(record.subject, transition, states=states, when=when, claim=claim)
        handed = record.handed
        if handed is None or handed.is_over or transition.claim_by is not None:
            answer = self._change(command, record, transition)
        else:
            answer = handed.end(self._change(ending(command, handed), record, transition))
        if claim is not None and answer is Answer.APPLIED:  # one that no replica has may well be forgotten
            self.claims.granted(claim)
        if answer in CLAIMED:
            record.fields["state"] = transition.to
        if answer is Answer.APPLIED and transition.throttle is not None:
            endpoint, kind = KINDS[record.kind].endpoint, transition.throttle.kind
            TALLY.count(THROTTLED, record.account, endpoint, kind)
        return answer

    def note(self, record: Record, note: Note) -> Answer:
        """Change a record that is still in its state, or do nothing; never answers DUPLICATE."""
        when = record.same_brief | dict(note.when)
        claim = self._claim(note)
        command = commands.note(record.subject, note, state=record.state, when=when, claim=claim)
        answer = self._change(command, record, note)
        if claim is not None and answer is Answer.APPLIED:
            self.claims.granted(claim)
        return answer

    def _claim(self, change: Change) -> Claim | None:
        return None if change.claim_by is None else self.claims.new()

    def _run(self, command: Command[T], change: Change) -> T:
        wanted = self.settings.replicas
        if change.claim_by is None or wanted == 0:
            return self.functions.run(command)
        answer, reached = replicas.run(self.functions, command, wanted)
        return cast("T", Answer.UNCONFIRMED) if answer is Answer.APPLIED and reached < wanted else answer

    def _change(self, command: Command[T], record: Record, change: Change) -> T:
        again = backoff()
        while True:
            try:
                return self._run(command, change)
            except redis.RedisError as error:
                # What was paid for is known to this process alone until it is on record. So is that no call
                # has followed a claim that may be on record.
                if not change.paid and (change.claim_by is None or monotonic() > change.claim_by):
                    raise
                log.warning("paid_call.unrecorded", subject=record.subject, error=str(error))
                time.sleep(next(again))

    def accept(self, arrival: Arrival, redis_id: str | None = None, handed: Handed | None = None) -> Arrived:
        """Decide the outcome for an arriving brief, and act on it.

        `redis_id` is the id in Redis of the message that brings it. `identity.brief.conflict` is emitted once
        for each; the caller makes a message in conflict a dead letter. Any other that is `handed` ends.
        """
        command = commands.accept(arrival, None if redis_id is None else encoded(redis_id))
        if handed is None:
            return self.functions.run(command)
        return handed.end(self.functions.run(ending(command, handed)))

    def compare(self, arrivals: Sequence[Arrival]) -> list[Arrived]:
        """Return the outcomes if briefs arrived now; nothing changes."""
        return self.functions.run(commands.compare(arrivals)) if arrivals else []

    def update(
        self,
        brief_id: str,
        *,
        when: Mapping[str, str],
        fields: Mapping[str, str],
        batch: str | None,
        priority: int | None,
        event: "BriefUpdated",
        journal: Mapping[str, Any],
        order: str | None = None,
    ) -> bool:
        """Change a brief's envelope; return False if its fields in `when` ("": absent) do not hold any more.

        `batch` and `priority` are its new ones, None where they stay; `order` is the one that it is part of.
        """
        return self.functions.run(
            commands.update(
                brief_id,
                when=when,
                fields=fields,
                batch=batch,
                priority=priority,
                event=event,
                journal=journal,
            ).given(order=order)
        )

    def observe_job(self, account: str, job: str, snapshot: str, *, listed: bool = False) -> bool:
        """Put on record what the API says of an unclaimed job; return False when a record owns it by now.

        `listed`: the API's list has named it, and perhaps no event.
        """
        return self.functions.run(commands.observe(account, job, snapshot, listed=listed))

    def plan(
        self,
        brief_id: str,
        promotions: Sequence[Mapping[str, str]],
        *,
        when: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Answer:
        """Record a choice, a person's or a rule's: one planned promotion for each item, in their order.

        `when` must still hold of the brief, and `fields` are set of it.
        """
        return self.functions.run(commands.plan(brief_id, promotions, when=when, fields=fields))

    def job_over(self, record: Record) -> Answer:
        """Hand on the job permit of a held record, since the API is done with its job."""
        return self.functions.run(commands.job_over(record.subject, record.same_stay))

    def recall(self, subject: str) -> bool:
        """Queue a step that had to wait for a thread; return False if there is nothing left to run."""
        return self.functions.run(commands.recall(subject))

    def drop(self, account: str, subject: str) -> bool:
        """Give back what a subject without a record holds; return False if it has a record after all."""
        return self.functions.run(commands.drop(account, subject))

    def now(self) -> int:
        """Return the server's time in ms."""
        return redis_ms(self.client.time())
