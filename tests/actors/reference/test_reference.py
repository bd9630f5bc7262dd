"""A brief's files are uploaded once each and its photo is described once; then it waits for its permits."""

from pathlib import Path
from typing import Any, cast

import pytest
from own_account import Api
from photo_briefs import accept_photo
from PIL import Image
from stepping import Flow
from support import event_types

from config import keys
from worker.views import snapshots

UPLOAD = "POST /upload"
EXTRACT = "POST /preset/extract-from-image"
LOOKS: dict[str, Any] = {"appearance": {"skin": "dark"}, "hair": {"color": "pink", "length": "long"}}


def test_a_photo_is_uploaded_described_and_submitted(heard: Flow, api: Api) -> None:
    brief_id = accept_photo(heard, name="Ada")
    assert heard.brief(brief_id).state == "preparing"
    assert heard.client.zcard(keys.WAITING("default", "create")) == 0
    brief = heard.finish(brief_id)
    assert brief.state == "done"
    assert api.sent()["instructions"][0]["hair"] == LOOKS["hair"]
    assert heard.calls(brief_id)[:3] == ["extract intended", "extract accepted", "create intended"]
    assert (api.requests(UPLOAD), api.requests(EXTRACT)) == (1, 1)
    assert api.ledger()["violations"]["tokens_on_foreign_urls"] == 0
    assert event_types(heard.client, brief_id)[0] == "identity.brief.accepted"


def test_what_the_brief_says_itself_wins_over_what_the_photo_shows(flow: Flow, api: Api) -> None:
    own = {
        "hair": {"color": "black"},
        "face": {"eyes": "green"},
        "num_variations": 3,
        "options": {"ar": "1:1"},
    }
    brief_id = flow.accept(instructions=[own], reference_image="ada.jpg")
    assert flow.until(brief_id, "generating").get("job_id")
    (instruction,) = api.sent()["instructions"]
    assert instruction["hair"] == {"color": "black", "length": "long"}
    assert instruction["face"] == {"eyes": "green"}
    assert "skin" in instruction["appearance"]
    assert (instruction["num_variations"], instruction["options"]["ar"]) == (3, "1:1")


def names_sent(flow: Flow, api: Api, **fields: Any) -> str | None:
    """Accept a brief of a photo, run it until its create is sent; return the job's name."""
    flow.until(accept_photo(flow, **fields), "generating")
    return cast("str | None", api.sent().get("name"))


def test_an_identity_is_called_as_the_brief_says(flow: Flow, api: Api) -> None:
    assert names_sent(flow, api, name="Countess") == "Countess"


def test_without_a_name_the_photos_is_what_the_api_suggests(flow: Flow, api: Api) -> None:
    suggestion = {"instruction_data": LOOKS, "suggested_name": " Ada\n Lovelace\u202e "}
    api.fault(kind="status", path="/preset/extract-from-image", status=200, body=suggestion)
    assert names_sent(flow, api, name=None) == "Ada Lovelace"
    assert snapshots.briefs(flow.client)[0].name == "Ada Lovelace"


@pytest.mark.parametrize("suggested", [None, "", " \n", 7])
def test_where_the_api_suggests_nothing_it_is_called_as_the_photo(
    flow: Flow, api: Api, suggested: object
) -> None:
    said = {"instruction_data": LOOKS, "suggested_name": suggested}
    api.fault(kind="status", path="/preset/extract-from-image", status=200, body=said)
    assert names_sent(flow, api, name=None) == "ada"


def test_a_folder_of_photos_gives_identities_with_names_of_their_own(
    heard: Flow, api: Api, folder: Path
) -> None:
    for name in ("bo", "cleo"):
        # What stands behind a JPEG's end is not drawn, and makes it another photo.
        (folder / f"{name}.jpg").write_bytes((folder / "ada.jpg").read_bytes() + name.encode())
        heard.finish(heard.accept(instructions=None, reference_image=f"{name}.jpg", name=None))
    # The same photo again: the API numbers the name, which nobody has asked for.
    heard.finish(
        heard.accept(
            instructions=None, reference_image="bo.jpg", name=None, on_name_taken="fail", brief_id="two"
        )
    )
    first, second, again = (identity["name"] for identity in api.ledger()["identities"])
    assert first != second
    assert again == f"{first} 2"


def test_the_record_says_what_was_removed_of_each_photo(flow: Flow, folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x8825] = 6, {1: "N"}
    with Image.open(folder / "ada.jpg") as photo:
        photo.save(folder / "bo.jpg", exif=exif)
    asset = {"prompt": "A face.", "input_assets": [{"file": "bo.jpg"}]}
    both = flow.accept(instructions=[asset], reference_image="ada.jpg")
    kept = flow.accept(instructions=[asset], keep_exif=True)
    assert flow.until(both, "generating").json("photos") == {
        "ada.jpg": {"removed": []},
        "bo.jpg": {"removed": ["EXIF"], "turned": True},
    }
    assert flow.until(kept, "generating").json("photos") == {"bo.jpg": {"kept": True}}


def test_each_file_is_uploaded_once_however_often_it_is_named(flow: Flow, api: Api) -> None:
    one, two, known = {"file": "moods/one.png"}, {"file": "moods/two.webp"}, {"file_id": "img_1"}
    prompted = [{"prompt": "A face.", "input_assets": assets} for assets in ([one, known], [two, one])]
    brief_id = flow.accept(instructions=prompted)
    flow.until(brief_id, "generating", "failed")
    assert api.requests(UPLOAD) == 2
    assert api.requests(EXTRACT) == 0
    files = flow.brief(brief_id).json("files")
    assert [
        instruction["input_assets"] for instruction in flow.brief(brief_id).json("body")["instructions"]
    ] == [
        [{"file_id": files["moods/one.png"]}, known],
        [{"file_id": files["moods/two.webp"]}, {"file_id": files["moods/one.png"]}],
    ]


def test_the_fingerprint_is_that_of_the_body_that_is_sent(flow: Flow) -> None:
    brief_id = accept_photo(flow)
    before = flow.brief(brief_id).fields["fingerprint"]
    after = flow.until(brief_id, "waiting", "submitting", "generating").fields
    assert after["fingerprint"] != before
    assert not {"doing", "turn", "tries"} & set(after)


def test_each_paid_call_is_journalled_with_attempt_time_and_request(heard: Flow) -> None:
    brief_id = accept_photo(heard)
    brief = heard.finish(brief_id)
    intents = [entry for entry in snapshots.journal(heard.client, brief_id) if entry["what"] == "intended"]
    assert [(entry["call"], entry["attempt"]) for entry in intents] == [
        ("extract", 1),
        ("create", 1),
        ("promote", 1),
    ]
    assert len({entry["fingerprint"] for entry in intents}) == 3
    assert intents[1]["fingerprint"] == brief.fields["fingerprint"]
    assert all(int(brief.fields["accepted_at"]) <= entry["at"] <= brief.read_at for entry in intents)
