"""What a 404 of the API means: too young to be known, or gone (piktid-v2.md 6.8, 6.22)."""

from actors.runtime import Runtime
from worker.ledger.records import Record
from worker.ledger.transition import Note


def is_gone(rt: Runtime, record: Record, seconds: float) -> bool:
    """Return whether the API has answered 404 for `seconds` of its time; record the first 404.

    What is taken for gone may have been paid for, and a single 404 may be a proxy's.
    """
    since = int(record.get("unknown_since") or 0)
    # A 404 that was noted in an earlier state was about another job.
    is_first = since < int(record.fields["moved_at"])
    if not is_first and record.read_at - since >= rt.settings.api_ms(seconds):
        return True
    fields = {"unknown_since": str(record.read_at)} if is_first else {}
    rt.ledger.note(record, Note(when=record.same_stay, fields=fields, timer_ms=rt.look_ms))
    return False


def found(rt: Runtime, record: Record) -> None:
    """Forget an earlier 404: the API knows it."""
    if record.get("unknown_since") is not None:
        rt.ledger.note(record, Note(when=record.same_stay, forget=["unknown_since"]))
