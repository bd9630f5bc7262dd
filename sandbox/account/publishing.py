"""Events: kept for the backfill, brought to the open streams."""

import time
from typing import Any

from sandbox.account.account import Account, Notification
from sandbox.world import World


def publish(
    world: World, account: Account, name: str, data: dict[str, Any], *, foreign: bool = False
) -> Notification:
    """Tell the account's clients that something happened."""
    now = world.clock.now()
    notification = Notification(world.new_notification_id(), name, data, time.time(), now, foreign)
    forget_old(account, now)
    account.notifications[notification.id] = notification
    world.hub.send(account.name, notification)
    return notification


def forget_old(account: Account, now: float) -> None:
    """Drop the events that no backfill would show any more."""
    start = now - account.settings.backfill_seconds
    old = []
    for notification in account.notifications.values():
        if notification.at >= start:
            break
        old.append(notification.id)
    for number in old:
        del account.notifications[number]
