"""Whose turn it is to fetch a picture from a URL; whoever must wait is put back, and woken when it is."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from actors import call_numbers
from actors.runtime import Runtime
from config import durations, logs
from worker.briefs.sources import is_url
from worker.files.fetch_queue import host_of
from worker.ledger.records import Record
from worker.ledger.transition import Answer, Note

log = logs.get("preparation")


@contextmanager
def turn(rt: Runtime, brief: Record, place: str) -> Iterator[bool]:
    """Yield whether the picture at a place may be read now; a file of the installation's own always may."""
    if not is_url(place):
        yield True
        return
    host = host_of(place)
    if not rt.fetches.take(brief.subject, host):
        log.info("fetch.waits", brief=brief.brief_id, host=host)
        rt.ledger.note(brief, Note(when=call_numbers.as_read(brief), timer_ms=durations.FETCH_LOOK_MS))
        yield False
        return
    try:
        yield True
    finally:
        rt.fetches.give_back(brief.subject)
        _call(rt)


def _call(rt: Runtime) -> None:
    """Wake those in line for whom there is a place now."""
    try:
        while (subject := rt.fetches.call()) is not None:
            if not _wake(rt, subject):
                rt.fetches.give_back(subject)
    except redis.RedisError as error:
        log.warning("fetch.nobody_called", error=str(error))  # their timers are left


def _wake(rt: Runtime, subject: str) -> bool:
    """Send a brief's step, unless it has gone on elsewhere."""
    brief = rt.ledger.read(subject)
    if brief is None or brief.state != "preparing" or brief.get("doing") is not None:
        return False
    return rt.ledger.note(brief, Note(when=call_numbers.as_read(brief), again=True)) is Answer.APPLIED
