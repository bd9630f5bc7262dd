"""A deliverer that is killed at any of its calls, of Redis or an endpoint, leaves what the next one ends.

The calls of an undisturbed run are written down; then a fork of this process is killed, by SIGKILL, before
and after each of those that hand on, claim, send and note.
"""

import asyncio
import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

from delivering import add, delivering, private, sent, standing, until_sent
from stepping import Flow
from support import events

from actors.deliverer.deliverer import Deliverer
from config import keys
from tests.chaos.harness.points import Point, Recorder, is_killed, watch
from tests.worker.hooks.receivers import receiving

ROLE = "deliverer"
#: What is killed at: the rest is done again by whoever comes next, and changes nothing.
CALLS = ("hook_fan", "hook_turn", "POST")
ALL = (*CALLS, "XREAD", "HMGET+HGETALL", "hooks_due")


def live(flow: Flow, log: Path | None, point: Point | None) -> bool:
    """Run a deliverer as a fork until nothing waits; return whether it was killed."""

    def run() -> None:
        watch(Recorder(log, point))
        asyncio.run(deliver(flow))

    return is_killed(run)


async def deliver(flow: Flow) -> None:
    url = flow.settings.redis_url
    assert url is not None
    running = asyncio.create_task(Deliverer(private(flow), url.get_secret_value()).run())
    while not running.done() and not sent(flow):
        await asyncio.sleep(0.002)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def begin_anew(flow: Flow) -> None:
    """Let everything be as if nothing had been handed on yet."""
    flow.client.hset(keys.HOOKS_AT(), "cursor", "0-0")
    flow.client.delete(*(key("shop") for key in (keys.HOOK, keys.HOOK_DUE, keys.HOOK_WAITING, keys.HOOK_LOG)))


def end_claims(flow: Flow) -> None:
    """Let the claims of a dead deliverer end, which they do by themselves after a minute."""
    for brief in flow.client.zrange(keys.HOOK_DUE("shop"), 0, -1):
        flow.client.zadd(keys.HOOK_DUE("shop"), {str(brief): 1})


def test_killed_anywhere_each_event_comes_and_in_its_order(flow: Flow, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    with receiving() as receiver:
        add(flow, receiver)
        flow.accept(brief_id="a", choose="manual")
        flow.client.xadd(keys.EVENTS(), {"event": _second(flow)})
        expected = [event["id"] for event in events(flow.client)]
        assert not live(flow, log, None)
        assert receiver.ids() == expected
        wanted = ALL if os.environ.get("IDENTITY_WORKER_TEST_KILLS") == "all" else CALLS
        calls = Counter(call for call in log.read_text().splitlines() if call.startswith(wanted))
        assert {call.split()[0] for call in calls} >= set(CALLS)
        killed: Counter[str] = Counter()
        for call, times in calls.items():
            for point in [Point(ROLE, call, n + 1, after) for n in range(times) for after in (False, True)]:
                begin_anew(flow)
                receiver.deliveries.clear()
                killed[call] += live(flow, None, point)
                end_claims(flow)
                with delivering(flow):
                    until_sent(flow)
                came = receiver.ids()
                assert came == sorted(came, key=expected.index), point
                assert set(came) == set(expected), point
                assert len(came) <= len(expected) + 1, point
                assert standing(flow).taken == len(expected), point
    # How often a deliverer looks depends on when the answers come.
    assert all(killed[call] >= times for call, times in calls.items() if call.startswith("POST"))
    assert set(killed) == set(calls)


def _second(flow: Flow) -> str:
    """The text of a further event of the brief."""
    [(_, fields)] = flow.client.xrange(keys.EVENTS())
    return str(fields["event"]).replace('"id":"a/1"', '"id":"a/2"')
