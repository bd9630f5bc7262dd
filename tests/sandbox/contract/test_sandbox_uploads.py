"""Uploads, and the extraction of a brief from a photo."""

import io
import re

import pytest
import requests
from PIL import Image
from sandbox_api import Api

from sandbox.pictures.contact_sheet import EXAMPLES
from sandbox.pictures.draw import draw

JPEG = {"Content-Type": "image/jpeg"}


def photo() -> bytes:
    return draw({**EXAMPLES[0], "options": {"size": "1K", "ar": "3:4", "format": "jpg"}}, "s", 0)


def upload(api: Api, content: bytes) -> str:
    slot = api.post("/upload", {"filename": "ada.jpg"}).json()
    assert requests.put(slot["upload_url"], data=content, headers=JPEG, timeout=60).status_code == 200
    return slot["file_id"]


def test_an_uploaded_file_can_be_fetched_again(api: Api) -> None:
    slot = api.post("/upload", {"filename": "a.png"}).json()
    assert slot["content_type"] == "image/png"
    headers = {"Content-Type": "image/png"}
    assert requests.put(slot["upload_url"], data=b"bytes", headers=headers, timeout=20).status_code == 200
    assert requests.get(slot["download_url"], timeout=20).content == b"bytes"


def test_without_a_filename_one_is_made_up(api: Api) -> None:
    slot = api.post("/upload", {}).json()
    assert slot["file_id"] in slot["filename"]


@pytest.mark.parametrize("filename", ["a.exe", "noextension", 7])
def test_a_file_that_is_no_picture_is_refused(api: Api, filename: object) -> None:
    assert api.post("/upload", {"filename": filename}).status_code == 400


def test_the_storage_refuses_a_wrong_type_a_wrong_signature_and_a_token(api: Api) -> None:
    url = api.post("/upload", {"filename": "a.jpg"}).json()["upload_url"]
    wrong_type = {"Content-Type": "image/png"}
    assert requests.put(url, data=b"x", headers=wrong_type, timeout=20).status_code == 403
    assert requests.put(url + "0", data=b"x", headers=JPEG, timeout=20).status_code == 403
    assert api.session.put(url, data=b"x", headers=JPEG, timeout=20).status_code == 400
    assert api.ledger()["violations"]["tokens_on_foreign_urls"] == 1


def test_an_upload_address_expires(api: Api) -> None:
    api.set(upload_url_seconds=0)
    url = api.post("/upload", {"filename": "a.jpg"}).json()["upload_url"]
    assert requests.put(url, data=b"x", headers=JPEG, timeout=20).status_code == 403


def test_an_extraction_describes_the_photo_and_is_charged_apart(api: Api) -> None:
    body = {"file_id": upload(api, photo()), "type": "identity_creation"}
    found = api.post("/preset/extract-from-image", body).json()
    data = found["instruction_data"]
    assert data["hair"] == {"color": "ash blonde", "length": "long"}
    assert (data["appearance"]["gender"], set(data["appearance"])) == ("female", {"gender", "age", "skin"})
    assert re.fullmatch(r"\d\d-\d\d", data["appearance"]["age"]), "a range, as text"
    assert data["face"]["eyes"]
    assert re.fullmatch("[A-Z][a-z]+", found["suggested_name"]), "a first name, not the file's"
    assert data["appearance"]["age"] in found["suggested_description"]
    assert api.ledger()["credits"]["charged"] == {"extraction": 5}
    assert api.create(data).status_code == 202


def test_the_same_photo_is_described_alike_whatever_its_file_is_called(api: Api) -> None:
    answers = []
    for name in ("ada.jpg", "eve.jpg"):
        slot = api.post("/upload", {"filename": name}).json()
        requests.put(slot["upload_url"], data=photo(), headers=JPEG, timeout=60)
        body = {"file_id": slot["file_id"], "type": "identity_creation"}
        answers.append(api.post("/preset/extract-from-image", body).json() | {"file_id": None})
    assert answers[0] == answers[1]


def test_a_person_is_described_from_words_too(api: Api) -> None:
    text = "A 31-year-old woman, long black hair in a bun, olive skin with freckles, brown eyes, smiling."
    found = api.post("/preset/extract-from-text", {"text": text}).json()
    assert set(found) == {"instruction_data", "suggested_name", "suggested_description", "file_id"}
    assert found["instruction_data"] == {
        "appearance": {"gender": "female", "age": "31", "skin": "olive", "expression": "smiling"},
        "face": {"eyes": "brown", "marks": "freckles"},
        "hair": {"color": "black", "length": "long", "style": "bun"},
    }
    assert api.create(found["instruction_data"]).status_code == 202
    assert api.post("/preset/extract-from-text", {"text": " "}).status_code == 400
    assert api.ledger()["credits"]["charged"]["extraction"] == 5


def test_without_the_type_of_identities_no_face_is_described(api: Api) -> None:
    found = api.post("/preset/extract-from-image", {"file_id": upload(api, photo())}).json()
    assert set(found["instruction_data"]) == {"outfit"}


def test_an_extraction_without_bytes_picture_or_credits_is_refused_for_free(api: Api) -> None:
    announced = api.post("/upload", {}).json()["file_id"]
    white = io.BytesIO()
    Image.new("RGB", (9, 9), "white").save(white, "JPEG")
    wanted = {"type": "identity_creation"}
    for file_id, status in ((7, 400), ("none", 404), (announced, 400), (upload(api, white.getvalue()), 400)):
        answer = api.post("/preset/extract-from-image", {"file_id": file_id, **wanted})
        assert answer.status_code == status
    api.set(credits=1)
    answer = api.post("/preset/extract-from-image", {"file_id": upload(api, photo()), **wanted})
    assert answer.status_code == 402
    assert api.ledger()["credits"]["charged"] == {}


def test_an_uploaded_reference_may_be_given_with_a_prompt(api: Api) -> None:
    instruction = {"prompt": "In this vibe", "input_assets": [{"file_id": upload(api, photo())}]}
    assert api.create(instruction).status_code == 202
