"""What the command `measure` tells of accounts (`worker/ledger/lua/reading/measure.lua`)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from config import keys
from worker.store.functions import Command

#: Accounts of one call: none may keep the server for longer than a few milliseconds.
MOST = 100


class Front(NamedTuple):
    """A record among the first of a waiting list."""

    endpoint: str
    ms: int
    """How long it waits; one that is granted: since it was."""
    lacks: Sequence[str]
    """`what` it lacks, as of `why`; `step` if it is granted and its step has not begun."""


@dataclass(frozen=True, slots=True)
class StreamMeasures:
    """How an account's event stream stands; None where it is not so, or was never."""

    opened: int
    broken: int
    stalled: int | None = None
    """1 where something holds it back."""
    connected_ms: int | None = None
    heard_ms: int | None = None
    unbroken_ms: int | None = None
    """For how long nothing was missed, up to the last sign of life."""


@dataclass(frozen=True, slots=True)
class AccountMeasures:
    """An account's numbers; a limit of 0 or None is none."""

    name: str
    jobs: int
    jobs_limit: int
    slots_used: int
    slots_reserved: int
    windows: Mapping[str, tuple[int, int]]
    pauses: Mapping[str, int]
    """By what is paused: the status of the API's answer, or 0."""
    waiting: Mapping[str, int]
    parked: int
    fronts: Sequence[Front]
    counts: Mapping[str, int]
    """`STATE:CAUSE` -> briefs."""
    spent: Mapping[str, float]
    """Credits by call."""
    working: int | None = None
    slots_limit: int | None = None
    halted: str | None = None
    credits: float | None = None
    """The balance, as the API said last."""
    budget: float | None = None
    budget_left: float | None = None
    token_ends_ms: int | None = None
    """Until its token ends; below 0: since."""
    leased: int | None = None
    """1 where a listener has its lease."""
    stream: StreamMeasures | None = None


def measure(accounts: Sequence[str]) -> Command[list[AccountMeasures]]:
    """Return the numbers of at least one account, and at most MOST."""
    return Command("measure", keys.ACCOUNTS(), _read, {"accounts": list(accounts)})


def _read(answer: Any) -> list[AccountMeasures]:
    return [_measures(**each) for each in json.loads(answer)]


def _measures(fronts: Any, stream: Any = None, **rest: Any) -> AccountMeasures:
    return AccountMeasures(
        # An empty table of Lua's is an object.
        fronts=[Front(endpoint, ms, lacks or ()) for endpoint, ms, lacks in fronts or ()],
        stream=StreamMeasures(**stream) if stream else None,
        **rest,
    )
