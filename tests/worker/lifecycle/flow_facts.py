"""What the API and the ledger say of a flow: what was promoted, charged, reserved and held up."""

from typing import Any

from stepping import Flow

from config import keys

THROTTLED = {
    "rate": {"error": "Too many requests: rate limit exceeded."},
    "jobs": {"error": "Maximum concurrent jobs reached."},
    "slots": {"error": "Maximum identities reached."},
    "unclear": {"error": "Slow down."},
}

#: What a pause says where a web page answers in place of the API.
REMEDY = "set PIKTID_API_URL right"


def throttled(endpoint: str) -> list[tuple[int, dict[str, Any], str]]:
    """The kinds of 429 with what each holds up; an unclear one with room in our window is about jobs."""
    holds_up = {"rate": endpoint, "slots": endpoint, "jobs": "working", "unclear": "working"}
    return [(429, body, holds_up[kind]) for kind, body in THROTTLED.items()]


def held_up(flow: Flow) -> dict[str, str]:
    """What of the account was held up and why; `working` is the account's own limit of jobs, lowered."""
    working = flow.client.hget(keys.RECORD("account:default"), "working")
    return flow.pauses() if working is None else {"working": str(working)}


def slots(flow: Flow) -> tuple[int, int]:
    """Reserved slots, and identities in the library."""
    return flow.client.hlen(keys.SLOTS("default")), flow.client.zcard(keys.IDENTITIES("default"))


def charged(flow: Flow) -> dict[str, float]:
    """The credits that the API took, by what for."""
    taken: dict[str, float] = flow.api.ledger()["credits"]["charged"]
    return taken


def promoted(flow: Flow) -> list[int]:
    """The drafts that the API was asked to promote and did, in order."""
    return [each["image_result_id"] for each in flow.api.ledger()["promotions"]]


def draft_ids(flow: Flow) -> list[int]:
    """The drafts of the account's newest creation job."""
    jobs = [job for job in flow.api.ledger()["jobs"] if job["job_type"] == "identity_creation"]
    return [draft["image_result_id"] for draft in jobs[-1]["drafts"]]
