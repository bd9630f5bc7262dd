"""The three caps, each with its 429, and what the ledger says of them."""

import pytest
from sandbox_api import RED, Api

from sandbox.account.limits import Peak, Window

HOUR = {"drafts_median_seconds": 3600, "preprocessing_median_seconds": 3600}


def test_the_sixth_request_of_a_minute_is_refused_and_counted(api: Api) -> None:
    answers = [api.create() for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert "Retry-After" not in answers[-1].headers
    ledger = api.ledger()
    assert ledger["most_requests_in_60_s"]["POST /identity/create"] == {"accepted": 5, "all": 6}
    assert ledger["violations"]["requests_over_cap"] == 1


def test_each_paid_endpoint_has_a_window_of_its_own(api: Api) -> None:
    drafts = api.drafts(6)
    assert [api.promote(draft).status_code for draft in drafts] == [201] * 5 + [429]
    assert api.create().status_code == 202


def test_a_request_in_the_pause_after_a_429_is_a_violation(api: Api) -> None:
    api.set(create_per_minute=1)
    for _ in range(3):
        api.create()
    assert api.ledger()["violations"]["requests_in_pause"] == 1


def test_retry_after_and_the_texts_can_be_set(api: Api) -> None:
    api.set(create_per_minute=0, retry_after=True, rate_limit_text="Slow down")
    answer = api.create()
    assert (answer.status_code, answer.json()["error"]) == (429, "Slow down")
    assert int(answer.headers["Retry-After"]) == pytest.approx(60, abs=2)


def test_a_sixth_job_in_flight_is_refused(api: Api) -> None:
    api.set(create_per_minute=100, **HOUR)
    answers = [api.create() for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert answers[-1].json()["error"] == "Maximum concurrent jobs reached."
    assert api.ledger()["max_jobs_in_flight"] == 5


def test_preprocessing_counts_as_a_job_unless_it_is_set_otherwise(api: Api) -> None:
    first, second = api.drafts(2)
    api.set(jobs_cap=1, **HOUR)
    assert api.promote(first).status_code == 201
    assert api.promote(second).status_code == 429
    api.set(preprocessing_counts=False)
    assert api.promote(second).status_code == 201


def test_jobs_of_other_products_share_the_cap(api: Api) -> None:
    api.sandbox._call("POST", "/_sandbox/other-jobs", {"account": api.account, "jobs": 5, "seconds": 3600})
    assert api.create().status_code == 429
    with pytest.raises(ValueError, match="409"):
        api.sandbox._call("POST", "/_sandbox/other-jobs", {"account": api.account})


def test_the_fiftieth_slot_is_the_last(api: Api) -> None:
    api.set(existing_identities=49)
    first, second = api.drafts(2)
    assert api.promote(first).status_code == 201
    answer = api.promote(second)
    assert (answer.status_code, answer.json()["error"]) == (429, "Maximum identities reached.")


def test_enterprise_accounts_have_neither_job_nor_slot_cap(api: Api) -> None:
    drafts = api.drafts(1)
    api.set(enterprise=True, jobs_cap=0, slots_cap=0, **HOUR)
    assert api.create().status_code == 202
    assert api.promote(drafts[0]).status_code == 201


def test_equal_creates_accepted_twice_are_a_violation(api: Api) -> None:
    api.create(RED, name="a")
    api.create(RED, name="b")
    assert api.ledger()["violations"]["duplicate_creates"] == 0
    api.create(RED, name="a")
    assert api.ledger()["violations"]["duplicate_creates"] == 1


def test_a_window_slides() -> None:
    window = Window()
    assert [window.wait(at, 2) for at in (0.0, 10.0, 20.0)] == [0.0, 0.0, 40.0]
    assert window.wait(59.9, 2) == pytest.approx(0.1)
    assert window.wait(60.0, 2) == 0.0
    assert window.wait(61.0, 2) == pytest.approx(9.0)


def test_a_peak_is_the_most_in_any_window() -> None:
    peak = Peak()
    for at in (0, 50, 100, 109, 160):
        peak.note(at)
    assert peak.most == 3
