"""Audits each brief: whether it was charged for once, by its journal, the ledger and the API.

What an operator has said counts: each `resend` allows one more charge, and an operator who gave a brief up or
cancelled it knew that the outcome of a call may stay unresolved.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import redis

from config import keys
from config.errors import IdentityWorkerError
from config.limits import Endpoint
from worker.lifecycle.charges import EXTRACT, PREPROCESSING_FAILED, Call, Journal, take_apart
from worker.lifecycle.journal_entries import IMPORT
from worker.piktid.errors import NotFoundError
from worker.views import snapshots
from worker.views.models import BriefView

if TYPE_CHECKING:
    # It brings the HTTP client along, which an audit without the API does without.
    from worker.piktid.client import PiktID

#: Briefs that are read at once.
PAGE = 200
#: States in which the outcome of a brief's create, and of its extraction, may still be unresolved.
_CREATE_UNRESOLVED = ("submitting", "uncertain", "held")
_EXTRACT_UNRESOLVED = ("preparing", "held")
#: States of a promotion in which its newest promote may still be unresolved; it is sent again from all of
#: them.
_PROMOTE_UNRESOLVED = ("promoting", "planned", "held")


class UnreadableRecordError(IdentityWorkerError):
    """Raised when a record or journal can't be read, as others have written to it."""


class Audited(NamedTuple):
    """A brief and its journal, as they stood at one moment."""

    brief_id: str
    brief: BriefView | None
    """None: its record is gone, and its journal is not."""
    journal: Journal


def ids(client: "redis.Redis", batch: str | None) -> Iterator[str]:
    """Return the ids of a batch's briefs, or of all on record, some of them perhaps twice."""
    if batch is not None:
        yield from _by_score(client, keys.BATCH(batch))
        return
    yield from _by_score(client, keys.UNFINISHED())
    yield from _by_score(client, keys.FINISHED())


def _by_score(client: "redis.Redis", key: str) -> Iterator[str]:
    """Yield a sorted set's members page by page, by score: ranks shift while members are removed."""
    since, seen = "-inf", 0
    while True:
        page: list[tuple[str, float]] = client.zrange(  # type: ignore[assignment]  # as its options make it
            key, since, "+inf", byscore=True, offset=seen, num=PAGE, withscores=True
        )
        if not page:
            return
        yield from (member for member, _ in page)
        last = repr(page[-1][1])
        same = sum(repr(score) == last for _, score in page)
        since, seen = last, same + (seen if last == since else 0)


def read(client: "redis.Redis", brief_id: str) -> Audited | None:
    """Return what is on record of a brief; None when nothing is, as after `keep_days`.

    Raises UnreadableRecordError.
    """
    try:
        entries = _journals(client, [brief_id])[brief_id]
        while True:
            before = len(entries)
            brief = snapshots.brief(client, brief_id)
            entries = _journals(client, [brief_id])[brief_id]
            # A brief that has moved meanwhile is read again.
            if len(entries) == before:
                break
    except (ValueError, LookupError, TypeError) as error:
        raise _unreadable(error) from error
    return _put_together(brief_id, brief, entries)


def _put_together(brief_id: str, brief: BriefView | None, entries: Sequence[str]) -> Audited | None:
    try:
        journal = take_apart([json.loads(entry) for entry in entries])
    except (ValueError, LookupError, TypeError) as error:
        raise _unreadable(error) from error
    return Audited(brief_id, brief, journal) if brief is not None or entries else None


def _unreadable(error: Exception) -> UnreadableRecordError:
    return UnreadableRecordError(f"what is on record of it can't be read: {type(error).__name__}: {error}")


def read_many(
    client: "redis.Redis", brief_ids: Iterable[str]
) -> Iterator[tuple[str, Audited | UnreadableRecordError]]:
    """Yield what is on record of these briefs, a page of them in memory at a time."""
    waiting = iter(brief_ids)
    while page := list(dict.fromkeys(islice(waiting, PAGE))):
        journals = _journals(client, page)
        try:
            briefs = {brief.brief_id: brief for brief in snapshots.by_ids(client, page)}
        except (ValueError, LookupError, TypeError):
            journals = {}  # it is found by reading each by itself
        for brief_id, unmoved in zip(page, _unmoved(client, page, journals), strict=True):
            try:
                found = (
                    _put_together(brief_id, briefs.get(brief_id), journals[brief_id])
                    if unmoved
                    else read(client, brief_id)
                )
            except UnreadableRecordError as error:
                yield brief_id, error
                continue
            if found is not None:
                yield brief_id, found


def _journals(client: "redis.Redis", brief_ids: Sequence[str]) -> dict[str, list[str]]:
    with client.pipeline(transaction=False) as pipe:
        for brief_id in brief_ids:
            pipe.lrange(keys.JOURNAL(brief_id), 0, -1)
        return dict(zip(brief_ids, pipe.execute(), strict=True))


def _unmoved(
    client: "redis.Redis", brief_ids: Sequence[str], journals: Mapping[str, Sequence[str]]
) -> list[bool]:
    """Return for each brief whether its journal was read and has not changed: journals only grow."""
    with client.pipeline(transaction=False) as pipe:
        for brief_id in brief_ids:
            pipe.llen(keys.JOURNAL(brief_id))
        lengths = pipe.execute()
    return [
        brief_id in journals and len(journals[brief_id]) == length
        for brief_id, length in zip(brief_ids, lengths, strict=True)
    ]


def faults(audited: Audited) -> Iterator[str]:
    """Return in words which of a brief's charges are wrong, by the journal and the ledger."""
    brief, journal = audited.brief, audited.journal
    if brief is None:
        yield "its record is gone, and its journal tells of paid calls"
        return
    yield from (f"{entry['call']} {entry['what']}, which was never intended" for entry in journal.strays)
    yield from _creates(brief, journal)
    yield from _extracts(journal)
    yield from _promotions(brief, journal)
    if not (journal.said("cancel") or journal.said("give up")):
        yield from _unresolved_calls(brief, journal)


def _creates(brief: BriefView, journal: Journal) -> Iterator[str]:
    jobs = journal.made(Endpoint.CREATE, "job_id")
    allowed = 1 + journal.said("resend")
    if len(jobs) > allowed:
        yield f"{len(jobs)} creates were accepted, {allowed} allowed: jobs {', '.join(sorted(jobs))}"
    if brief.job_id is not None and brief.job_id not in jobs:
        yield f"its job {brief.job_id} is of no create in the journal"
    if jobs and brief.job_id is None:
        yield f"a create was accepted and no job is on record: {', '.join(sorted(jobs))}"
    charged, recorded = journal.charges.get(brief.job_id or ""), brief.credits_of_drafts
    if brief.drafts and f"{charged or 0:g}" != f"{recorded or 0:g}":
        yield f"its job used {charged or 0:g} credits by the journal, {recorded or 0:g} by its record"


def _extracts(journal: Journal) -> Iterator[str]:
    taken, allowed = sum(call.taken for call in journal.of(EXTRACT)), 1 + journal.said("resend")
    if taken > allowed:
        yield f"{taken} descriptions of its reference image were accepted, {allowed} allowed"


def _promotions(brief: BriefView, journal: Journal) -> Iterator[str]:
    accepted: Counter[object] = Counter()
    on_record = {promotion.identity_code for promotion in brief.promotions}
    promotes = [*journal.of(Endpoint.PROMOTE), *journal.of(IMPORT)]
    for call in promotes:
        codes = {each.get("identity_code") for each in call.outcomes if each["what"] == "accepted"}
        failed = any(each["what"] == PREPROCESSING_FAILED for each in call.outcomes)
        accepted[_draft(call)] += len(codes) - failed
        for code in () if failed else codes - on_record:
            yield f"identity {code} was paid for and is in no promotion on record"
    for draft, times in accepted.items():
        if times > 1:
            yield f"draft {draft} was promoted {times} times"
    known = {outcome.get("identity_code") for call in promotes for outcome in call.outcomes}
    for promotion in brief.promotions:
        if promotion.identity_code is not None and promotion.identity_code not in known:
            yield f"identity {promotion.identity_code} is of no promote in the journal"


def _unresolved_calls(brief: BriefView, journal: Journal) -> Iterator[str]:
    states = {promotion.subject: promotion.state for promotion in brief.promotions}
    promotes = [*journal.of(Endpoint.PROMOTE), *journal.of(IMPORT)]
    settled = {_draft(call) for call in promotes if not call.unresolved}
    resent = journal.said("resend")
    for call in journal.calls:
        kind, subject = call.intended["call"], call.intended["subject"]
        if not call.unresolved:
            continue
        if kind in (Endpoint.PROMOTE, IMPORT):
            if states.get(subject) in _PROMOTE_UNRESOLVED or _draft(call) in settled:
                continue
        else:
            if brief.state in (_CREATE_UNRESOLVED if kind == Endpoint.CREATE else _EXTRACT_UNRESOLVED):
                continue
            if resent > 0:
                resent -= 1
                continue
        yield f"the outcome of a {kind} of {subject} is not on record, and nothing looks for it"


def _draft(call: Call) -> object:
    """Return what a call makes an identity of: a draft, or the portrait of its brief."""
    return call.intended.get("image_result_id", call.intended.get("filename"))


def faults_by_api(audited: Audited, api: "PiktID", identities: frozenset[str]) -> Iterator[str]:
    """Return where the API differs from the ledger; `identities` are those that it lists. Raises ApiError."""
    brief = audited.brief
    if brief is None:
        return
    if brief.job_id is not None:
        try:
            results = api.job_results(brief.job_id)
        except NotFoundError:
            yield f"the API does not know its job {brief.job_id}"
        else:
            used, ours = results.credits_used, brief.credits_of_drafts
            if brief.drafts and used is not None and used != ours:
                yield f"its job {brief.job_id} used {used:g} credits, on record are {ours or 0:g}"
    for promotion in brief.promotions:
        if promotion.state == "ready" and promotion.identity_code not in identities:
            yield f"the API does not list its identity {promotion.identity_code}: was it deleted?"
