"""Tokens that an account is given, and who may see what was used."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_api import RED, Api

from sandbox import Sandbox, running

HOUR = 3_600


def me(sandbox: Sandbox, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(sandbox.url + "/auth/me", headers=headers, timeout=20)


def login(sandbox: Sandbox, name: str, password: str = "secret") -> requests.Response:
    return requests.post(sandbox.url + "/auth/login", auth=(name, password), timeout=20)


@pytest.mark.parametrize("expiration", [HOUR, "PT2H", "P30D", "30D,00:00:00"])
def test_a_token_that_was_made_stands_for_its_account(api: Api, expiration: object) -> None:
    made = api.post("/auth/token", {"expiration": expiration}).json()
    assert set(made) == {"token", "expiration_date"}
    assert me(api.sandbox, made["token"]).json()["username"] == api.account.removeprefix("sandbox-")


@pytest.mark.parametrize("expiration", [None, True, "soon", 0, HOUR - 1, -HOUR, "P5Y", 1e300, [], {}])
def test_a_lifetime_outside_an_hour_and_four_years_is_refused(api: Api, expiration: object) -> None:
    answer = api.post("/auth/token", {"expiration": expiration})
    assert (answer.status_code, answer.json()["detail"][0]["field"]) == (400, "expiration")


def test_twenty_tokens_may_be_active_and_are_listed_without_themselves(api: Api) -> None:
    tokens = [api.post("/auth/token", {"expiration": HOUR}).json()["token"] for _ in range(20)]
    assert api.post("/auth/token", {"expiration": HOUR}).status_code == 400
    page = api.get("/auth/token", per_page=15, page=2, order="asc").json()
    assert [set(token) for token in page["tokens"]] == [{"token_id", "expiration_date"}] * 5
    assert page["pagination"]["total"] == 20
    assert not any(token in json.dumps(page) for token in tokens)


def test_an_expired_token_is_refused_and_listed_only_when_asked_for() -> None:
    with running(speed=36_000) as sandbox, Api(sandbox, "a") as api:
        token = api.post("/auth/token", {"expiration": HOUR}).json()["token"]
        while me(sandbox, token).status_code == 200:
            pass
        assert me(sandbox, token).status_code == 401
        assert api.get("/auth/token").json()["tokens"] == []
        assert len(api.get("/auth/token", include_expired="true").json()["tokens"]) == 1


def test_a_login_gives_a_pair_that_can_be_renewed_once(api: Api) -> None:
    name = api.account.removeprefix("sandbox-")
    first = login(api.sandbox, name).json()
    assert first["user"]["credits"] == 100_000
    assert me(api.sandbox, first["token"]).json()["username"] == name
    assert me(api.sandbox, first["refresh_token"]).status_code == 401

    def renew() -> requests.Response:
        body = {"refresh_token": first["refresh_token"]}
        return requests.post(api.url + "/auth/refresh", json=body, timeout=20)

    second = renew().json()
    assert set(second) == set(first) - {"user"}
    assert me(api.sandbox, second["token"]).status_code == 200
    assert renew().status_code == 401
    assert api.get("/auth/token").json()["tokens"] == []


def test_a_login_needs_a_name_and_a_password(api: Api) -> None:
    assert login(api.sandbox, "a", "").status_code == 401
    assert login(api.sandbox, "").status_code == 401
    assert requests.post(api.url + "/auth/login", timeout=20).status_code == 401
    headers = {"Authorization": "Basic ???"}
    assert requests.post(api.url + "/auth/login", headers=headers, timeout=20).status_code == 401
    assert requests.post(api.url + "/auth/refresh", json={}, timeout=20).status_code == 400


def test_tokens_survive_a_restart_but_no_reset(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with running(state=state) as sandbox, Api(sandbox, "a") as api:
        token = api.post("/auth/token", {"expiration": HOUR}).json()["token"]
    with running(state=state) as sandbox:
        assert me(sandbox, token).status_code == 200
        sandbox.reset()
        assert me(sandbox, token).status_code == 401


def test_no_token_and_no_signature_is_in_the_journal(api: Api) -> None:
    made: list[Any] = [api.post("/auth/token", {"expiration": HOUR}).json()["token"]]
    made += [value for key, value in login(api.sandbox, "j").json().items() if key.endswith("token")]
    body = {"refresh_token": made[-1]}
    renewed = requests.post(api.url + "/auth/refresh", json=body, timeout=20).json()
    made += [renewed["token"], renewed["refresh_token"]]
    address = api.post("/upload", {"filename": "a.jpg"}).json()["upload_url"]
    made.append(address.partition("signature=")[2])
    journal = json.dumps(api.sandbox.journal(limit=50))
    assert "/auth/refresh" in journal
    assert not [secret for secret in made if secret in journal]


def test_the_owner_of_a_group_and_nobody_else_reads_its_usage(api: Api) -> None:
    api.create(RED)
    [group] = api.get("/auth/me").json()["groups"]
    usage = api.get(f"/billing/usage/{group}").json()
    assert usage["total_credits"] == 5
    assert [(member["username"], member["total_credits"]) for member in usage["members"]] == [(group, 5)]
    assert [(row["username"], row["total_credits"]) for row in usage["summary_by_user"]] == [(group, 5)]
    assert [row["job_type"] for row in usage["summary"]] == ["identity_creation"]
    by_user = api.get(f"/billing/usage/{group}", breakdown="user").json()
    assert by_user["summary"] == usage["summary_by_user"]
    assert api.get(f"/billing/usage/{group}", breakdown="x").status_code == 400
    assert api.get("/billing/usage/others").status_code == 403


def test_an_account_is_told_all_that_is_documented_of_it(api: Api) -> None:
    assert set(api.get("/auth/me").json()) == {
        "username", "email", "name", "surname", "verified", "contract", "affiliation", "groups",
        "last_active", "credits", "address", "country", "vat_num", "billing_destination", "company_role",
        "company_type", "product_categories", "target_audiences", "segment", "use_cases",
    }  # fmt: skip
