"""The ledger: where every brief and every promotion stands, and what was paid for it.

All writing is done by the Lua scripts; this is their typed front. A move answers APPLIED, DUPLICATE (it is so
already) or CONFLICT (the table does not allow it from where the record stands, or its grant is gone): only
APPLIED entitles the caller to go on.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import redis

from config import keys, logs
from config.backoff import pauses
from config.clock import clock
from worker.ledger.arrivals import Arrivals
from worker.ledger.kinds import Kind
from worker.ledger.records import (
    Answer,
    Event,
    Pause,
    Record,
    Settle,
    Throttle,
    brief_subject,
    inside,
    promotion_subject,
)

__all__ = [
    "Answer",
    "Event",
    "Ledger",
    "Pause",
    "Record",
    "Settle",
    "Throttle",
    "brief_subject",
    "inside",
    "promotion_subject",
]

log = logs.get("ledger")


class Ledger(Arrivals):
    """The ledger on one Redis client. Every method is one round trip; all raise redis.RedisError."""

    def look(self, subject: str) -> Record | None:
        """Read a record for its step, taking the hint that woke it: later hints wake it again."""
        return self._read(subject, take_hint=True)

    def read(self, subject: str) -> Record | None:
        """Read a record and change nothing."""
        return self._read(subject, take_hint=False)

    def _read(self, subject: str, *, take_hint: bool) -> Record | None:
        # A foreign message may name any key, and what Redis says of one of another type would be no outage.
        if subject.partition(":")[0] not in list(Kind):
            return None
        name = keys.RECORD(subject)
        with self.client.pipeline(transaction=True) as pipe:
            if take_hint:
                pipe.hdel(name, "hinted")
            pipe.hgetall(name)
            pipe.time()
            *_, fields, (seconds, microseconds) = pipe.execute()
        return Record(subject, fields, seconds * 1000 + microseconds // 1000) if "state" in fields else None

    def advance(
        self,
        record: Record,
        to: str,
        *,
        fields: Mapping[str, str] | None = None,
        event: Event | None = None,
        timer: int | None = None,
        settle: Settle | None = None,
        journal: Mapping[str, Any] | None = None,
        jobs: Sequence[str] = (),
        pause: Pause | None = None,
        throttle: Throttle | None = None,
        when: Mapping[str, str] | None = None,
        paid: bool = False,
        forget: Sequence[str] = (),
        promotions: Sequence[Mapping[str, str]] = (),
        keep: bool = False,
        unowned: bool = False,
        sightings: int | None = None,
        also_from: Sequence[str] = (),
        claim_by: float | None = None,
    ) -> Answer:
        """Move a record with all that belongs to the move, or do nothing.

        It must still be in the state that it was read in, or moved to with `record`, or in one of
        `also_from`: a late answer moves nothing that has gone on by another way. `fields` are set and those
        of `forget` removed; `timer` is in ms from now; `jobs` are remote jobs that are now this record's;
        `pause` and `throttle` hold the account or an endpoint up. The fields of `when` must still be so,
        and so must the attempt that the record was read with: whoever was overtaken by another attempt
        moves nothing. `paid` records the end of a paid call: in the journal in any case, and for as long as
        it takes Redis to answer. `promotions` are the choice of a brief that moves to `choosing`, planned
        at once as in `plan`. With `keep`, a record that is held keeps its job permit until `job_over`, and
        a promotion that may have arrived until it is made again; with `unowned`, nothing is done if one of
        the jobs is another record's; nor with `sightings` (`worker/unresolved/streams.py`), if more has been
        seen since of jobs that are nobody's. A claim of a paid call has `claim_by`: until then (seconds of
        `config.clock`) it is asked for again where Redis does not answer, and what such an answer had granted
        is granted still.
        """
        arguments = {
            "subject": record.subject,
            "to": to,
            "set": fields,
            "event": event and [event.type, inside(event.data)],
            "timer": timer,
            "settle": settle,
            "jobs": list(jobs) or None,
            "throttle": throttle and {k: v for k, v in throttle._asdict().items() if v is not None},
            "when": same_brief(record) | {"grants": record.get("grants") or ""} | dict(when or {}),
            "promotions": list(promotions) or None,
            "keep": keep or None,
            "unowned": unowned or None,
            "sightings": sightings,
            "from": [record.state, *also_from],
        }
        answer = self._change("advance", arguments, forget, journal, pause, paid=paid, claim_by=claim_by)
        if answer is Answer.APPLIED:
            record.fields["state"] = to
        return answer

    def note(
        self,
        record: Record,
        *,
        when: Mapping[str, str],
        fields: Mapping[str, str] | None = None,
        forget: Sequence[str] = (),
        timer: int | None = None,
        journal: Mapping[str, Any] | None = None,
        pause: Pause | None = None,
        again: bool = False,
        calls: bool = False,
        paid: bool = False,
        claim_by: float | None = None,
    ) -> Answer:
        """Change a record that is still in its state and whose fields of `when` are still so, or do nothing.

        A field that `when` gives as "" must not be there. `timer` is in ms from now, `again` sends the step
        at once, `paid` and `claim_by` are as in `advance`. With `calls`, a call of the API follows: while the
        account is paused the answer is CONFLICT, and the step is woken when the pause ends. Never answers
        DUPLICATE.
        """
        arguments = {
            "subject": record.subject,
            "state": record.state,
            "when": same_brief(record) | dict(when),
            "set": fields,
            "timer": timer,
            "again": again or None,
            "calls": calls or None,
        }
        return self._change("note", arguments, forget, journal, pause, paid=paid, claim_by=claim_by)

    def _change(
        self,
        command: str,
        arguments: dict[str, Any],
        forget: Sequence[str],
        journal: Mapping[str, Any] | None,
        pause: Pause | None,
        *,
        paid: bool,
        claim_by: float | None,
    ) -> Answer:
        more: dict[str, Any] = {
            "forget": list(forget) or None,
            "journal": journal and inside(journal) + "}",
            "pause": pause and pause._asdict(),
            "paid": paid or None,
            "claim": claim_by and uuid.uuid4().hex,
        }
        again = pauses()
        while True:
            try:
                return Answer(self._scripts.run(command, **arguments, **more))
            except redis.RedisError as error:
                # What was paid for is known to this process alone until it is on record. So is that no call
                # has followed a claim that may be on record.
                if not paid and (claim_by is None or clock() > claim_by):
                    raise
                log.warning("paid_call.unrecorded", subject=arguments["subject"], error=str(error))
                time.sleep(next(again))

    def sighted(self, account: str, job: str, facts: str) -> bool:
        """Put on record what the API says of a job that is nobody's; False when it is somebody's by now."""
        return bool(self._scripts.run("sighted", account=account, job=job, facts=facts))

    def plan(self, brief_id: str, promotions: Sequence[Mapping[str, str]]) -> Answer:
        """Record the choice: one planned promotion for each item, in their order."""
        return Answer(self._scripts.run("plan", brief=brief_id, promotions=list(promotions)))

    def job_over(self, record: Record) -> Answer:
        """Hand on the job permit of a record that is held as it was read: the API is done with its job."""
        when = {"moved_at": record.fields["moved_at"]}
        return Answer(self._scripts.run("job_over", subject=record.subject, when=when))

    def drop(self, account: str, subject: str) -> bool:
        """Give back what a subject holds whose job is over; return False if it has a record: that decides."""
        return bool(self._scripts.run("drop", account=account, subject=subject))

    def now(self) -> int:
        """Return the server's time in ms."""
        seconds, microseconds = self.client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000


def same_brief(record: Record) -> dict[str, str]:
    """Return what tells a brief from another one that has taken its place since it was read."""
    return {"accepted_at": record.get("accepted_at") or ""}
