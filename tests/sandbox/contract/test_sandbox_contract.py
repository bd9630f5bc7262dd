"""The guide's two tables, *Error handling* and *Limits and validation*, row by row."""

from typing import Any

import pytest
import requests
from sandbox_api import RED, Api

ORBITA = {"options": {"model": "orbita"}}


def options(**values: Any) -> dict[str, Any]:
    return {**RED, "options": values}


REFUSED = {
    "no instructions": ({"instructions": []}, "instructions"),
    "instructions are missing": ({}, "instructions"),
    "six instructions": ({"instructions": [RED] * 6}, "instructions"),
    "an empty instruction": ({"instructions": [{}]}, "instructions[0]"),
    "blank and null fields only": (
        {"instructions": [{"hair": {"color": " ", "length": None}}]},
        "instructions[0]",
    ),
    "a blank prompt": ({"instructions": [{"prompt": "  "}]}, "instructions[0]"),
    "ignored groups only": ({"instructions": [{"outfit": {"top": "shirt"}}]}, "instructions[0]"),
    "no variation": ({"instructions": [{**RED, "num_variations": 0}]}, "instructions[0].num_variations"),
    "nine variations": ({"instructions": [{**RED, "num_variations": 9}]}, "instructions[0].num_variations"),
    "a size that is none": ({"instructions": [options(size="3K")]}, "instructions[0].options.size"),
    "a ratio that is none": ({"instructions": [options(ar="7:5")]}, "instructions[0].options.ar"),
    "a format that is none": ({"instructions": [options(format="gif")]}, "instructions[0].options.format"),
    "a model that is none": ({"instructions": [RED], "options": {"model": "x"}}, "options.model"),
    "a second broken instruction": (
        {"instructions": [RED, options(size="9K")]},
        "instructions[1].options.size",
    ),
    "four references": (
        {"instructions": [{"prompt": "x", "input_assets": [{"file_id": "f"}] * 4}]},
        "instructions[0].input_assets",
    ),
    "a reference that was never uploaded": (
        {"instructions": [{"prompt": "x", "input_assets": [{"file_id": "f"}]}]},
        "instructions[0].input_assets[0].file_id",
    ),
    "orbita with its default size": ({"instructions": [RED], **ORBITA}, "instructions[0].options.size"),
    "orbita in 4K": ({"instructions": [options(size="4K")], **ORBITA}, "instructions[0].options.size"),
    "orbita in 4:5": (
        {"instructions": [options(size="1K", ar="4:5")], **ORBITA},
        "instructions[0].options.ar",
    ),
    "orbita in 5:4": (
        {"instructions": [options(size="1K", ar="5:4")], **ORBITA},
        "instructions[0].options.ar",
    ),
    "orbita in 21:9": (
        {"instructions": [options(size="1K", ar="21:9")], **ORBITA},
        "instructions[0].options.ar",
    ),
    "orbita with a reference": (
        {
            "instructions": [{"prompt": "x", "options": {"size": "1K"}, "input_assets": [{"file_id": "f"}]}],
            **ORBITA,
        },
        "instructions[0].input_assets",
    ),
}

ACCEPTED = {
    "five instructions": {"instructions": [RED] * 5},
    "eight variations": {"instructions": [{**RED, "num_variations": 8}]},
    "a prompt alone": {"instructions": [{"prompt": "A woman with red hair"}]},
    "an age as a number": {"instructions": [{"appearance": {"age": 28}}]},
    "ignored groups beside others": {"instructions": [{**RED, "scene": {"place": "beach"}}]},
    "no variations given": {"instructions": [RED]},
    "orbita in 1K": {"instructions": [options(size="1K")], **ORBITA},
    **{f"size {size}": {"instructions": [options(size=size)]} for size in ("1K", "2K", "4K")},
    **{
        f"ratio {ratio}": {"instructions": [options(ar=ratio)]}
        for ratio in ("1:1", "2:3", "3:4", "4:5", "5:4", "3:2", "4:3", "9:16", "16:9", "21:9")
    },
    **{
        f"orbita in {ratio}": {"instructions": [options(size="1K", ar=ratio)], **ORBITA}
        for ratio in ("1:1", "2:3", "3:4", "3:2", "4:3", "9:16", "16:9")
    },
    **{f"format {name}": {"instructions": [options(format=name)]} for name in ("jpg", "png")},
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_body_that_breaks_a_rule_is_refused_with_its_field(api: Api, case: str) -> None:
    body, field = REFUSED[case]
    answer = api.post("/identity/create", body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Invalid request"
    assert field in [fault["field"] for fault in answer.json()["detail"]]
    assert api.ledger()["jobs"] == []


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_body_within_the_limits_is_accepted_with_202(api: Api, case: str) -> None:
    body = ACCEPTED[case]
    answer = api.post("/identity/create", body)
    variations = [instruction.get("num_variations", 1) for instruction in body["instructions"]]
    assert answer.status_code == 202
    assert answer.json()["status"] == "pending"
    assert answer.json()["num_instructions"] == len(variations)
    assert answer.json()["total_variations"] == sum(variations)


def test_a_prompt_naming_a_real_person_is_refused_with_the_term(api: Api) -> None:
    answer = api.create({"prompt": "Someone like taylor swift, on a sofa"})
    assert answer.status_code == 400
    assert answer.json()["blocked_term"] == "Taylor Swift"
    assert "blocked term: 'Taylor Swift'" in answer.json()["error"]


@pytest.mark.parametrize(
    "instruction",
    [
        {"prompt": "TAYLOR\n  Swift's hair"},
        {"prompt": "Beyonc\u00e9, singing"},
        {"face": {"eyes": "like Brad  pitt"}},
        {"appearance": {"expression": "that of Rihanna"}},
    ],
)
def test_a_real_person_is_found_however_written_and_in_fields_too(
    api: Api, instruction: dict[str, Any]
) -> None:
    assert "blocked_term" in api.create(instruction).json()
    assert api.create({"prompt": "A swift tailor", "hair": {"color": "brad"}}).status_code == 202


def test_the_list_of_real_persons_can_be_set(api: Api) -> None:
    api.set(blocked_names=["Ada Lovelace"])
    assert api.create({"prompt": "Ada Lovelace"}).status_code == 400
    assert api.create({"prompt": "Taylor Swift"}).status_code == 202


@pytest.mark.parametrize("token", ["nonsense", "sandbox-", ""])
def test_an_unknown_token_is_refused_with_401(api: Api, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(api.url + "/auth/me", headers=headers, timeout=20).status_code == 401


def test_too_few_credits_are_refused_with_402_and_three_numbers(api: Api) -> None:
    api.set(credits=9)
    answer = api.create({**RED, "num_variations": 2})
    assert answer.status_code == 402
    assert answer.json() == {
        "error": "Insufficient credits",
        "required_credits": 10.0,
        "in_progress_credits": 0.0,
        "user_credits": 9.0,
    }


def test_credits_of_running_jobs_are_reserved(api: Api) -> None:
    api.set(credits=9, drafts_median_seconds=1000)
    assert api.create(RED).status_code == 202
    answer = api.create(RED)
    assert (answer.status_code, answer.json()["in_progress_credits"]) == (402, 5.0)


@pytest.mark.parametrize(
    ("tier", "size", "status"),
    [
        ("free", "1K", 202),
        ("free", "2K", 403),
        ("standard", "2K", 202),
        ("standard", "4K", 403),
        ("pro", "4K", 202),
    ],
)
def test_a_size_above_the_tier_is_refused_with_403(api: Api, tier: str, size: str, status: int) -> None:
    api.set(tier=tier)
    assert api.create(options(size=size)).status_code == status


def test_a_switched_off_feature_answers_503(api: Api) -> None:
    api.set(identity_creation_enabled=False)
    assert api.create().status_code == 503
    assert api.promote(1).status_code == 503


def test_a_draft_of_another_account_is_not_found(api: Api) -> None:
    [draft] = api.drafts()
    with Api(api.sandbox, api.account.removeprefix("sandbox-") + "-other") as other:
        assert other.promote(draft).status_code == 404


def test_a_draft_of_another_kind_of_job_cannot_be_promoted(api: Api) -> None:
    order = {"account": api.account, "seconds": 0}
    made = requests.post(api.url + "/_sandbox/other-jobs", json=order, timeout=20).json()
    assert api.promote(made["image_result_ids"][0]).status_code == 400


def test_a_failed_draft_cannot_be_promoted(api: Api) -> None:
    api.set(draft_failure_rate=1)
    [draft] = api.drafts()
    assert api.promote(draft).status_code == 400


def test_a_draft_without_exactly_one_face_cannot_be_promoted(api: Api) -> None:
    api.set(wrong_faces_rate=1)
    [draft] = api.drafts()
    answer = api.promote(draft)
    assert (answer.status_code, "one face" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("number", [None, "10001", True, 1.5])
def test_a_promotion_without_an_integer_id_is_refused(api: Api, number: object) -> None:
    answer = api.post("/identity/promote-generated", {"image_result_id": number})
    assert (answer.status_code, answer.json()["detail"][0]["field"]) == (400, "image_result_id")


def test_a_body_that_is_no_json_object_is_refused(api: Api) -> None:
    for body in ("{", "[]", '"x"', "\x00"):
        answer = api.session.post(api.url + "/identity/create", data=body, timeout=20)
        assert (answer.status_code, answer.json()["error"]) == (400, "Invalid request")


def test_unknown_paths_and_methods_answer_as_json(api: Api) -> None:
    assert (api.get("/nowhere").status_code, api.get("/identity/create").status_code) == (404, 404)
    assert api.delete("/auth/me").status_code == 405
    assert api.get("/nowhere").json()["error"]
