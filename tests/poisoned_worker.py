"""A worker that some steps break, for Dramatiq's command: `dramatiq poisoned_worker`.

POISON names the step that kills its process, by its subject and the state it is run in: `brief:b generating`.
BROKEN names the subjects whose steps raise, blank-separated.
"""

import os
import signal

from actors import path
from worker.ledger.handed import Handed
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record

broker = path.broker
_claim_step = Ledger.claim_step


def _break(ledger: Ledger, subject: str, handed: Handed | None = None) -> Record | None:
    if subject in os.environ.get("BROKEN", "").split():
        raise ValueError("a bug of ours")
    record = _claim_step(ledger, subject, handed)
    if record is not None and f"{subject} {record.state}" == os.environ.get("POISON"):
        os.kill(os.getpid(), signal.SIGKILL)
    return record


Ledger.claim_step = _break  # type: ignore[method-assign]  # what the processes of this test are for
