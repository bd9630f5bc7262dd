"""Reads what is on record of an account's unresolved creates and of the unclaimed jobs that may fit."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import redis

from config import keys
from config.times import redis_ms
from worker.ledger.kinds import KINDS, Kind
from worker.ledger.records import Record, parse_subject
from worker.piktid.answers import JobResults, JobStatus, RunState
from worker.unresolved.matching import Evidence, UnclaimedJob, UnresolvedCreate
from worker.unresolved.streams import Stream, read_stream

#: The fields of a brief's record that tell of its create.
FIELDS = ("state", "grants", "moved_at", "call_ended", "fingerprint", "body")


def read_evidence(client: "redis.Redis", account: str, longest_call: int, patience: int) -> Evidence:
    """Return all that is known.

    In ms: `longest_call` is how long a call may take whose end nobody has seen, `patience` how long then
    it may have a job that is not over.
    """
    # First, so that what is seen in between spoils a decision instead of being overlooked.
    stream = read_stream(client, account)
    with client.pipeline(transaction=True) as pipe:
        pipe.zrange(keys.UNRESOLVED(account), 0, -1, withscores=True)
        pipe.zrange(keys.UNCLAIMED(account), 0, -1, withscores=True)
        pipe.hgetall(keys.JOB_SNAPSHOTS(account))
        pipe.time()
        attempts, unclaimed, snapshots, time = pipe.execute()
    with client.pipeline(transaction=False) as pipe:
        for attempt, _ in attempts:
            pipe.hmget(keys.RECORD(attempt.rpartition("/")[0]), FIELDS)
        records = [dict(zip(FIELDS, found, strict=True)) for found in pipe.execute()]
    creates = (
        _create(attempt, int(began_at), fields, longest_call, patience)
        for (attempt, began_at), fields in zip(attempts, records, strict=True)
        if fields["body"] is not None
    )
    jobs = (read_job(job, int(seen_at), snapshots.get(job), stream) for job, seen_at in unclaimed)
    return Evidence(redis_ms(time), stream, tuple(creates), tuple(jobs))


def job_snapshot(status: JobStatus | None, results: JobResults | None, now: int) -> str:
    """Return what the API says of a job at `now` (ms), as the JSON that is kept; None: it did not say."""
    snapshot: dict[str, Any] = {"asked_at": now}
    if status is not None:
        snapshot |= {"kind": status.job_type, "total": status.total_images, "created_at": status.created_at}
    if status is not None and results is not None:
        made = Counter(draft.image_index for draft in results.drafts)
        drafts = [made[number] for number in range(max(made, default=-1) + 1)]
        # As of before the list was read: what was over then is listed.
        snapshot |= {"kind": status.job_type or results.job_type, "state": status.state, "drafts": drafts}
    return json.dumps(snapshot)


def possible_create(brief: Record, since: int, over_at: int) -> UnresolvedCreate:
    """Return the create of a brief that may have been made from `since` on, and that nobody has on record."""
    body = brief.json("body")
    return UnresolvedCreate(
        subject=brief.subject,
        attempt=brief.attempt,
        began_at=since,
        latest_end=over_at,
        over_at=over_at,
        end_known=False,
        fingerprint=brief.fields["fingerprint"],
        job_type=KINDS[brief.kind].job_type,
        variations=tuple(each["num_variations"] for each in body["instructions"]),
    )


def _create(
    attempt: str, began_at: int, fields: Mapping[str, Any], longest_call: int, patience: int
) -> UnresolvedCreate:
    subject, _, number = attempt.rpartition("/")
    is_newest = fields["grants"] == number
    is_uncertain = is_newest and fields["state"] == "uncertain"
    end_known = is_uncertain and fields["call_ended"] is not None
    longest_end = began_at + longest_call
    given_up_at = int(fields["moved_at"]) if is_uncertain else longest_end
    body = json.loads(fields["body"])
    return UnresolvedCreate(
        subject=subject,
        attempt=int(number),
        began_at=began_at,
        latest_end=given_up_at if end_known else longest_end,
        over_at=given_up_at + patience,
        end_known=end_known,
        fingerprint=fields["fingerprint"],
        job_type=KINDS[Kind(parse_subject(subject).kind)].job_type,
        variations=tuple(each["num_variations"] for each in body["instructions"]),
    )


def read_job(job_id: str, seen_at: int, snapshot: str | None, stream: Stream) -> UnclaimedJob:
    """Return a job as its snapshot tells of it; None: nobody has asked."""
    if snapshot is None:
        return UnclaimedJob(job_id, seen_at)
    known = json.loads(snapshot)
    created, ahead = known.get("created_at"), stream.ahead_ms
    return UnclaimedJob(
        job_id,
        seen_at,
        kind=known.get("kind", ""),
        state=RunState(known["state"]) if "state" in known else None,
        drafts=tuple(known.get("drafts", ())),
        total=known.get("total"),
        created_at=None if created is None or ahead is None else round(created * 1000) - ahead,
        asked_at=known["asked_at"],
    )
