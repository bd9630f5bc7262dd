"""Promotion, names and the library."""

from sandbox_api import Api


def test_a_promotion_answers_201_with_the_code_and_its_job(api: Api) -> None:
    [draft] = api.drafts(name="Spring")
    answer = api.promote(draft)
    assert answer.status_code == 201
    promoted = answer.json()
    assert promoted["status"] == "pending"
    job = api.get(f"/jobs/{promoted['preprocessing_job_id']}/status").json()
    assert (job["job_type"], job["identity_code"]) == ("identity_preprocessing", promoted["identity_code"])


def test_a_promoted_identity_is_ready_once_its_preprocessing_is(api: Api) -> None:
    [draft] = api.drafts()
    code = api.promote(draft).json()["identity_code"]
    assert api.get(f"/identity/{code}/status").json()["preprocessing_status"] == "completed"
    assert api.get(f"/identity/{code}").json()["visibility"] == "private"


def test_a_second_promotion_of_a_draft_brings_the_existing_code(api: Api) -> None:
    [draft] = api.drafts()
    code = api.promote(draft).json()["identity_code"]
    answer = api.promote(draft)
    assert (answer.status_code, answer.json()["identity_code"]) == (409, code)


def test_a_taken_name_is_refused_without_a_code(api: Api) -> None:
    first, second = api.drafts(2)
    assert api.promote(first, name="Ada").status_code == 201
    answer = api.promote(second, name="Ada")
    assert (answer.status_code, "identity_code" in answer.json()) == (409, False)


def test_without_a_name_the_jobs_name_is_taken_and_numbered(api: Api) -> None:
    for draft in api.drafts(3, name="Spring"):
        assert api.promote(draft).status_code == 201
    names = [identity["name"] for identity in api.ledger()["identities"]]
    assert names == ["Spring", "Spring 2", "Spring 3"]


def test_a_draft_whose_preprocessing_failed_may_be_promoted_again(api: Api) -> None:
    [draft] = api.drafts(name="Spring")
    api.set(preprocessing_failure_rate=1)
    failed = api.promote(draft).json()["identity_code"]
    status = api.get(f"/identity/{failed}/status").json()
    assert (status["preprocessing_status"], bool(status["error_message"])) == ("failed", True)
    assert api.get(f"/identity/{failed}").status_code == 404
    assert api.get("/identity", ownership="mine").json()["pagination"]["total"] == 0

    api.set(preprocessing_failure_rate=0)
    again = api.promote(draft)
    assert again.status_code == 201
    assert again.json()["identity_code"] != failed
    assert api.get(f"/identity/{again.json()['identity_code']}").json()["name"] == "Spring"


def test_a_failed_identity_can_be_made_to_vanish(api: Api) -> None:
    [draft] = api.drafts()
    api.set(preprocessing_failure_rate=1, failed_identity_answers_404=True)
    code = api.promote(draft).json()["identity_code"]
    assert api.get(f"/identity/{code}/status").status_code == 404


def test_a_promotion_takes_fifty_credits_and_drafts_their_price(api: Api) -> None:
    drafts = api.drafts(2)
    api.promote(drafts[0])
    assert api.get("/auth/me").json()["credits"] == 100_000 - 2 * 5 - 50
    usage = api.get("/billing/credits").json()
    assert usage["total_credits"] == 60
    assert {row["job_type"]: row["total_credits"] for row in usage["summary"]} == {
        "identity_creation": 10,
        "identity_preprocessing": 50,
    }


def test_failed_drafts_are_not_charged(api: Api) -> None:
    api.set(draft_failure_rate=1)
    api.drafts(3)
    ledger = api.ledger()
    assert (ledger["credits"]["charged_total"], ledger["credits"]["in_progress"]) == (0, 0)


def test_a_deleted_identity_frees_its_slot_and_its_name(api: Api) -> None:
    api.set(slots_cap=1)
    first, second = api.drafts(2)
    code = api.promote(first, name="Ada").json()["identity_code"]
    assert api.promote(second).status_code == 429
    assert api.delete(f"/identity/{code}").status_code == 204
    assert api.delete(f"/identity/{code}").status_code == 404
    assert api.promote(second, name="Ada").status_code == 201


def test_the_library_shows_the_platforms_identities_unless_filtered(api: Api) -> None:
    api.set(existing_identities=25)
    everything = api.get("/identity").json()
    assert (len(everything["identities"]), everything["pagination"]["total"]) == (20, 28)
    mine = api.get("/identity", ownership="mine", per_page=10, page=3).json()
    assert len(mine["identities"]) == 5
    assert mine["pagination"] == {
        "page": 3,
        "per_page": 10,
        "total": 25,
        "pages": 3,
        "has_next": False,
        "has_prev": True,
    }
    found = api.get("/identity", search="identity 7", order="asc", sort_by="name").json()
    assert [identity["name"] for identity in found["identities"]] == ["Existing identity 7"]
    assert api.get("/identity", per_page=101).status_code == 400
