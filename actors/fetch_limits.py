"""Bounds how many fetches from URLs, and choosers, run at once; a brief that must wait is woken later."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from actors import call_numbers
from actors.runtime import Runtime
from config import durations, logs
from worker.briefs.names import is_url
from worker.files.fetch_limiter import FetchLimiter, host_of
from worker.ledger.records import Record
from worker.ledger.transition import Answer, Note

log = logs.get("preparation")


@contextmanager
def may_fetch(rt: Runtime, brief: Record, source: str) -> Iterator[bool]:
    """Yield whether the picture at a source may be read now; a file in the reference folder always may."""
    if not is_url(source):
        yield True
        return
    with _among_few(rt, rt.fetches, brief, host_of(source)) as allowed:
        yield allowed


@contextmanager
def may_choose(rt: Runtime, brief: Record) -> Iterator[bool]:
    """Yield whether a chooser may look at a brief's drafts now: each keeps a processor busy."""
    with _among_few(rt, rt.choosers, brief, brief.brief_id) as allowed:
        yield allowed


@contextmanager
def _among_few(rt: Runtime, limiter: FetchLimiter, brief: Record, host: str) -> Iterator[bool]:
    if not limiter.acquire(brief.subject, host):
        log.info("fetch.waits" if limiter is rt.fetches else "chooser.waits", brief=brief.brief_id, host=host)
        rt.ledger.note(brief, Note(when=call_numbers.as_read(brief), timer_ms=durations.FETCH_LOOK_MS))
        yield False
        return
    try:
        yield True
    finally:
        limiter.release(brief.subject)
        _wake_next(rt, limiter)


def _wake_next(rt: Runtime, limiter: FetchLimiter) -> None:
    """Wake the waiting briefs that may begin now."""
    try:
        while (subject := limiter.call_next()) is not None:
            if not (rt.ledger.recall(subject) if limiter is rt.choosers else _wake(rt, subject)):
                limiter.release(subject)
    except redis.RedisError as error:
        log.warning("fetch.nobody_called", error=str(error))  # their timers are left


def _wake(rt: Runtime, subject: str) -> bool:
    """Send a brief's step, unless another run has gone on with it."""
    brief = rt.ledger.read(subject)
    if brief is None or brief.state != "preparing" or brief.get("doing") is not None:
        return False
    return rt.ledger.note(brief, Note(when=call_numbers.as_read(brief), again=True)) is Answer.APPLIED
