"""Between a claim and its paid call: who was frozen there is fenced off, who lost an answer goes on."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_account import CREATE, PROMOTE
from processes import ProcessFactory, RunningProcess, dramatiq_command
from stepping import Flow, enqueue
from support import DEADLINE, eventually

from config import keys
from sandbox.pictures.draw import draw
from tests.chaos.harness.cutting import cutting
from worker.operations.operator import Operator
from worker.views import snapshots

EXTRACT = "/preset/extract-from-image"
HOUR = 3_600.0
#: Seconds after a claim in which the call of these workers may be sent.
SENDS_WITHIN = 0.5


class Frozen:
    """A worker that has stopped between a claim and its call."""

    def __init__(self, flow: Flow, worker: RunningProcess, pid: int) -> None:
        self._flow, self._worker, self._pid = flow, worker, pid
        self._fenced = time.monotonic() + SENDS_WITHIN

    def wake(self) -> None:
        """Let it go on, later than its call may be sent, and wait until its step has ended."""
        client = self._flow.client
        eventually(client, lambda: time.monotonic() > self._fenced)
        os.kill(self._pid, signal.SIGCONT)
        eventually(client, lambda: "too late to be sent" in self._worker.written())
        eventually(client, lambda: not client.exists(keys.MESSAGES(keys.STEPS)))


@pytest.fixture
def freeze(flow: Flow, start: ProcessFactory, tmp_path: Path) -> Callable[[str], Frozen]:
    """What starts a worker, and returns once it has frozen at a claim."""
    flow.api.lose_events()  # by webhook a brief would go on while its worker is frozen
    command = dramatiq_command("frozen_worker", threads=1)
    file = tmp_path / "frozen"

    def run(claim: str) -> Frozen:
        more = {"FREEZE": claim, "FROZEN": str(file), "SENDS_WITHIN": str(SENDS_WITHIN)}
        worker = start("worker", command, **more)
        return Frozen(flow, worker, int(eventually(flow.client, lambda: file.exists() and file.read_text())))

    return run


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return the environment of processes that may read a photo."""
    (tmp_path / "ada.jpg").write_bytes(
        draw({"options": {"size": "1K", "ar": "1:1", "format": "jpg"}}, "s", 0)
    )
    return environment | {"IDENTITY_WORKER_REFERENCE_DIR": str(tmp_path)}


def resend(flow: Flow) -> None:
    Operator(flow.client, flow.settings, "the test").resend(flow.brief("b"))


def test_a_create_sent_again_meanwhile_is_not_sent_by_who_wakes(
    flow: Flow, freeze: Callable[[str], Frozen]
) -> None:
    flow.accept(brief_id="b")
    frozen = freeze("brief:b submitting")
    flow.grow_older("brief:b", HOUR)
    flow.until("b", "uncertain")
    resend(flow)
    job = flow.until("b", "generating").get("job_id")
    frozen.wake()
    assert flow.api.requests(f"POST {CREATE}") == 1
    assert flow.brief("b").get("job_id") == job
    eventually(flow.client, lambda: last(flow) == ("create", "NotSent", True))


def test_a_create_nobody_took_over_goes_on_when_its_claimer_wakes(
    flow: Flow, freeze: Callable[[str], Frozen]
) -> None:
    flow.accept(brief_id="b")
    freeze("brief:b submitting").wake()
    flow.end_pauses()
    eventually(flow.client, lambda: flow.brief("b").get("job_id"))
    assert flow.calls("b")[:4] == ["create intended", "create NotSent", "create intended", "create accepted"]
    assert flow.api.requests(f"POST {CREATE}") == 1


def test_a_promote_made_again_meanwhile_is_not_sent_by_who_wakes(
    flow: Flow, freeze: Callable[[str], Frozen]
) -> None:
    flow.accept(brief_id="b")
    flow.until("b", "generating")
    flow.api.rest()
    flow.wake_timer("brief:b")
    flow.until("b", "promoting")
    frozen = freeze("promotion:b#0 promoting")
    flow.grow_older("promotion:b#0", HOUR)
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    frozen.wake()
    assert flow.api.requests(f"POST {PROMOTE}") == 1
    eventually(flow.client, lambda: last(flow) == ("promote", "NotSent", True))


def test_a_description_made_again_meanwhile_is_not_made_by_who_wakes(
    flow: Flow, freeze: Callable[[str], Frozen]
) -> None:
    flow.accept(brief_id="b", instructions=None, reference_image="ada.jpg")
    frozen = freeze("brief:b extract")
    flow.client.hincrby(keys.RECORD("brief:b"), "noted_at", -round(HOUR * 1000))
    flow.wake_timer("brief:b")
    flow.until("b", "held")
    resend(flow)
    flow.until("b", "generating")
    frozen.wake()
    assert flow.api.requests(f"POST {EXTRACT}") == 1
    eventually(flow.client, lambda: last(flow) == ("extract", "NotSent", True))


@pytest.mark.parametrize("claim", ['"doing":"extract"', '"to":"submitting"', '"to":"promoting"'])
def test_a_claim_whose_answer_was_lost_is_followed_by_its_call(
    heard: Flow, worker_process: ProcessFactory, redis_url: str, claim: str
) -> None:
    with cutting(redis_url) as proxy:
        worker_process(REDIS_URL=proxy.url)
        # A server that does not know the functions yet has them loaded at the first request.
        enqueue(redis_url, brief_id="a", instructions=None, reference_image="ada.jpg")
        eventually(heard.client, lambda: state(heard, "a") == "done")
        proxy.cut_answer("FCALL", claim)
        enqueue(redis_url, brief_id="b", instructions=None, reference_image="ada.jpg")
        assert proxy.done.wait(DEADLINE)
        eventually(heard.client, lambda: state(heard, "b") == "done")
    journal = [call for call in heard.calls("b") if call != "create charged"]
    paid = ("extract", "create", "promote")
    assert journal == [f"{call} {what}" for call in paid for what in ("intended", "accepted")]
    assert not any(entry.get("late") for entry in snapshots.journal(heard.client, "b"))


def state(flow: Flow, brief_id: str) -> str | None:
    found = flow.ledger.read(f"brief:{brief_id}")
    return found.state if found else None


def last(flow: Flow) -> tuple[Any, ...]:
    """Return the last entry of the journal: the call, what came of it, and whether that came too late."""
    entry = snapshots.journal(flow.client, "b")[-1]
    return entry["call"], entry["what"], entry.get("late")
