"""Fetches pictures from URLs no faster than allowed; a brief that must wait is put back and woken later."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from actors import call_numbers
from actors.runtime import Runtime
from config import durations, logs
from worker.briefs.sources import is_url
from worker.files.fetch_limiter import host_of
from worker.ledger.records import Record
from worker.ledger.transition import Answer, Note

log = logs.get("preparation")


@contextmanager
def may_fetch(rt: Runtime, brief: Record, source: str) -> Iterator[bool]:
    """Yield whether the picture at a source may be read now; a file of the installation always may."""
    if not is_url(source):
        yield True
        return
    host = host_of(source)
    if not rt.fetches.acquire(brief.subject, host):
        log.info("fetch.waits", brief=brief.brief_id, host=host)
        rt.ledger.note(brief, Note(when=call_numbers.as_read(brief), timer_ms=durations.FETCH_LOOK_MS))
        yield False
        return
    try:
        yield True
    finally:
        rt.fetches.release(brief.subject)
        _wake_next(rt)


def _wake_next(rt: Runtime) -> None:
    """Wake the waiting briefs that may fetch now."""
    try:
        while (subject := rt.fetches.call_next()) is not None:
            if not _wake(rt, subject):
                rt.fetches.release(subject)
    except redis.RedisError as error:
        log.warning("fetch.nobody_called", error=str(error))  # their timers are left


def _wake(rt: Runtime, subject: str) -> bool:
    """Send a brief's step, unless another run has gone on with it."""
    brief = rt.ledger.read(subject)
    if brief is None or brief.state != "preparing" or brief.get("doing") is not None:
        return False
    return rt.ledger.note(brief, Note(when=call_numbers.as_read(brief), again=True)) is Answer.APPLIED
