"""An endpoint of webhooks for which events wait."""

import json

from stepping import Flow

from config import keys
from worker.hooks.calls import Matched, hook_fan
from worker.hooks.endpoints import Endpoint
from worker.hooks.operating import Endpoints

SHOP = Endpoint("shop", "https://shop.test/hook")


def events_wait(flow: Flow, old_ms: int = 0) -> None:
    """Have one event wait for the endpoint, which was told of so long ago."""
    Endpoints(flow.client, flow.settings, "me").add(SHOP)
    brief_id = flow.accept()
    entry, _ = flow.client.xrange(keys.EVENTS())[0]
    flow.functions.run(hook_fan([Matched(str(entry), brief_id, [SHOP.name])]))
    if old_ms:
        row = {"events": [f"{flow.ledger.now() - old_ms}-0"]}
        flow.client.hset(keys.HOOK_WAITING(SHOP.name), brief_id, json.dumps(row))
