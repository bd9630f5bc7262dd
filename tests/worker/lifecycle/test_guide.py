"""The sections of the guide on briefs, jobs and drafts, through the worker: what is made of what is said."""

import io
from typing import Any

import httpx
import pytest
from guide_briefs import drafts, face, promoted, told
from own_account import Api
from PIL import Image
from stepping import Flow
from support import events

from config import keys
from worker.briefs.body import MODELS

POST_CREATE = "POST /identity/create"
FACE: dict[str, Any] = {"hair": {"color": "red"}, "num_variations": 1}
RATIOS = ("1:1", "2:3", "3:4", "4:5", "5:4", "3:2", "4:3", "9:16", "16:9", "21:9")


def test_every_field_of_a_brief_reaches_the_api_as_it_was_given(heard: Flow, api: Api) -> None:
    names = {
        "appearance": ["gender", "age", "ethnicity", "skin", "build", "size", "height", "expression"],
        "face": [
            "eyes", "eyebrows", "nose", "lips", "smile", "face_shape", "facial_hair", "makeup", "marks",
        ],
        "hair": ["color", "length", "style"],
    }  # fmt: skip
    described: dict[str, Any] = {group: {name: f"a {name}" for name in names[group]} for group in names}
    described["appearance"]["age"] = 28
    # Of no effect, but accepted for forward compatibility.
    described |= {group: {"any": "thing"} for group in ("outfit", "style", "scene", "camera")}
    brief_id = heard.accept(instructions=[face(**described)], name="All of it")
    assert heard.finish(brief_id).state == "done"
    (instruction,) = api.sent()["instructions"]
    assert {name: instruction[name] for name in described} == described
    assert api.sent()["name"] == "All of it"
    assert [identity["name"] for identity in api.ledger()["identities"]] == ["All of it"]


def test_a_prompt_goes_out_word_for_word_with_its_fields_beside_it(heard: Flow, api: Api) -> None:
    prompt = "  A 31-year-old woman, long jet-black hair;\ncalm “focused” expression. "
    assert heard.finish(heard.accept(instructions=[face(prompt=prompt)])).state == "done"
    (instruction,) = api.sent()["instructions"]
    assert (instruction["prompt"], instruction["hair"]) == (prompt, FACE["hair"])


def test_five_instructions_of_eight_variations_are_one_job_and_five_identities(heard: Flow, api: Api) -> None:
    faces = [face(num_variations=8, prompt=f"face {number}") for number in range(5)]
    assert heard.finish(heard.accept(instructions=faces)).state == "done"
    assert api.requests(POST_CREATE) == 1
    assert len(drafts(api)) == 40
    assert sorted(promoted(api)) == [draft["image_result_id"] for draft in drafts(api)[::8]]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"instructions": []}, "instructions"),
        ({"instructions": [FACE] * 6}, "instructions"),
        ({"instructions": [face(num_variations=0)]}, "instructions[0].num_variations"),
        ({"instructions": [face(num_variations=9)]}, "instructions[0].num_variations"),
        ({"instructions": [{"prompt": " ", "hair": {"color": ""}}]}, "instructions[0]"),
        ({"instructions": [face(options={"size": "8K"})]}, "instructions[0].options.size"),
        ({"instructions": [face(options={"ar": "7:5"})]}, "instructions[0].options.ar"),
        ({"instructions": [face(options={"format": "gif"})]}, "instructions[0].options.format"),
        (
            {"instructions": [face(prompt="A face.", input_assets=[{"file_id": "img_1"}] * 4)]},
            "instructions[0].input_assets",
        ),
        ({"options": {"model": "no engine"}}, "options.model"),
        *(
            ({"options": {"model": "orbita"}, "instructions": [face(options=options)]}, path)
            for options, path in [
                ({"size": "2K"}, "instructions[0].options.size"),
                ({"size": "4K"}, "instructions[0].options.size"),
                ({"size": "1K", "ar": "4:5"}, "instructions[0].options.ar"),
                ({"size": "1K", "ar": "5:4"}, "instructions[0].options.ar"),
                ({"size": "1K", "ar": "21:9"}, "instructions[0].options.ar"),
            ]
        ),
        (
            {
                "options": {"model": "orbita"},
                "instructions": [face(prompt="A face.", input_assets=[{"file_id": "img_1"}])],
            },
            "instructions[0].input_assets",
        ),
    ],
)
def test_what_the_api_would_refuse_is_never_sent(
    flow: Flow, api: Api, fields: dict[str, Any], path: str
) -> None:
    flow.accept(brief_id="b", **fields)
    assert flow.brief("b").state == "failed"
    assert [fault["path"] for fault in told(flow, "identity.brief.failed")["faults"]] == [path]
    assert flow.client.llen(keys.QUEUE(keys.STEPS)) == 0
    assert api.requests(POST_CREATE) == 0


@pytest.mark.parametrize("model", MODELS)
def test_each_model_is_asked_for_by_its_name(heard: Flow, api: Api, model: str) -> None:
    brief_id = heard.accept(instructions=[face()], options={"model": model})
    assert heard.finish(brief_id).state == "done"
    assert api.sent()["options"]["model"] == model
    # The one size that orbita has is filled in, as the API's own default would be refused.
    assert api.sent()["instructions"][0]["options"]["size"] == ("1K" if model == "orbita" else "2K")


def test_of_a_model_that_is_not_known_here_the_api_decides(heard: Flow, api: Api) -> None:
    api.set(models=["auto", "onda"])
    fields: dict[str, Any] = {"instructions": [face(options={"ar": "21:9"})]}
    assert heard.finish(heard.accept(options={"model": "onda"}, **fields)).state == "done"
    brief = heard.finish(heard.accept(options={"model": "ondaa"}, **fields))
    assert brief.state == "failed"
    assert "Must be one of auto, onda" in brief.fields["error"]
    assert "options.model ondaa is not known here: the API decides" in brief.json("notes")


@pytest.mark.parametrize("ratios", [RATIOS[:5], RATIOS[5:]])
def test_every_size_ratio_and_format_is_asked_for_as_given(
    heard: Flow, api: Api, ratios: tuple[str, ...]
) -> None:
    sizes, formats = ("1K", "2K", "4K", "1K", "2K"), ("jpg", "png", "jpg", "png", "jpg")
    options = [
        {"size": size, "ar": ar, "format": format_}
        for size, ar, format_ in zip(sizes, ratios, formats, strict=True)
    ]
    assert heard.finish(heard.accept(instructions=[face(options=each) for each in options])).state == "done"
    assert [each["options"] for each in api.sent()["instructions"]] == options


def picture(url: str) -> Image.Image:
    """The picture at a draft's address, which needs no token."""
    return Image.open(io.BytesIO(httpx.get(url, timeout=10).content))


def test_the_picture_told_downstream_has_the_asked_size_ratio_and_format(heard: Flow) -> None:
    asked = {"size": "1K", "ar": "16:9", "format": "png"}
    assert heard.finish(heard.accept(instructions=[face(options=asked)])).state == "done"
    shown = picture(told(heard, "identity.promoted")["url"])
    assert shown.format == "PNG"
    assert shown.width / shown.height == pytest.approx(16 / 9, rel=0.01)
    assert max(shown.size) in range(1000, 1400)


@pytest.mark.parametrize("enterprise", [True, False])
def test_a_watermark_is_on_the_pictures_of_enterprise_accounts_alone(
    heard: Flow, api: Api, enterprise: bool
) -> None:
    api.set(enterprise=enterprise)
    marked = {"add_ai_watermark": True}
    small = face(options={"size": "1K", "format": "png"})
    assert heard.finish(heard.accept(instructions=[small], options=marked)).state == "done"
    assert api.sent()["options"]["add_ai_watermark"] is True
    shown = picture(told(heard, "identity.promoted")["url"]).convert("RGB")
    assert (shown.getpixel((2, shown.height - 2)) == (0, 0, 0)) == enterprise


@pytest.mark.parametrize("failing", [{"job_failure_rate": 1}, {"draft_failure_rate": 0.6}])
def test_a_brief_goes_on_with_whatever_drafts_were_finished(
    heard: Flow, api: Api, failing: dict[str, float]
) -> None:
    """A job may stop on its way, or finish without some of its drafts; which ones is drawn by lot."""
    api.set(**failing)
    for number in range(4):
        brief_id = heard.accept(instructions=[face(prompt=f"face {number}", num_variations=3)])
        state, promotions = heard.finish(brief_id).state, promoted(api)
        finished = [
            draft["image_result_id"] for draft in drafts(api, number) if draft["status"] == "completed"
        ]
        assert state == ("done" if finished else "failed")
        if finished:
            assert promotions[-1] == finished[0]
            (ready,) = [e for e in events(heard.client, brief_id) if e["type"] == "identity.drafts.ready"]
            assert [draft["image_result_id"] for draft in ready["data"]["drafts"]] == finished
