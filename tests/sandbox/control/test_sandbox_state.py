"""The state of the sandbox: kept in a file over a restart or a kill, and let go of when it is old."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sandbox_api import RED, Api

from sandbox import running, statefile
from sandbox.account.world import World


def test_finished_jobs_expire_and_their_drafts_with_them(api: Api) -> None:
    api.set(finished_jobs_kept=2, create_per_minute=100)
    [oldest] = api.drafts(name="0")
    for name in "123":
        api.drafts(name=name)
    ledger = api.ledger()
    assert ([job["name"] for job in ledger["jobs"]], ledger["jobs_expired"]) == (["2", "3"], 2)
    assert api.promote(oldest).status_code == 404


def test_the_state_survives_a_restart_and_jobs_in_flight_go_on(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with running(speed=20, state=state, drafts_median_seconds=20) as sandbox, Api(sandbox, "a") as api:
        api.post("/upload", {"filename": "a.jpg"})
        job_id = api.create().json()["job_id"]
        before = api.ledger()
    assert state.stat().st_mode & 0o777 == 0o600
    with running(speed=20, state=state) as sandbox, Api(sandbox, "a") as api, api.stream() as stream:
        assert stream.backfill() == []
        assert api.ledger()["jobs"][0]["job_id"] == job_id
        assert api.ledger()["settings"] == before["settings"]
        assert stream.live()["data"]["id_task"] == job_id
        assert api.ledger()["jobs_in_flight"] == 0
        assert api.create().json()["job_id"] != job_id


def test_a_file_that_is_no_state_is_refused_and_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text("{}")
    refused = pytest.raises(ValueError, match=r"^[^\n]* is not a state that a sandbox wrote; [^\n]*$")
    with refused, running(state=state):
        pass
    assert state.read_text() == "{}"


def test_a_place_where_no_state_can_be_written_is_refused_at_start(tmp_path: Path) -> None:
    state = tmp_path / "nowhere" / "state.json"
    refused = pytest.raises(ValueError, match=f"the state can't be written to {state}: No such")
    with refused, running(state=state):
        pass


def test_a_killed_sandbox_loses_no_more_than_its_last_second(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with process_with(state) as (process, url, session):
        session.post(url + "/identity/create", json={"instructions": [RED]}, timeout=20)
        deadline = time.monotonic() + 10
        while not (state.exists() and b"identity_creation" in state.read_bytes()):
            assert time.monotonic() < deadline
        process.kill()
        process.wait()
    with running(state=state) as sandbox:
        [job] = sandbox.ledger("a")["jobs"]
    assert job["status"] in ("pending", "processing")


def test_a_sandbox_in_which_nothing_happens_writes_nothing(tmp_path: Path) -> None:
    world = World()
    assert not world.has_moved()
    world.note_request()
    assert (world.has_moved(), world.has_moved()) == (True, False)


@contextlib.contextmanager
def process_with(state: Path) -> Iterator[tuple[subprocess.Popen[bytes], str, requests.Session]]:
    """A sandbox as a process of its own, its address, and a session that waits until it listens."""
    program = (
        "import sys; from pathlib import Path; import sandbox; "
        "sandbox.serve(int(sys.argv[1]), state=Path(sys.argv[2]))"
    )
    with running() as free:
        port = int(free.url.rpartition(":")[2])
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(port), str(state)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
    )
    url = f"http://127.0.0.1:{port}"
    retry = requests.adapters.Retry(connect=8, backoff_factor=0.05)
    try:
        with requests.Session() as session:
            session.mount(url, requests.adapters.HTTPAdapter(max_retries=retry))
            session.headers["Authorization"] = "Bearer sandbox-a"
            yield process, url, session
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_process_stops_at_once_although_a_stream_is_open(tmp_path: Path, number: int) -> None:
    state = tmp_path / "state.json"
    with process_with(state) as (process, url, session):
        with session.get(url + "/notifications/events", stream=True) as stream:
            assert next(stream.iter_lines()) == b"event: backfill_complete"
            process.send_signal(number)
            _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, b"")
    assert json.loads(state.read_bytes())["accounts"][0]["name"] == "sandbox-a"


def test_a_state_without_room_on_disk_is_named_and_leaves_no_part(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state.json"
    unfinished = tmp_path / "state.json.new"
    unfinished.symlink_to("/dev/full")
    with pytest.raises(OSError, match=f"the state can't be written to {path}: No space left on device"):
        statefile.write(b"{}", path)
    assert list(tmp_path.iterdir()) == []
