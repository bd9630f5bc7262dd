"""Processes that start while one account's file is wrong: others are served, and its briefs wait for it."""

import signal
from pathlib import Path

import pytest
import redis
from own_account import Api
from processes import ProcessFactory
from stepping import enqueue
from support import eventually

from config import keys
from tests.chaos.shutdown.sighup import is_ready


@pytest.fixture
def folder(tmp_path: Path, api: Api) -> Path:
    folder = tmp_path / "accounts"
    folder.mkdir()
    (folder / "good").write_text(f"{api.token}-good")
    (folder / "bad").write_text("")
    return folder


def test_briefs_of_a_bad_account_file_wait_and_others_are_done(
    client: "redis.Redis",
    redis_url: str,
    api: Api,
    folder: Path,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    def stands(brief_id: str) -> object:
        return client.hget(keys.RECORD(f"brief:{brief_id}"), "state")

    started = worker_process(ACCOUNTS_FILE=str(folder)), listener_process(ACCOUNTS_FILE=str(folder))
    enqueue(redis_url, brief_id="waits", account="bad", name="One")
    enqueue(redis_url, brief_id="goes", account="good", name="Two")
    assert eventually(client, lambda: stands("goes") == "done")
    assert eventually(client, lambda: client.hget(keys.RECORD("account:bad"), "pause_absent"))
    assert stands("waits") == "waiting"
    for process in started:
        assert eventually(client, lambda process=process: "accounts.left_out" in process.written())
    (folder.parent / "new").write_text(f"{api.token}-bad")
    (folder.parent / "new").replace(folder / "bad")
    assert eventually(client, lambda: stands("waits") == "done")


def test_a_worker_with_what_was_right_before_does_not_begin_anew(
    client: "redis.Redis", redis_url: str, api: Api, folder: Path, worker_process: ProcessFactory
) -> None:
    (folder / "bad").write_text(f"{api.token}-bad")
    worker = worker_process(ACCOUNTS_FILE=str(folder))
    assert eventually(client, lambda: is_ready(worker))
    (folder / "bad").write_text("")
    worker.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: "accounts.kept" in worker.written())
    enqueue(redis_url, brief_id="b", account="bad")
    assert eventually(client, lambda: client.hget(keys.RECORD("brief:b"), "state") == "generating")


def test_a_worker_begins_anew_beside_what_it_never_had(
    client: "redis.Redis", folder: Path, worker_process: ProcessFactory
) -> None:
    (folder / "lost+found").mkdir()
    worker = worker_process(ACCOUNTS_FILE=str(folder))
    assert eventually(client, lambda: is_ready(worker))
    worker.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: is_ready(worker, starts=2))
    (folder / "good").unlink()
    (folder / "bad").write_text("right by now")
    worker.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: is_ready(worker, starts=3)), "an account was taken away"
