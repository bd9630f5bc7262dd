"""Drafts' pictures follow their brief; photos yield what can be told simply."""

import io
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from PIL import Image
from sandbox_api import RED, Api

from sandbox.pictures.attributes import read
from sandbox.pictures.contact_sheet import EXAMPLES, contact_sheet
from sandbox.pictures.draw import draw, portrait
from sandbox.pictures.reference import NotAPictureError, describe
from sandbox.pictures.sizes import pixels
from sandbox.pictures.words import HAIR_COLORS, LIP_COLORS, PLAIN_MOUTHS, SKIN_COLORS

SMALL = (150, 200)
BROWN = {"color": "brown"}
OPTIONS = {"size": "1K", "ar": "3:4", "format": "png"}


def picture(instruction: dict[str, Any], seed: str = "s", variation: int = 0) -> Image.Image:
    return portrait(instruction, seed, variation, SMALL)


def test_a_draft_is_served_in_the_asked_size_ratio_and_format(api: Api) -> None:
    wide = {**RED, "options": {"size": "1K", "ar": "16:9", "format": "png"}}
    job_id = api.create(wide).json()["job_id"]
    [item] = api.get(f"/jobs/{job_id}/results").json()["results"]
    answer = requests.get(item["url"], timeout=60)
    with Image.open(io.BytesIO(answer.content)) as served:
        assert (served.format, served.size) == ("PNG", (1024, 576))
    assert answer.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("size", "ratio", "expected"),
    [("1K", "1:1", (1024, 1024)), ("2K", "3:4", (1536, 2048)), ("4K", "21:9", (4096, 1755))],
)
def test_the_longer_side_follows_the_size(size: str, ratio: str, expected: tuple[int, int]) -> None:
    assert pixels(size, ratio) == expected


def test_the_same_seed_draws_the_same_and_variations_differ() -> None:
    images = [picture(EXAMPLES[0], variation=number).tobytes() for number in range(8)]
    assert len(set(images)) == 8
    assert picture(EXAMPLES[0]).tobytes() == images[0]
    assert picture(EXAMPLES[5], "other").tobytes() != picture(EXAMPLES[5]).tobytes()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"hair": {"color": "red"}}, {"hair": {"color": "black"}}),
        ({"hair": {"length": "long"}}, {"hair": {"length": "short"}}),
        ({"hair": {"style": "curly"}}, {"hair": {"style": "straight"}}),
        ({"appearance": {"skin": "light"}}, {"appearance": {"skin": "dark"}}),
        ({"appearance": {"expression": "sad"}}, {"appearance": {"expression": "laughing"}}),
        ({"face": {"facial_hair": "beard"}}, {"face": {"facial_hair": "no beard"}}),
        ({"face": {"facial_hair": "stubble"}}, {"face": {"facial_hair": "none"}}),
        ({"face": {"facial_hair": "moustache"}}, {"face": {"facial_hair": "goatee"}}),
        ({"face": {"facial_hair": "mustache"}}, {"face": {"facial_hair": "full beard"}}),
        ({"face": {"marks": "glasses"}}, {"face": {"marks": "none"}}),
        ({"face": {"marks": "freckles"}}, {"face": {"marks": "none"}}),
        ({"face": {"eyes": "blue"}}, {"face": {"eyes": "green"}}),
        ({"appearance": {"age": 20}}, {"appearance": {"age": 80}}),
        ({"appearance": {"age": 30}, "hair": BROWN}, {"appearance": {"age": 60}, "hair": BROWN}),
        (
            {"appearance": {"age": 75}, "face": {"marks": "freckles"}},
            {"appearance": {"age": 75}, "face": {"marks": "none"}},
        ),
    ],
)
def test_a_different_request_gives_a_different_picture(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert picture(one).tobytes() != picture(other).tobytes()


def test_a_large_picture_is_as_sharp_as_a_small_one() -> None:
    # Scaled down to a quarter, sharp edges stay; those that were scaled up four times are blurred.
    def edge(size: str) -> int:
        file = io.BytesIO(draw({**RED, "options": {**OPTIONS, "size": size}}, "s", 0))
        with Image.open(file) as drawn:
            row = drawn.convert("L").crop((0, drawn.height // 2, drawn.width, drawn.height // 2 + 1))
        levels = row.tobytes()
        return max(abs(one - other) for one, other in itertools.pairwise(levels))

    assert edge("2K") > 0.8 * edge("1K")


def test_events_go_on_while_a_large_picture_is_drawn(api: Api) -> None:
    job_id = api.create({**RED, "options": {**OPTIONS, "size": "2K", "ar": "1:1"}}).json()["job_id"]
    [item] = api.get(f"/jobs/{job_id}/results").json()["results"]
    with ThreadPoolExecutor(1) as pool:
        drawing = pool.submit(requests.get, item["url"], timeout=60)
        longest, began = 0.0, time.monotonic()
        while not drawing.done():
            started = time.monotonic()
            api.get("/auth/me")
            longest = max(longest, time.monotonic() - started)
        assert drawing.result().status_code == 200
    # Drawn in this process, it would hold up at least one answer for as long as it takes.
    assert longest < (time.monotonic() - began) / 2


def test_a_prompt_overrides_the_structured_fields() -> None:
    fields = {"hair": {"color": "black"}, "face": {"facial_hair": "beard"}}
    both = read({**fields, "prompt": "A woman, 31 years old, long red hair, olive skin, no glasses"})
    alone = read({"prompt": "A woman, 31 years old, long red hair, olive skin, no glasses"})
    assert both == alone
    assert (both.age, both.glasses, both.beards) == (31, (), ())


def share_of(color: str, image: Image.Image) -> float:
    """The part of a picture that has a colour."""
    red, green, blue = bytes.fromhex(color[1:])
    data = image.tobytes()
    near = sum(
        abs(data[at] - red) + abs(data[at + 1] - green) + abs(data[at + 2] - blue) < 24
        for at in range(0, len(data), 3)
    )
    return near / (image.width * image.height)


@pytest.mark.parametrize(
    "brief",
    [
        {"hair": {"style": "bald", "color": "blue"}, "appearance": {"skin": "light"}},
        {"hair": {"length": "bald", "color": "blue"}, "appearance": {"skin": "light"}},
        {"prompt": "bald, blue hair long ago, light skin"},
    ],
)
def test_a_bald_head_has_no_hair_but_is_a_head(brief: dict[str, Any]) -> None:
    for variation in range(4):
        drawn = picture(brief, variation=variation)
        assert share_of(HAIR_COLORS["blue"], drawn) == 0
        assert share_of(SKIN_COLORS["light"], drawn) > 0.1


@pytest.mark.parametrize(
    "brief",
    [
        {"prompt": "A man, short blonde hair, pink full beard"},
        {"hair": {"color": "blonde"}, "face": {"facial_hair": "pink full beard"}},
    ],
)
def test_a_beard_may_have_a_colour_of_its_own(brief: dict[str, Any]) -> None:
    drawn = picture(brief)
    assert share_of(HAIR_COLORS["pink"], drawn) > 0.03
    assert share_of(HAIR_COLORS["blonde"], drawn) > 0.03


def test_a_beards_colour_is_the_hairs_when_nothing_else_is_said() -> None:
    assert share_of(HAIR_COLORS["pink"], picture({"prompt": "A man, full beard, pink hair"})) > 0.08
    assert read({"prompt": "A man with a red beard"}).hair_color == HAIR_COLORS["red"]


@pytest.mark.parametrize(
    "brief",
    [{"face": {"makeup": "red lipstick"}}, {"face": {"lips": "red"}}, {"prompt": "red lipstick, brown hair"}],
)
def test_painted_lips_show_their_colour(brief: dict[str, Any]) -> None:
    assert share_of(LIP_COLORS["red"], picture(brief)) > 0.0005
    assert read(brief).hair_color != HAIR_COLORS["red"]


def test_freckles_stand_out_from_dark_skin_too() -> None:
    face = {"appearance": {"skin": "dark"}, "hair": {"style": "bald"}}
    plain, freckled = (
        picture({**face, "face": {"marks": marks}}).convert("L").tobytes() for marks in ("none", "freckles")
    )
    assert max(one - other for one, other in zip(plain, freckled, strict=True)) > 25


def test_a_smile_is_wider_than_a_plain_mouth() -> None:
    for mood in ("happy", "smiling", "wide smile"):
        mouths = read({"appearance": {"expression": mood}}).mouths or ()
        assert set(mouths) & set(PLAIN_MOUTHS) == set()


def test_a_portrait_gives_back_its_hair_and_skin_as_a_reference() -> None:
    asked = {
        "appearance": {"skin": "dark"},
        "hair": {"color": "pink", "length": "long", "style": "wavy"},
        "options": OPTIONS,
    }
    found = describe(draw(asked, "s", 0)).groups
    assert found["hair"] == {"color": "pink", "length": "long"}
    assert read(found).skin == read(asked).skin


def test_what_is_no_picture_or_shows_nobody_is_refused() -> None:
    plain = io.BytesIO()
    Image.new("RGB", (50, 50), "white").save(plain, "PNG")
    for content in (b"", b"no picture", plain.getvalue(), plain.getvalue()[:40]):
        with pytest.raises(NotAPictureError):
            describe(content)


def test_enterprise_accounts_get_their_watermark_and_others_do_not(api: Api) -> None:
    def pixels_of_the_lower_edge(**fields: Any) -> set[tuple[int, ...]]:
        instruction = {**RED, "options": OPTIONS}
        job_id = api.create(instruction, options={"add_ai_watermark": True}, **fields).json()["job_id"]
        [item] = api.get(f"/jobs/{job_id}/results").json()["results"]
        with Image.open(io.BytesIO(requests.get(item["url"], timeout=60).content)) as served:
            return {served.getpixel((x, served.height - 2)) for x in (2, served.width - 2)}

    assert (0, 0, 0) not in pixels_of_the_lower_edge(name="plain")
    api.set(enterprise=True)
    assert pixels_of_the_lower_edge(name="enterprise") == {(0, 0, 0)}


def test_a_wrong_or_expired_address_is_refused_and_a_token_a_violation(api: Api) -> None:
    api.set(picture_url_seconds=0)
    job_id = api.create().json()["job_id"]
    [item] = api.get(f"/jobs/{job_id}/results").json()["results"]
    assert requests.get(item["url"].replace("signature=", "signature=0"), timeout=60).status_code == 403
    assert requests.get(item["url"].replace("/cdn/drafts/", "/cdn/drafts/9"), timeout=60).status_code == 404
    assert api.session.get(item["url"].split("?")[0], timeout=60).status_code == 403
    assert api.ledger()["violations"]["tokens_on_foreign_urls"] == 1


def test_eight_briefs_make_one_picture() -> None:
    sheet = contact_sheet()
    assert sheet.size == (1200, 932)
    assert len({sheet.crop((300 * n, 0, 300 * n + 300, 400)).tobytes() for n in range(4)}) == 4
