"""Control: settings, the ledger, the journal, a reset, the overview, and who may ask for them."""

import json
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest
import requests
from sandbox_api import RED, Api

from sandbox import Sandbox, running
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
