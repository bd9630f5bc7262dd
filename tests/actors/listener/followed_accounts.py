"""Accounts that a listener follows: their streams and events at the API, and briefs that wait for one."""

from own_account import Api
from stepping import Flow

from config import keys


def streams(api: Api) -> int:
    """How many streams the account has open at the API."""
    count: int = api.ledger()["open_streams"]
    return count


def pending(api: Api) -> list[str]:
    """The ids of the events that the API would replay, oldest first."""
    return [str(event["id"]) for event in api.ledger()["pending_notifications"]]


def submit(flow: Flow, brief_id: str = "b") -> None:
    """Take a brief to where its job is over, but nobody has heard of it."""
    flow.accept(brief_id=brief_id)
    flow.steps.run()
    flow.api.rest()


def no_timers(flow: Flow) -> None:
    """Only an event can set a step off from now on."""
    flow.client.delete(keys.TIMERS())
