"""A message to an endpoint of webhooks is a span of its event's trace, whatever the brief's metadata hold."""

import json

import pytest
from collector import Collector
from pydantic import SecretStr
from stepping import Flow
from support import brief

from config import keys
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from config.settings import Settings
from worker.hooks.calls import Done, Matched, hook_fan, hook_turn
from worker.hooks.endpoints import Endpoint
from worker.hooks.operating import Endpoints
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.traces.exporting import open_exporter
from worker.traces.telling import tell

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
SHOP = Endpoint("shop", "https://shop.test/hook")


def deliver(flow: Flow, brief_id: str) -> None:
    """Have the endpoint take the newest event."""
    ((entry, _),) = flow.client.xrevrange(keys.EVENTS(), count=1)
    flow.functions.run(hook_fan([Matched(str(entry), brief_id, [SHOP.name])]))
    (claimed,) = flow.functions.run(hook_turn(SHOP.name, [], 1, 1_000)).claimed
    line = json.dumps({"entry": claimed.entry, "status": 200})
    flow.functions.run(hook_turn(SHOP.name, [Done(brief_id, claimed.claim, "taken", line)], 0, 1_000))


@pytest.mark.parametrize("own", [f"00-{'a' * 32}-{'b' * 16}-01", "--"])
def test_a_delivery_is_of_its_events_trace_and_none_of_metadata(
    flow: Flow, collector: Collector, monkeypatch: pytest.MonkeyPatch, own: str
) -> None:
    Endpoints(flow.client, flow.settings, "me").add(SHOP)
    flow.accept(brief_id="traced", traceparent=PARENT, metadata={"traceparent": own})
    deliver(flow, "traced")
    monkeypatch.setenv("IDENTITY_WORKER_TRACES", "0")
    before = Settings()  # of a process that was started before traces were wanted
    accounts = {DEFAULT: Account(name=DEFAULT, token=SecretStr("sandbox-a"))}
    raw = brief(brief_id="untraced", metadata={"traceparent": own})
    acceptance.accept(Ledger(flow.client, before), accounts, before, acceptance.Message(raw, "m"))
    deliver(flow, "untraced")
    exporter = open_exporter()
    tell(flow.client, exporter, flow.settings)
    exporter.end()
    (span,) = collector.named("POST")
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, "00f067aa0ba902b7")
