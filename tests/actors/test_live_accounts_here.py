"""Accounts that change while workers and listeners run: added, removed, their tokens and limits replaced."""

from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from own_account import CREATE, Api
from processes import ProcessFactory
from pydantic import SecretStr
from stepping import Flow, enqueue
from support import eventually

from config import keys
from config.accounts.account import Account
from config.accounts.live import Change
from config.accounts.names import DEFAULT
from config.limits import Limits
from worker.network.pool import open_pool
from worker.operations import owners
from worker.piktid.client import PiktID
from worker.views import account_reading

BAD = "no-token-of-the-sandbox"


def account(flow: Flow, token: str | None = None, **limits: int) -> Account:
    return Account(name=DEFAULT, token=SecretStr(token or flow.api.token), limits=Limits(**limits))


@pytest.fixture
def change(flow: Flow) -> Callable[[Change], None]:
    """Return what changes the accounts of this process, as its watch does."""
    from actors.runtime import runtime

    def change(change: Change) -> None:
        runtime().here._take(change)
        runtime().here._settle()

    return change


def test_a_call_whose_token_was_replaced_is_made_once_more(api: Api) -> None:
    with open_pool() as pool:
        client = PiktID(pool, api.url, SecretStr(BAD), lambda: SecretStr(api.token))
        body = {"instructions": [{"prompt": "A face."}]}
        assert client.create(body).job_id
        assert client.me().credits is not None
    assert api.requests(f"POST {CREATE}") == 1


def test_a_pause_for_a_refused_token_ends_with_another_one(
    flow: Flow, change: Callable[[Change], None]
) -> None:
    flow.api.refuse(CREATE, 401)
    brief = flow.accept(brief_id="b")
    flow.steps.until(lambda: "401" in flow.pauses().get("pause", ""))
    # A day, so that nothing else ends it.
    flow.client.hincrby(keys.RECORD(f"account:{DEFAULT}"), "pause_until", 86_400_000)
    same = {DEFAULT: account(flow)}
    change(Change(same, limited=frozenset(same)))
    assert "pause" in flow.pauses()
    change(Change(same, renewed=frozenset(same)))
    assert "pause" not in flow.pauses()
    assert flow.until(brief, "generating").state == "generating"


def test_briefs_of_a_removed_account_wait_until_it_is_back(
    flow: Flow, change: Callable[[Change], None]
) -> None:
    brief = flow.accept(brief_id="b")
    change(Change({}, removed=frozenset({DEFAULT})))
    assert flow.steps.run() == ("submit_brief", "brief:b")
    assert "no process has a token of this account" in flow.pauses()["pause"]
    assert (flow.brief(brief).state, flow.calls(brief)) == ("waiting", [])
    assert flow.client.zcard(keys.PERMITS(DEFAULT)) == 0
    back = {DEFAULT: account(flow)}
    change(Change(back, added=frozenset(back)))
    assert "pause" not in flow.pauses()
    assert flow.until(brief, "generating").state == "generating"


@pytest.mark.parametrize("way", ["renewed", "removed and added"])
def test_the_next_process_starts_with_a_token_that_was_changed_while_running(
    flow: Flow, change: Callable[[Change], None], way: str
) -> None:
    owners.claim(flow.functions, {DEFAULT: account(flow)})
    flow.accept(brief_id="b")
    others = {DEFAULT: account(flow, "another")}
    with pytest.raises(owners.TakenError):
        owners.claim(flow.functions, others)
    if way == "renewed":
        change(Change(others, renewed=frozenset(others)))
    else:
        change(Change({}, removed=frozenset(others)))
        change(Change(others, added=frozenset(others)))
    owners.claim(flow.functions, others)


def test_new_limits_of_one_account_are_put_on_record_by_one_call(
    flow: Flow, change: Callable[[Change], None]
) -> None:
    flow.accept(brief_id="b")
    change(Change({DEFAULT: account(flow, jobs=3)}, limited=frozenset({DEFAULT})))
    assert account_reading.report(flow.client, DEFAULT).limits["jobs"] == 3
    token = flow.client.hget(keys.RECORD(f"account:{DEFAULT}"), "token")
    assert token is not None
    assert flow.api.token not in str(token)


def test_an_account_that_redis_has_lost_gets_its_limits_back(
    flow: Flow, change: Callable[[Change], None]
) -> None:
    flow.accept(brief_id="b")
    one = {DEFAULT: account(flow, jobs=1)}
    change(Change(one, limited=frozenset(one)))
    flow.client.flushdb()
    for brief_id in ("c", "d"):
        flow.accept(brief_id=brief_id)
    assert flow.client.zcard(keys.PERMITS(DEFAULT)) == 2, "by the default limits"
    change(Change(one))
    assert account_reading.report(flow.client, DEFAULT).limits["jobs"] == 1
    assert flow.client.hexists(keys.RECORD(f"account:{DEFAULT}"), "owner")
    assert flow.client.zrange(keys.PERMITS(DEFAULT), 0, -1) == ["brief:c"]
    assert flow.client.zscore(keys.TIMERS(), f"library:{DEFAULT}")
    flow.until("c", "generating")
    assert flow.brief("d").state == "waiting"


def test_a_worker_puts_limits_on_record_that_redis_has_lost(
    client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    record = keys.RECORD(f"account:{DEFAULT}")
    worker = worker_process()
    eventually(client, lambda: client.hexists(record, "configured"))
    client.delete(record)
    eventually(client, lambda: client.hexists(record, "configured"))
    assert "accounts.lost" in worker.written()


def test_a_brief_of_an_account_that_only_others_know_yet_is_accepted(flow: Flow) -> None:
    flow.client.set(keys.LEASE("new"), "a listener of an older version", px=60_000)
    assert flow.brief(flow.accept(brief_id="b", account="new")).state == "waiting"
    assert flow.brief(flow.accept(brief_id="c", account="other")).state == "failed"


def test_processes_follow_the_accounts_file_without_a_signal(
    client: "redis.Redis",
    redis_url: str,
    api: Api,
    tmp_path: Path,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    folder = tmp_path / "accounts"
    folder.mkdir()

    def write(name: str, token: str) -> None:
        (tmp_path / "new").write_text(token)
        (tmp_path / "new").replace(folder / name)

    def state(brief_id: str) -> object:
        return client.hget(keys.RECORD(f"brief:{brief_id}"), "state")

    write("a", f"{api.token}-a")
    write("b", BAD)
    worker = worker_process(ACCOUNTS_FILE=str(folder))
    listener = listener_process(ACCOUNTS_FILE=str(folder))
    enqueue(redis_url, brief_id="refused", account="b", name="One")
    assert eventually(client, lambda: "401" in str(client.hget(keys.RECORD("account:b"), "pause_reason")))
    write("b", f"{api.token}-b")  # replaced
    write("c", f"{api.token}-c")  # added
    enqueue(redis_url, brief_id="added", account="c", name="Two")
    assert eventually(client, lambda: (state("refused"), state("added")) == ("done", "done"))
    (folder / "a").unlink()
    assert eventually(client, lambda: client.exists(keys.LEASE("a"), keys.LEASE("c")) == 1)
    for process in (worker, listener):
        assert eventually(client, lambda process=process: "removed=['a']" in process.written())
        assert api.token not in process.written()


def test_a_token_that_only_a_listener_saw_change_lets_workers_start(
    client: "redis.Redis",
    redis_url: str,
    api: Api,
    tmp_path: Path,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    folder = tmp_path / "accounts"
    folder.mkdir()
    (folder / "a").write_text(f"{api.token}-a")
    listener_process(ACCOUNTS_FILE=str(folder))
    eventually(client, lambda: client.exists(keys.LEASE("a")))
    before = client.hget(keys.RECORD("account:a"), "owner")
    (tmp_path / "new").write_text(f"{api.token}-b")
    (tmp_path / "new").replace(folder / "a")
    eventually(client, lambda: client.hget(keys.RECORD("account:a"), "owner") != before)
    worker_process(ACCOUNTS_FILE=str(folder))
    enqueue(redis_url, brief_id="b", account="a")
    eventually(client, lambda: client.hget(keys.RECORD("brief:b"), "state") == "done")
