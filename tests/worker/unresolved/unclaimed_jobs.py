"""A create of unknown outcome and a job that fits it, with the moments of both."""

from config import durations
from worker.piktid.answers import RunState
from worker.unresolved.matching import (
    UnclaimedJob,
    UnresolvedCreate,
)

#: The call of every create here began then and ended a second later, ms.
BEGAN = 1_000_000_000
ENDED = BEGAN + 1_000
OVER = ENDED + round(durations.JOB_PATIENCE_SECONDS * 1000)

CREATION = "identity_creation"
CREATE = UnresolvedCreate(
    "brief:a",
    1,
    BEGAN,
    ENDED,
    over_at=OVER,
    end_known=True,
    fingerprint="f",
    job_type=CREATION,
    variations=(2, 1),
)
JOB = UnclaimedJob("j", BEGAN + 9_000, CREATION, RunState.COMPLETED, (2, 1), 3, ENDED, BEGAN + 9_500)
