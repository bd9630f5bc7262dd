"""When the pasts of many accounts are unknown: none is looked at too early, and not all of them at once."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from stepping import Flow

from actors.runtime import runtime
from config import keys
from worker.ledger import commands
from worker.unresolved.past import forget

NAMES = [f"account-{number}" for number in range(300)]
#: Ms between two accounts, in the mean (`worker/ledger/lua/lib/accounts/history.lua`).
APART = 20


@pytest.fixture
def forgotten(flow: Flow) -> Iterator[Flow]:
    """Return a flow of many accounts of which nobody knows what they have bought, and each is told so."""
    client = flow.client
    client.sadd(keys.ACCOUNTS(), *NAMES)
    flow.functions.run(forget(None, "test", "a test"))
    while client.exists(keys.FORGETTING()) or any(wait < 0 for wait in waits(flow)):
        flow.functions.run(commands.due(100))
    yield flow
    client.zrem(keys.TIMERS(), *[f"past:{name}" for name in NAMES])
    client.delete(*[keys.RECORD(f"account:{name}") for name in NAMES])


def waits(flow: Flow) -> list[float]:
    """Return for how many ms a look back waits from when the first one may begin, the shortest first."""
    forgot_at, rt = flow.client.hget(keys.HISTORY(), "forgot_at"), runtime()
    first = int(str(forgot_at)) + rt.paid_call_ms + rt.unresolved_ms
    timers: Any = flow.client.zrange(keys.TIMERS(), 0, -1, withscores=True)
    return [when - first for subject, when in timers if subject.startswith("past:account-")]


def test_no_step_is_sent_before_it_could_do_anything(forgotten: Flow) -> None:
    assert len(waits(forgotten)) == len(NAMES)
    assert min(waits(forgotten)) >= 0
    assert forgotten.client.llen(keys.QUEUE(keys.STEPS)) == 0


def test_the_accounts_come_one_after_the_other(forgotten: Flow) -> None:
    found = waits(forgotten)
    assert 0.9 * len(NAMES) * APART < max(found) - min(found) < 1.2 * len(NAMES) * APART
    assert max(later - earlier for earlier, later in pairwise(found)) < 20 * APART
