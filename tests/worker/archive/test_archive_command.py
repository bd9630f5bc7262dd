"""The process of the Procfile archives until it is told to end, and the command `--once` what there is."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from archives import look_of, on_record, told
from processes import ProcessFactory, script
from stepping import Flow
from support import eventually

from config import keys
from worker.archive.stands import group_of
from worker.places.targets import Folder


def test_the_process_archives_what_comes_and_ends_in_order(
    heard: Flow, start: ProcessFactory, tmp_path: Path
) -> None:
    target = Folder(tmp_path / "archive")
    process = start(
        "archiver", [script("identity-worker"), "archive"], IDENTITY_WORKER_ARCHIVE=str(tmp_path / "archive")
    )
    eventually(heard.client, lambda: heard.client.exists(look_of(tmp_path / "archive")))
    brief_id = heard.accept()
    heard.finish(brief_id)
    eventually(heard.client, lambda: [each for each in told(heard, target) if _has_identity(each)])
    process.process.send_signal(signal.SIGHUP)
    eventually(heard.client, lambda: "accounts.reloaded" in process.written())
    assert process.stop() == 0
    assert heard.client.xinfo_consumers(keys.EVENTS(), group_of(target.name)) == []
    assert len(on_record(heard, brief_id)["pictures"]) == 2
    assert heard.api.token not in process.written()
    again = subprocess.run(
        [script("identity-worker"), "archive", "--once", "--json"],
        env={**os.environ, "IDENTITY_WORKER_ARCHIVE": target.name},
        capture_output=True,
        text=True,
        check=True,
    )
    said = {"place": target.name, "briefs": 0, "fetched": 0, "gone": 0, "missing": 0, "ended": False}
    assert json.loads(again.stdout) == said


@pytest.mark.story
def test_the_process_waits_while_its_server_is_no_primary(
    heard: Flow, start: ProcessFactory, tmp_path: Path
) -> None:
    brief_id = heard.accept()
    heard.finish(brief_id)
    place = {"IDENTITY_WORKER_ARCHIVE": str(tmp_path / "archive")}
    process = start("archiver", [script("identity-worker"), "archive"], **place)
    eventually(heard.client, lambda: on_record(heard, brief_id))
    process.process.send_signal(signal.SIGSTOP)
    later = heard.accept()
    heard.finish(later)  # now: nothing is bought after a server was no primary
    heard.client.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        process.process.send_signal(signal.SIGCONT)
        eventually(heard.client, lambda: "archive.redis" in process.written())
    finally:
        heard.client.execute_command("REPLICAOF", "NO", "ONE")
    eventually(heard.client, lambda: on_record(heard, later))
    assert process.stop() == 0


def _has_identity(said: dict[str, object]) -> bool:
    return "identity_code" in json.dumps(said["pictures"])
