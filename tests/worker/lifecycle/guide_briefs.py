"""Instructions of one face, and what the API and the events tell of them."""

from typing import Any

from own_account import Api
from stepping import Flow
from support import events

FACE: dict[str, Any] = {"hair": {"color": "red"}, "num_variations": 1}


def face(**fields: Any) -> dict[str, Any]:
    """An instruction of one variation with these fields set."""
    return {**FACE, **fields}


def told(flow: Flow, type_: str) -> dict[str, Any]:
    """What the one event of a type says."""
    (data,) = (event["data"] for event in events(flow.client) if event["type"] == type_)
    return dict(data)


def drafts(api: Api, number: int = 0) -> list[dict[str, Any]]:
    """The drafts of one of the account's creation jobs, in order."""
    jobs = [job for job in api.ledger()["jobs"] if job["job_type"] == "identity_creation"]
    return list(jobs[number]["drafts"])


def promoted(api: Api) -> list[int]:
    """The drafts that were promoted, in order."""
    return [each["image_result_id"] for each in api.ledger()["promotions"]]
