"""Control: settings, ledger, journal, reset, overview, state file, and the process itself."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest
import requests
from sandbox_api import RED, Api

from sandbox import Sandbox, running, statefile
from sandbox.account.world import World
from sandbox.common.faults import RequestKind, Rule, StreamKind, WebhookKind
from sandbox.common.settings import Settings


def test_an_unknown_setting_is_refused_by_name(still: Sandbox) -> None:
    with pytest.raises(ValueError, match="jobs_kap"):
        still.settings(jobs_kap=3)
    with pytest.raises(ValueError, match="jobs_kap"), running(jobs_kap=3):
        pass


def test_a_setting_of_one_account_leaves_others_alone(api: Api) -> None:
    api.set(jobs_cap=1)
    with Api(api.sandbox, "unset") as other:
        other.get("/auth/me")
        assert (api.ledger()["settings"]["jobs_cap"], other.ledger()["settings"]["jobs_cap"]) == (1, 5)


def test_a_setting_of_all_reaches_every_account_until_a_reset() -> None:
    with running(slots_cap=7) as sandbox, Api(sandbox, "now") as now, Api(sandbox, "later") as later:
        now.get("/auth/me")
        sandbox.settings(credits=12)
        assert [api.get("/auth/me").json()["credits"] for api in (now, later)] == [12, 12]
        sandbox.reset()
        assert sandbox.ledger()["accounts"] == {}
        assert now.get("/auth/me").json()["credits"] == 100_000
        assert now.ledger()["settings"]["slots_cap"] == 7


def test_a_job_of_before_a_reset_tells_nothing_after_it() -> None:
    with running(speed=100, drafts_median_seconds=10) as sandbox, Api(sandbox, "a") as api:
        with api.stream() as stream:
            stream.backfill()
            api.create(RED, name="before")
            sandbox.reset()
            after = api.create(RED, name="after").json()["job_id"]
            assert stream.live()["data"]["id_task"] == after
        assert len(api.ledger()["jobs"]) == 1


def test_an_account_may_be_named_with_or_without_its_prefix(api: Api) -> None:
    name = api.account.removeprefix("sandbox-")
    api.sandbox.settings(account=name, jobs_cap=1)
    order = {"account": name, "seconds": 3600}
    assert requests.post(api.url + "/_sandbox/other-jobs", json=order, timeout=20).status_code == 200
    ledger = api.sandbox.ledger(name)
    assert (ledger["settings"]["jobs_cap"], ledger["jobs_in_flight"]) == (1, 1)
    api.get("/auth/me")
    assert [entry["account"] for entry in api.sandbox.journal(name)] == [api.account]


def test_looking_at_an_account_does_not_make_it(api: Api) -> None:
    assert api.ledger()["credits"]["balance"] == 100_000
    assert api.account not in api.sandbox.ledger()["accounts"]


def test_an_identity_is_in_the_ledger_as_far_as_its_job_is() -> None:
    seconds = {"drafts_median_seconds": 0, "preprocessing_median_seconds": 3600}
    with running(speed=20, **seconds) as sandbox, Api(sandbox, "a") as api:
        [draft] = api.drafts()
        api.promote(draft)
        while (ledger := api.ledger())["jobs"][1]["status"] == "pending":
            pass
        [identity], job = ledger["identities"], ledger["jobs"][1]
    assert (job["status"], identity["preprocessing_status"]) == ("processing", "processing")


def test_the_ledger_counts_requests_by_endpoint_and_status(api: Api) -> None:
    api.get("/jobs/job_none/status")
    api.get("/jobs/job_other/status")
    api.create()
    requests_made = api.ledger()["requests"]
    assert requests_made["GET /jobs/{job_id}/status"] == {"404": 2}
    assert requests_made["POST /identity/create"] == {"202": 1}


def test_the_ledger_tells_each_jobs_states_with_their_times(api: Api) -> None:
    api.create(RED, name="x")
    [job] = api.ledger()["jobs"]
    assert (job["name"], job["job_type"], job["variations"]) == ("x", "identity_creation", 1)
    assert [state["state"] for state in job["states"]] == ["pending", "processing", "completed"]
    times = [state["at"] for state in job["states"]]
    assert times == sorted(times)


def test_the_journal_keeps_requests_and_answers_without_secrets(api: Api) -> None:
    api.get("/auth/me", token="sandbox-hidden")
    api.create({"prompt": "red hair"})
    first, second = api.sandbox.journal(api.account)
    assert (first["path"], first["status"], first["query"]) == ("/auth/me", 200, "token=***")
    assert "red hair" in second["request"]
    assert "job_id" in second["answer"]


def test_the_journal_tells_how_large_bodies_really_were(api: Api) -> None:
    upload = api.post("/upload", {"filename": "a.jpg"}).json()
    picture, text = b"\xff\xd8" * 5_000, "\u00e9" * 5_000
    requests.put(upload["upload_url"], data=picture, headers={"Content-Type": "image/jpeg"}, timeout=20)
    # The sandbox is shared: others may have sent as much, and to where there is nothing.
    elsewhere = f"/nowhere/{api.account}"
    api.session.post(api.url + elsewhere, data=("a" + text).encode(), timeout=20)
    paths = (urlsplit(upload["upload_url"]).path, elsewhere)
    stored, other = (entry for entry in api.sandbox.journal(limit=2_000) if entry["path"] in paths)
    assert (stored["request_bytes"], other["request_bytes"]) == (10_000, 10_001)
    assert stored["request"] == "<10000 bytes>"
    assert other["request"] == "a" + text[:1_999]


def test_the_overview_shows_accounts_and_escapes_what_clients_wrote(api: Api) -> None:
    api.set(drafts_median_seconds=3600)
    api.create(RED, name="<script>alert(1)</script>")
    page = requests.get(api.url + "/_sandbox/", timeout=20)
    assert page.headers["content-type"].startswith("text/html")
    assert api.account in page.text
    assert "<script>" not in page.text


def test_the_overview_shows_the_newest_accounts_their_caps_and_their_pictures() -> None:
    with running(drafts_median_seconds=0, preprocessing_median_seconds=3600, jobs_cap=1) as sandbox:
        assert "No account yet" in requests.get(sandbox.url + "/_sandbox/", timeout=20).text
        for number in range(23):
            with Api(sandbox, f"a{number:02d}") as api:
                [draft] = api.drafts()
                api.promote(draft)
        page = requests.get(sandbox.url + "/_sandbox/", timeout=20).text
    assert "sandbox-a22" in page
    assert "sandbox-a02" not in page.partition("Last requests")[0]
    assert "And 3 older accounts" in page
    assert "<li class=full>jobs 1/1</li><li>slots 1/50</li>" in page
    assert f"{draft} promoted" in page
    assert page.count("<figure>") == 20


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


def test_every_setting_fault_and_ledger_field_is_documented(api: Api) -> None:
    page = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text()
    kinds = [*get_args(RequestKind), *get_args(StreamKind), *get_args(WebhookKind)]
    ledger = api.ledger()
    names = {*Settings.model_fields, *Rule.model_fields, *kinds, *ledger, *ledger["violations"]}
    assert [name for name in sorted(names) if f"`{name}`" not in page and f'"{name}"' not in page] == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/_sandbox/"), ("POST", "/_sandbox/reset")])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8900"},
        {"Host": "localhost.evil.example"},
        {"Host": "10.0.0.1"},
        {"Host": "[::"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_the_control_refuses_pages_from_elsewhere(
    still: Sandbox, method: str, path: str, headers: dict[str, str]
) -> None:
    refused = requests.request(method, still.url + path, headers=headers, json={}, timeout=20)
    assert refused.status_code == 403
    assert "The control" in refused.json()["error"]


@pytest.mark.parametrize("host", ["localhost", "localhost:1234", "127.0.0.1:99", "127.1.2.3", "[::1]:80"])
def test_the_control_answers_to_each_name_of_this_machine(still: Sandbox, host: str) -> None:
    own = {"Host": host, "Origin": f"http://{host}"}
    assert requests.get(f"{still.url}/_sandbox/ledger", headers=own, timeout=20).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"username": "ada", "password": "hush-hush"}',
        b'{"Password": "hush-hush\\" hush-hush"}',
        b'{"user": {"passwd": "hush-hush"',
        b"username=ada&password=hush-hush",
        b"hush-hush",
    ],
)
def test_the_journal_shows_no_password_of_who_signs_in(api: Api, body: bytes) -> None:
    where = f"{api.url}/auth/login?password=hush-hush"
    requests.post(where, data=body, auth=("ada", "hush-hush"), timeout=20)
    assert "hush" not in json.dumps(api.sandbox.journal())


def test_a_state_without_room_on_disk_is_named_and_leaves_no_part(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state.json"
    unfinished = tmp_path / "state.json.new"
    unfinished.symlink_to("/dev/full")
    with pytest.raises(OSError, match=f"the state can't be written to {path}: No space left on device"):
        statefile.write(b"{}", path)
    assert list(tmp_path.iterdir()) == []
