"""The API's answers about identities, the account, its webhook and its pictures, in every known spelling."""

import math

import pytest
from pydantic import SecretStr

from worker.piktid.answers import (
    Extracted,
    Identity,
    IdentityPage,
    Me,
    Preprocessing,
    Promoted,
    RunState,
    Upload,
    Webhook,
)
from worker.piktid.reading import (
    read_identity_page,
    read_last_response,
    read_me,
    read_preprocessing,
    read_promoted,
    read_webhook,
)
from worker.piktid.reading_pictures import read_extracted, read_upload


@pytest.mark.parametrize(("told", "job"), [({}, None), ({"preprocessing_job_id": 7}, "7")])
def test_a_promotion_may_name_its_job(told: dict[str, object], job: str | None) -> None:
    assert read_promoted({"identity_code": "abc", **told}) == Promoted("abc", job)


@pytest.mark.parametrize(
    ("body", "state", "message"),
    [
        ({"preprocessing_status": "completed", "status": "failed"}, RunState.COMPLETED, None),
        ({"preprocessing_status": "", "status": "failed", "error_message": "x"}, RunState.FAILED, "x"),
        ({"status": "running"}, RunState.RUNNING, None),
    ],
)
def test_preprocessing_has_two_spellings_of_its_status(
    body: dict[str, object], state: RunState, message: str | None
) -> None:
    assert read_preprocessing(body) == Preprocessing(state, message)


def test_of_a_list_of_identities_rows_without_a_code_are_left_out() -> None:
    full = {"identity_code": "a", "name": "Mine", "visibility": "private", "created_by": 17}
    page = read_identity_page({"identities": [full, {"name": "x"}, None, {"identity_code": 5}]})
    assert page == IdentityPage((Identity("a", "Mine", "private", "17"), Identity("5")))


@pytest.mark.parametrize(
    ("pagination", "last"),
    [
        (None, None),
        ({}, None),
        ({"has_next": True, "page": 2, "pages": 2}, False),
        ({"has_next": False, "page": 1, "pages": 2}, True),
        ({"has_next": "no", "page": 1, "pages": 2}, False),
        ({"page": "2", "pages": 2}, True),
        ({"page": 3, "pages": 2}, True),
        ({"page": 3}, None),
        ({"pages": 3}, None),
    ],
)
def test_a_page_is_the_last_where_the_answer_says_so(pagination: object, last: bool | None) -> None:
    assert read_identity_page({"identities": [], "pagination": pagination}).last is last


@pytest.mark.parametrize(
    ("identity", "own"),
    [
        (Identity("a", visibility="private", created_by="other"), True),
        (Identity("a", visibility="default", created_by="me"), False),
        (Identity("a", visibility="default"), False),
        (Identity("a", visibility="shared", created_by="me"), True),
        (Identity("a", visibility="shared", created_by="other"), False),
        (Identity("a", visibility="shared"), True),
        (Identity("a", created_by="other"), False),
    ],
)
def test_an_identity_is_the_accounts_own_if_private_or_made_by_it(identity: Identity, own: bool) -> None:
    assert identity.belongs_to(frozenset({"me", "me@example.com"})) is own


@pytest.mark.parametrize(("balance", "read"), [(7, 7.0), ("7.5", 7.5), (None, None), (math.nan, None)])
def test_the_balance_may_be_of_any_type_or_missing(balance: object, read: float | None) -> None:
    assert read_me({"credits": balance}) == Me(read)


def test_an_account_is_called_by_its_name_address_and_numbers() -> None:
    body = {"username": "me", "email": "me@example.com", "id": 3, "user_id": "u-4", "name": "Ada"}
    assert read_me(body).names == {"me", "me@example.com", "3", "u-4"}


def test_a_webhook_may_come_without_its_secret_or_url() -> None:
    assert read_webhook({"url": "https://x", "secret": "s"}) == Webhook("https://x", SecretStr("s"))
    assert read_webhook({"secret": ""}) == Webhook(None, None)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"last_response_status": "204"}', 204),
        (b'{"last_response_status": null}', None),
        (b"[]", None),
        (b"<html>", None),
    ],
)
def test_the_receivers_last_answer_is_read_where_it_is_told(body: bytes, status: int | None) -> None:
    assert read_last_response(body) == status


def test_an_upload_has_its_place_its_id_and_perhaps_a_type() -> None:
    place = {"upload_url": "https://store/a", "file_id": 7}
    assert read_upload(place) == Upload("https://store/a", "7")
    assert read_upload({**place, "content_type": "image/png"}) == Upload("https://store/a", "7", "image/png")


def test_a_description_keeps_the_filled_traits_of_a_face() -> None:
    data = {
        "appearance": {"age": 28, "skin": " ", "build": None, "size": True, "height": 1.5},
        "face": {"eyes": "grey", "nose": math.nan, "lips": [], "smile": 10**400},
        "hair": {"color": ""},
        "outfit": {"top": "white shirt"},
    }
    assert read_extracted({"instruction_data": data, "suggested_name": "Ada"}) == Extracted(
        {"appearance": {"age": 28, "height": 1.5}, "face": {"eyes": "grey"}}, "Ada"
    )
    assert read_extracted({"instruction_data": {"face": "round"}}) == Extracted({})
