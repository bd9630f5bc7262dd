"""Creates whose answer was lost, and the jobs that they may have made."""

from typing import Any

from own_account import CREATE
from stepping import Flow
from support import eventually

from worker.unresolved.streams import read_stream


def unknown(flow: Flow, kind: str, brief_id: str = "b", **fields: Any) -> None:
    """Take a brief to where its create's answer was lost (`drop_response`), or the request (`refuse`)."""
    flow.api.fault(kind, path=CREATE)
    flow.accept(brief_id=brief_id, **fields)
    flow.steps.until(lambda: flow.brief(brief_id).state == "uncertain")


ACCOUNT = "default"
#: Seconds after which a job is over for certain, at the speed of these tests.
OVER = 60.0


def jobs_made(flow: Flow) -> list[str]:
    """The ids of the account's creation jobs, in the order of their making."""
    return [job["job_id"] for job in flow.api.ledger()["jobs"] if job["job_type"] == "identity_creation"]


def told_before(flow: Flow) -> None:
    """Let the stream have told of a creation job of ours, as it has on any account in use."""
    flow.accept(brief_id="first")
    flow.finish("first")
    eventually(flow.client, lambda: read_stream(flow.client, ACCOUNT).told_at)


def grow_over(flow: Flow, brief_id: str = "b") -> None:
    """Let the time be over in which the create's job must have ended."""
    flow.grow_older(f"brief:{brief_id}", OVER)


def held(flow: Flow, brief_id: str = "b") -> str:
    """Wait until a brief is held; return its question."""
    return flow.until(brief_id, "held").fields["question"]
