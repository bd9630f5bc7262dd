"""A worker that is frozen between its claim of a paid call and the call: `dramatiq frozen_worker`.

FREEZE names the record and what is claimed, as `brief:b submitting`. Right after that claim is on record,
once, the process writes its id to the file FROZEN and stops, until somebody lets it go on. SENDS_WITHIN are
the seconds after that claim in which its call may be sent.
"""

import os
import signal
import threading
from pathlib import Path
from typing import Any

from actors import path
from actors.runtime import Runtime
from config.times import monotonic
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record
from worker.ledger.transition import Change, Transition
from worker.store.functions import Command

broker = path.broker
_change, _usual = Ledger._change, Runtime.send_by


def _claim(ledger: Ledger, command: Command[Any], record: Record, change: Change) -> Any:
    answer = _change(ledger, command, record, change)
    claimed = change.to if isinstance(change, Transition) else change.fields.get("doing")
    frozen = Path(os.environ["FROZEN"])
    if f"{record.subject} {claimed}" == os.environ["FREEZE"] and not frozen.exists():
        frozen.write_text(str(os.getpid()))
        # To this thread: if another took the signal, this one would run on for a moment.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    return answer


def _send_by(rt: Runtime) -> float:
    """The time is short for the call that the process freezes before: a later one must not come too late."""
    frozen = Path(os.environ["FROZEN"]).exists()
    return _usual(rt) if frozen else monotonic() + float(os.environ["SENDS_WITHIN"])


Ledger._change = _claim  # type: ignore[method-assign]  # what the processes of this test are for
Runtime.send_by = _send_by  # type: ignore[method-assign]
