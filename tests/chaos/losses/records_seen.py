"""The state of a record as anybody sees it."""

from worker.ledger.ledger import Ledger


def state(ledger: Ledger, subject: str) -> str | None:
    found = ledger.read(subject)
    return found.state if found else None
