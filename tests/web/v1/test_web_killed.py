"""A `web` that is killed while it takes a brief: it is counted once, and sent when it is repeated."""

import json
import socket
import sys
from contextlib import suppress

import httpx
import pytest
from processes import ProcessFactory, free_port
from stepping import Flow
from support import DEADLINE, event_types, eventually
from v1.conftest import Callers

from config import keys
from tests.chaos.harness.points import CRASH_POINT

BRIEF = {"brief_id": "order-7", "instructions": [{"prompt": "a sailor"}]}
COUNTED, SENT = "count_in order-7", "MULTI+HSET+RPUSH+EXEC dramatiq:briefs.msgs"


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def spent(flow: Flow) -> list[float]:
    days = flow.client.scan_iter(keys.CALLER_CREDITS("shop", "*"))
    return [float(flow.client.get(day) or 0) for day in days]


@pytest.mark.parametrize(("call", "queued"), [(COUNTED, 0), (SENT, 1)])
def test_what_was_counted_is_counted_once_and_sent_when_it_is_repeated(
    callers: Callers, flow: Flow, start: ProcessFactory, call: str, queued: int
) -> None:
    token, port = callers.token("shop", credits_a_day=75.0), free_port()
    headers = {"Authorization": f"Bearer {token}"}
    program = [sys.executable, "-m", "tests.chaos.programs.quick", "web", "--port", str(port)]
    killed = start("web", program, **{CRASH_POINT: json.dumps(["web", call, 1, True])})
    eventually(flow.client, lambda: listens(port))
    with pytest.raises(httpx.TransportError):
        httpx.post(f"http://127.0.0.1:{port}/v1/briefs", json=BRIEF, headers=headers, timeout=60)
    assert killed.process.wait(DEADLINE) == -9
    assert flow.client.llen(keys.QUEUE(keys.INLET)) == queued
    again = callers.bare(**headers)
    assert [again.post("/briefs", json=BRIEF).status_code for _ in range(2)] == [202, 202]
    assert spent(flow) == [50.0]
    assert again.post("/briefs", json=BRIEF | {"brief_id": "order-8"}).status_code == 429
    for _ in range(queued + 2):
        flow.steps.run(keys.INLET)
    assert event_types(flow.client, "order-7") == ["identity.brief.accepted"]
    assert again.post("/briefs", json=BRIEF).status_code == 200
