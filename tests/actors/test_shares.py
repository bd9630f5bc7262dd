"""An account whose API hangs takes no more of a worker's threads than others leave."""

from pathlib import Path

import pytest
import redis
from own_account import CREATE, Api
from processes import ProcessFactory
from stepping import Flow, enqueue
from support import eventually

from actors.process.shares import AccountShares, release
from actors.runtime import runtime
from config import keys
from config.accounts.names import DEFAULT
from worker.ledger.records import brief_subject

THREADS = 8


def begun(shares: AccountShares, account: str, threads: range) -> int:
    """How many steps of an account begin, of one for each of these threads."""
    return sum(shares.acquire(thread, account, f"{account}-{thread}") for thread in threads)


def test_an_account_has_at_most_half_of_the_threads() -> None:
    assert begun(AccountShares(THREADS), "a", range(THREADS)) == THREADS // 2


def test_two_that_hang_leave_a_third_of_the_threads() -> None:
    shares = AccountShares(9)
    for thread in range(9):
        shares.acquire(thread, "ab"[thread % 2], str(thread))
    assert begun(shares, "c", range(6, 9)) >= 1


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_worker_of_few_threads_runs_each_account(threads: int) -> None:
    shares = AccountShares(threads)
    assert shares.acquire(0, "a", "1")
    assert shares.acquire(1, "b", "2") == (threads > 1)


def test_where_nothing_is_shared_all_threads_are_taken() -> None:
    assert begun(AccountShares(), "a", range(THREADS)) == THREADS


def test_who_waits_is_called_in_order_when_there_is_room() -> None:
    shares = AccountShares(4)
    assert begun(shares, "a", range(2)) == 2
    assert not shares.acquire(2, "a", "first")
    assert not shares.acquire(2, "a", "second")
    assert not shares.acquire(2, "a", "first")
    assert shares.release(0) == "first"
    assert shares.acquire(0, "a", "first")
    assert shares.release(1) == "second"
    assert shares.release(1) is None, "it did nothing any more"


def test_a_thread_that_begins_anew_has_ended_what_it_did() -> None:
    shares = AccountShares(2)
    for _ in range(3):
        assert shares.acquire(0, "a", "1")
    assert shares.acquire(1, "b", "2")


def test_a_step_without_room_is_sent_again_when_there_is(flow: Flow) -> None:
    shares = runtime().shares
    shares.threads = 2
    assert shares.acquire(-1, DEFAULT, "brief:other")
    flow.accept(brief_id="b")
    assert flow.steps.run() == ("submit_brief", "brief:b")
    assert flow.brief("b").state == "waiting"
    release(shares, flow.ledger, -1)
    assert flow.steps.run() == ("submit_brief", "brief:b")
    assert flow.brief("b").state == "generating"


def test_whoever_has_nothing_to_run_leaves_its_turn_to_the_next(flow: Flow) -> None:
    shares = AccountShares(2)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert shares.acquire(0, DEFAULT, "brief:other")
    for subject in ("brief:gone", f"library:{DEFAULT}", "brief:b"):
        assert not shares.acquire(1, DEFAULT, subject)
    before = flow.client.llen(keys.QUEUE(keys.STEPS))
    release(shares, flow.ledger, 0)
    due = flow.client.zscore(keys.TIMERS(), f"library:{DEFAULT}")
    assert isinstance(due, float)
    assert due <= flow.ledger.now()
    assert flow.client.llen(keys.QUEUE(keys.STEPS)) == before
    assert shares.call() == "brief:b"
    flow.client.hset(keys.RECORD("brief:b"), "state", "cancelled")
    assert not flow.ledger.recall("brief:b")


def test_an_account_whose_api_hangs_leaves_threads_to_the_others(
    client: "redis.Redis", redis_url: str, api: Api, worker_process: ProcessFactory, tmp_path: Path
) -> None:
    tokens = {"hangs": api.token, "answers": f"{api.token}-2"}
    for name, token in tokens.items():
        (tmp_path / name).write_text(token)
    accounts = tmp_path / "accounts.toml"
    accounts.write_text("".join(f'[accounts.{name}]\ntoken_file = "{tmp_path / name}"\n' for name in tokens))
    api.hold(CREATE, count=4)
    worker = worker_process(ACCOUNTS_FILE=str(accounts), IDENTITY_WORKER_REQUEST_TIMEOUT="60")
    for number in range(4):
        enqueue(redis_url, brief_id=f"hangs-{number}", account="hangs")
    assert eventually(client, lambda: "step.waits_for_thread" in worker.written())
    enqueue(redis_url, brief_id="answers", account="answers")
    record = keys.RECORD(brief_subject("answers"))
    assert eventually(client, lambda: client.hget(record, "state") == "generating")
    worker.kill()
