"""Events: kept for the backfill, brought to the open streams and to the webhook."""

import functools
import time
from typing import Any

from sandbox.account.account import Account, Notification
from sandbox.account.world import World


def publish(
    world: World, account: Account, name: str, data: dict[str, Any], *, foreign: bool = False
) -> None:
    """Tell the account's clients that something happened, unless a fault has its way with it."""
    now = world.clock.now()
    event = Notification(world.new_notification_id(), name, data, time.time(), now, foreign)
    take = functools.partial(world.faults.take, account=account.name, event=name)
    fault = take("event", ("lose",)) or take("stream", ("lose", "duplicate", "reorder"))
    kind = fault.kind if fault else None
    forget_old(account, now)
    if fault is None or kind != "lose" or fault.stored:
        account.notifications[event.id] = event
    if fault is not None and kind == "reorder":
        world.hub.hold(account.name, event, fault.seconds)
    elif kind != "lose":
        world.hub.send(account.name, event)
        if kind == "duplicate":
            world.hub.send(account.name, event)
    if fault is None or fault.place != "event":
        world.deliveries.send(account, event)


def forget_old(account: Account, now: float) -> None:
    """Drop the events that no backfill would show any more."""
    start = now - account.settings.backfill_seconds
    old = []
    for event in account.notifications.values():
        if event.at >= start:
            break
        old.append(event.id)
    for number in old:
        del account.notifications[number]
