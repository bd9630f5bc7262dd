"""Faults of requests: which rule strikes when, what is answered instead, and that the rest is left alone."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sandbox_api import RED, Api
from support import DEADLINE

BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def test_a_refused_request_is_not_processed(api: Api) -> None:
    api.fault(kind="refuse", path="/identity/create")
    with pytest.raises(BROKEN):
        api.create()
    assert api.ledger()["jobs"] == []
    assert api.create().status_code == 202


def test_a_dropped_response_leaves_the_job_behind(api: Api) -> None:
    api.fault(kind="drop_response", method="POST", path="/identity/create")
    with pytest.raises(BROKEN):
        api.create()
    assert len(api.ledger()["jobs"]) == 1


def test_a_lingering_request_is_processed_long_after_its_connection_was_closed(api: Api) -> None:
    began = datetime.now(UTC)
    api.fault(kind="linger", seconds=0.3, path="/identity/create")
    with pytest.raises(BROKEN):
        api.create()
    while not (entries := api.sandbox.journal(api.account)):
        assert datetime.now(UTC) < began + timedelta(seconds=DEADLINE)
    assert (entries[0]["status"], entries[0]["withheld"]["status"]) == (None, 202)
    (job,) = api.ledger()["jobs"]
    made_at = datetime.fromisoformat(api.get(f"/jobs/{job['job_id']}/status").json()["created_at"])
    assert made_at - began > timedelta(seconds=0.25)


def test_a_lingering_request_counts_where_it_arrived(api: Api) -> None:
    api.set(create_per_minute=1)
    api.fault(kind="linger", seconds=3_600, path="/identity/create")
    with pytest.raises(BROKEN):
        api.create()
    assert api.create().status_code == 429
    api.sandbox.clear_faults()
    end = time.monotonic() + DEADLINE
    while len(entries := api.sandbox.journal(api.account)) < 2:
        assert time.monotonic() < end
    assert entries[1]["withheld"]["status"] == 202
    assert api.ledger()["violations"]["requests_over_cap"] == 1


def test_a_status_with_any_body_is_answered_in_place_of_the_request(api: Api) -> None:
    api.fault(kind="status", status=502, body={"error": "bad gateway"}, headers={"Retry-After": "3"}, count=2)
    for _ in range(2):
        answer = api.create()
        assert (answer.status_code, answer.json()) == (502, {"error": "bad gateway"})
        assert answer.headers["Retry-After"] == "3"
    assert api.create().status_code == 202
    assert len(api.ledger()["jobs"]) == 1


def test_a_delay_before_or_after_processing_holds_the_answer(api: Api) -> None:
    for when in ("before", "after"):
        api.fault(kind="delay", seconds=0.2, when=when, path="/auth/me")
        started = time.monotonic()
        assert api.get("/auth/me").status_code == 200
        assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_a_rule_delays_goes_on_when_others_take_its_place(api: Api, when: str) -> None:
    api.fault(kind="delay", seconds=3_600, when=when, path="/identity/create")
    next_ = {"kind": "status", "path": "/auth/me", "account": api.account}
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(api.create)
        end = time.monotonic() + DEADLINE
        while api.sandbox.faults():
            assert time.monotonic() < end
        assert not wait([answer], timeout=0.1).done
        in_force = api.sandbox._call("PUT", "/_sandbox/faults", [next_])
        assert [rule["kind"] for rule in in_force] == ["status"]
        assert answer.result().status_code == 202
    assert api.get("/auth/me").status_code == 500


def test_garbage_is_a_cut_off_body_or_an_html_page(api: Api) -> None:
    api.fault(kind="garbage", path="/auth/me")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        api.get("/auth/me").json()
    api.fault(kind="garbage", form="html", path="/auth/me")
    answer = api.get("/auth/me")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (502, "text/html")


def test_a_rule_strikes_where_it_says_and_after_what_it_skips(api: Api) -> None:
    api.fault(kind="status", path="/jobs/*/status", status=500, skip=1)
    api.create(RED, name="x")
    job_id = api.ledger()["jobs"][0]["job_id"]
    statuses = [
        api.get(f"/jobs/{job_id}/{part}").status_code for part in ("status", "results", "status", "status")
    ]
    assert statuses == [200, 200, 500, 200]


def test_a_rule_of_one_account_leaves_others_and_can_be_cleared(api: Api) -> None:
    api.fault(kind="status", count=None)
    with Api(api.sandbox, "bystander") as other:
        assert other.get("/auth/me").status_code == 200
    assert [api.get("/auth/me").status_code for _ in range(3)] == [500] * 3
    api.sandbox.clear_faults()
    assert api.get("/auth/me").status_code == 200


def test_a_rule_with_a_chance_strikes_now_and_then(api: Api) -> None:
    api.fault(kind="status", path="/auth/me", chance=0.5, count=None)
    statuses = {api.get("/auth/me").status_code for _ in range(40)}
    api.sandbox.clear_faults()
    assert statuses == {200, 500}


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"kind": "explode"}, '"field":"kind"'),
        ({"kind": "cut", "colour": 1}, '"field":"colour"'),
        ({"kind": "status", "status": 99}, '"field":"status"'),
        ({"kind": "status", "method": "FETCH"}, '"field":"method"'),
        ({"kind": "status", "path": "identity/create"}, '"field":"path"'),
        ({"kind": "status", "path": "/_sandbox/ledger"}, '"field":"path"'),
        ({"kind": "cut", "path": "/identity/create"}, "path: cut strikes only /notifications/events"),
        ({"kind": "early", "path": "/auth/me"}, "path: early strikes only"),
        ({"kind": "cut", "method": "POST"}, "method: cut strikes only GET"),
        ({"kind": "status", "event": "completed"}, "event: status strikes requests"),
        ({"kind": "double", "path": "/webhooks"}, "path and method: double strikes deliveries"),
        ({"kind": "cut", "on": "webhook"}, "on: only lose"),
    ],
)
def test_a_rule_that_could_never_strike_is_refused_with_what_is_wrong(
    api: Api, rule: dict[str, Any], named: str
) -> None:
    before = api.sandbox.faults()
    with pytest.raises(ValueError, match=f"400.*{named}"):
        api.sandbox.faults(rule)
    assert api.sandbox.faults() == before


@pytest.mark.parametrize(
    "rule", [{"method": "get"}, {"path": "/jobs/{job_id}/status"}, {"path": "/jobs/*/status"}]
)
def test_a_rule_is_read_as_people_write_it(api: Api, rule: dict[str, Any]) -> None:
    api.sandbox.faults([{"kind": "status", "account": api.account.removeprefix("sandbox-"), **rule}])
    assert [api.get("/jobs/job_x/status").status_code for _ in range(2)] == [500, 404]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 429, 500, 503])
def test_a_status_without_a_body_is_answered_as_documented(api: Api, status: int) -> None:
    api.set(rate_limit_text="Slow down.", credits=7)
    api.fault(kind="status", status=status)
    answer = api.get("/auth/me")
    assert answer.status_code == status
    body = answer.json()
    assert (body["error"] == "Internal server error") is (status == 500)
    assert (body["error"] == "Slow down.") is (status == 429)
    if status == 402:
        assert body["user_credits"] == 7
        assert body["required_credits"] > body["user_credits"] - body["in_progress_credits"]


def test_journal_and_ledger_tell_what_was_sent_and_what_would_have_been(api: Api) -> None:
    def entry() -> dict[str, Any]:
        return api.sandbox.journal(api.account)[-1]

    api.fault(kind="drop_response", path="/identity/create")
    with pytest.raises(BROKEN):
        api.create()
    job_id = api.ledger()["jobs"][0]["job_id"]
    assert (entry()["status"], entry()["answer"], entry()["processed"]) == (None, "", True)
    assert entry()["withheld"]["status"] == 202
    assert job_id in entry()["withheld"]["answer"]
    api.fault(kind="garbage", form="html", path="/identity/create")
    api.create(RED, name="html")
    assert (entry()["status"], entry()["withheld"]["status"]) == (502, 202)
    assert entry()["answer"].startswith("<html>")
    api.fault(kind="garbage", path="/identity/create")
    cut_off = api.create(RED, name="truncated")
    assert (entry()["status"], entry()["answer"]) == (202, cut_off.text)
    api.fault(kind="refuse", path="/identity/create")
    with pytest.raises(BROKEN):
        api.create(RED, name="refused")
    assert (entry()["status"], entry()["processed"], entry()["withheld"]) == (None, False, None)
    assert api.ledger()["requests"]["POST /identity/create"] == {"none": 2, "502": 1, "202": 1}


def test_only_paid_calls_can_be_early(api: Api) -> None:
    api.fault(kind="early")
    assert api.get("/auth/me").status_code == 200
    assert [rule["kind"] for rule in api.sandbox.faults() if rule["account"] == api.account] == ["early"]
