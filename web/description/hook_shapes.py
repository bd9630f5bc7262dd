"""What `/v1/hooks` is sent and answers: endpoints of webhooks, and what was sent to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from web.description.operation import LONGEST_WHY
from worker.hooks.endpoints import NAME
from worker.ledger.told import Part
from worker.operations.halts import Halt

_MOST = 100
_WHY = Field(None, description="the reason, for the log of actions", max_length=LONGEST_WHY)


class NewHook(Part):
    """An endpoint, as it is to be told of events. Its secret is made here."""

    url: str = Field(description="where it is: https, at a public address", max_length=2_000)
    name: str | None = Field(
        None, description="1 to 64 of A-Z a-z 0-9 . _ -; else its host", pattern=f"^{NAME.pattern}$"
    )
    types: Sequence[str] = Field(
        (), description="types of events, as identity.brief.*; none: all", max_length=_MOST
    )
    batches: Sequence[str] = Field((), description="of these batches alone", max_length=_MOST)
    accounts: Sequence[str] = Field((), description="of these accounts alone", max_length=_MOST)
    why: str | None = _WHY


class HookChange(Part):
    """What is to change of an endpoint; what is left out stays."""

    url: str | None = Field(None, description="where it is", max_length=2_000)
    types: Sequence[str] | None = Field(None, description="types of events; none: all", max_length=_MOST)
    batches: Sequence[str] | None = Field(None, description="of these batches alone", max_length=_MOST)
    accounts: Sequence[str] | None = Field(None, description="of these accounts alone", max_length=_MOST)
    why: str | None = _WHY


class NewSecret(Part):
    """For how long the secret before signs beside the new one."""

    overlap: str | None = Field(None, description="a length of time, as 12h; else 1d", max_length=100)
    why: str | None = _WHY


class Resend(Part):
    """Which events are sent again: told in one way."""

    since: str | None = Field(None, description="from an entry, an age (2h) or a date on", max_length=100)
    brief: str | None = Field(None, description="those of a brief", max_length=200)
    failed: bool = Field(False, description="those that were given up", strict=True)
    why: str | None = _WHY


class Reason(Part):
    """Why something is done."""

    why: str | None = _WHY


@dataclass(frozen=True)
class Hook:
    """An endpoint, and how it fares. Times are ms since 1970."""

    name: str
    url: str
    types: list[str]
    """None named: all."""
    batches: list[str]
    accounts: list[str]
    secret_env: str | None
    """The variable that holds its secret."""
    secret_file: str | None
    """The file that holds its secret; neither: it was made here."""
    since: str
    """The entry of the stream after which events are for it."""
    waiting: int
    """Events that it is to be sent."""
    taken: int
    taken_at: int | None
    given_up: int
    lost: int
    """Events that the stream had no more when it was to be sent them."""
    failing_since: int | None
    error: str | None
    paused: Halt | None


@dataclass(frozen=True)
class Hooks:
    """A page of endpoints, by name."""

    endpoints: list[Hook]
    after: str | None
    """The place to go on from; None: there is nothing after."""


@dataclass(frozen=True)
class MadeSecret:
    """A secret, told this once."""

    endpoint: str
    secret: str


@dataclass(frozen=True)
class HookDone:
    """What was done to an endpoint."""

    endpoint: str
    did: Literal["change", "remove", "pause", "unpause"]
    before: Halt | None
    """The pause that it had."""


@dataclass(frozen=True)
class Resent:
    """How many events are sent again."""

    endpoint: str
    events: int


@dataclass(frozen=True)
class Delivery:
    """A message to an endpoint, and what came of it."""

    at: int
    """When it was, in ms since 1970."""
    entry: str
    """The event's place in the stream."""
    id: str
    type: str
    brief: str
    """Of which brief the event is; of none, what it is about."""
    outcome: str
    """`taken`, `failed`, `given_up`."""
    status: int | None
    error: str | None
    ms: int
    """How long it took."""


@dataclass(frozen=True)
class Deliveries:
    """A page of deliveries, the last first."""

    deliveries: list[Delivery]
    after: str | None
    """The place to go on from; None: there is nothing after."""


#: What a delivery tells under names that no field of Python may have.
DELIVERY_ADDED: dict[str, Any] = {"try": {"type": "integer", "description": "The number of the try, from 1."}}
