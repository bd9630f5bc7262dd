"""How it is told what became of a message: an outage is no error of its actor, a moved account no fault."""

from types import SimpleNamespace
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq.worker import Worker, WorkerThread
from queue_contents import taken
from stepping import step
from structlog.testing import capture_logs

from actors.broker.broker import Broker
from config import keys

GONE = redis.ResponseError("GONE account shop lives in another shard by now")
LATER = "message.given_back"


@pytest.mark.parametrize(
    ("error", "events"),
    [
        (GONE, [("info", "message.account_moved")]),
        (redis.ConnectionError("gone"), [("warning", LATER)]),
        (redis.ResponseError("OOM command not allowed"), [("warning", LATER)]),
        (redis.ResponseError("WRONGTYPE Operation against a key"), []),
        (ValueError("a fault of ours"), []),
    ],
)
def test_an_outage_is_told_in_a_line_a_fault_with_traceback(
    ours: Broker, caplog: pytest.LogCaptureFixture, error: Exception, events: list[tuple[str, str]]
) -> None:
    def fail(_subject: str) -> None:
        raise error

    dramatiq.actor(fail, broker=ours, queue_name=keys.STEPS, actor_name="submit_brief")
    ours.emit_before("worker_boot", Worker(ours, worker_threads=1))
    ours.enqueue(step("submit_brief", "brief:b"))
    message = taken(ours.consume(keys.STEPS))
    consumers: Any = {keys.STEPS: SimpleNamespace(post_process_message=lambda _: None)}
    queue: Any = SimpleNamespace(task_done=lambda: None)
    thread = WorkerThread(broker=ours, consumers=consumers, work_queue=queue, worker_timeout=1)
    with capture_logs() as logged:
        thread.process_message(message)
    ours_told = [
        (line["log_level"], line["event"]) for line in logged if line["event"].startswith("message.")
    ]
    assert ours_told == events
    unhandled = [each for each in caplog.records if "unhandled exception" in each.getMessage()]
    assert len(unhandled) == (not events)
