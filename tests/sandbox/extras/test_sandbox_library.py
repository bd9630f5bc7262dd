"""Identities from photos, their metadata, and the library's filters."""

import io
from typing import Any

import pytest
import requests
from PIL import Image
from sandbox_api import Api


def photo(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (30, 40), "#a0705a").save(file, kind)
    return file.getvalue()


PNG = photo()


def send(api: Api, path: str, content: bytes = PNG, **fields: Any) -> requests.Response:
    files = {"image": ("ada.png", content, "image/png")}
    return api.session.post(api.url + path, files=files, data=fields, timeout=60)


def test_an_uploaded_identity_is_in_the_library_and_takes_a_slot(api: Api) -> None:
    answer = send(api, "/identity/upload", name="Ada", tag="spring")
    made = answer.json()
    assert (answer.status_code, made["success"], made["name"], made["face_detected"]) == (
        201,
        True,
        "Ada",
        True,
    )
    assert set(made) == {
        "success", "face_detected", "face_metadata", "identity_code", "name", "link", "created_at",
        "original_filename", "visibility", "groups", "created_by", "image_description",
    }  # fmt: skip
    assert (made["original_filename"], made["image_description"]) == ("ada.png", "spring")
    assert (made["visibility"], made["created_by"]) == ("private", api.account.removeprefix("sandbox-"))
    assert requests.get(made["link"], timeout=20).headers["content-type"] == "image/jpeg"
    shown = api.get(f"/identity/{made['identity_code']}").json()
    assert (shown["preprocessing_status"], shown["link"]) == ("completed", made["link"])
    assert api.ledger()["slots_used"] == 1
    api.set(slots_cap=1)
    assert send(api, "/identity/upload", name="Eva").status_code == 429


def test_without_a_name_the_file_names_the_identity(api: Api) -> None:
    names = [send(api, "/identity/upload").json()["name"] for _ in range(2)]
    assert names == ["ada", "ada 2"]


def test_an_upload_under_a_taken_name_brings_its_identitys_code(api: Api) -> None:
    code = send(api, "/identity/upload", name="Ada").json()["identity_code"]
    answer = send(api, "/identity/upload", name="Ada")
    assert answer.status_code == 409
    assert answer.json()["existing_identity_code"] == code
    assert "identity_code" not in answer.json()


def test_what_is_no_form_or_no_picture_is_refused(api: Api) -> None:
    assert send(api, "/identity/upload", b"no picture").status_code == 400
    assert api.post("/identity/upload", {"name": "Ada"}).status_code == 400
    missing = api.session.post(api.url + "/identity/upload", files={"other": b"x"}, timeout=20)
    assert missing.status_code == 400
    headers = {"Content-Type": "multipart/form-data"}
    unbound = api.session.post(api.url + "/identity/upload", data=b"x", headers=headers, timeout=20)
    assert unbound.status_code == 400
    assert api.ledger()["identities"] == []


def test_another_view_is_brought_to_its_size_for_nothing(api: Api) -> None:
    code = send(api, "/identity/upload").json()["identity_code"]
    made = send(api, f"/identity/{code}/pov", photo("JPEG"), pov_index=2).json()
    assert (made["success"], made["pov_index"], made["processed_count"]) == (True, 2, 1)
    [image] = made["processed_images"]
    assert image["original_filename"] == "ada.png"
    with Image.open(io.BytesIO(requests.get(image["link"], timeout=20).content)) as served:
        assert served.size == (1024, 1024)
    assert api.get("/auth/me").json()["credits"] == 100_000
    assert send(api, f"/identity/{code}/pov", pov_index="x").status_code == 400
    assert send(api, "/identity/none/pov").status_code == 404


def test_metadata_are_kept_and_described(api: Api) -> None:
    code = send(api, "/identity/upload", name="Ada").json()["identity_code"]
    path = f"{api.url}/identity/{code}/metadata"
    answer = api.session.patch(path, json={"tag": "spring", "gender": "female", "age": 31}, timeout=20)
    assert answer.json() == {
        "success": True,
        "message": "Metadata updated.",
        "name": "Ada",
        "image_description": "31 years old, female, spring",
    }
    api.session.patch(path, json={"age": None}, timeout=20)
    assert api.get(f"/identity/{code}").json()["image_description"] == "female, spring"


@pytest.mark.parametrize(
    "body", [{"gender": "robot"}, {"age": -1}, {"age": "31"}, {"tag": 7}, {"gender": []}]
)
def test_metadata_that_are_none_are_refused(api: Api, body: dict[str, Any]) -> None:
    code = send(api, "/identity/upload").json()["identity_code"]
    answer = api.session.patch(f"{api.url}/identity/{code}/metadata", json=body, timeout=20)
    assert (answer.status_code, answer.json()["detail"][0]["field"]) == (400, next(iter(body)))


def test_the_library_is_filtered_by_metadata_and_state(api: Api) -> None:
    for name, gender, age in (("Ada", "female", 31), ("Ben", "male", 50), ("Cai", None, None)):
        code = send(api, "/identity/upload", name=name, tag="x").json()["identity_code"]
        body = {"gender": gender, "age": age}
        assert (
            api.session.patch(f"{api.url}/identity/{code}/metadata", json=body, timeout=20).status_code == 200
        )

    def found(**query: Any) -> list[str]:
        listed = api.get("/identity", ownership="mine", order="asc", **query).json()["identities"]
        return [identity["name"] for identity in listed]

    assert found(tag="x") == ["Ada", "Ben", "Cai"]
    assert found(gender="male") == ["Ben"]
    assert found(min_age=30, max_age=40) == ["Ada"]
    assert found(preprocessing_status="pending") == []
    assert found(include_locked="true", tag="y") == []
    assert api.get("/identity", min_age="x").status_code == 400


def test_a_promoted_identity_links_to_its_draft(api: Api) -> None:
    [draft] = api.drafts()
    code = api.promote(draft).json()["identity_code"]
    assert f"/cdn/drafts/{draft}." in api.get(f"/identity/{code}").json()["link"]


def test_an_upload_may_name_a_project(api: Api) -> None:
    numbers = [
        api.post("/upload", {"filename": "a.jpg", "project_name": name}).json()["project_id"]
        for name in ("spring", "autumn", "spring")
    ]
    assert numbers == [1, 2, 1]
    assert "project_id" not in api.post("/upload", {}).json()
