"""The guide's sections on promotion, preprocessing, limits and errors, through the worker."""

import httpx
import pytest
from guide_briefs import drafts, face, promoted, told
from own_account import Api
from stepping import Flow
from support import event_types

from config import durations, keys

POST_CREATE = "POST /identity/create"


def test_an_instruction_is_named_after_its_job_and_numbered(heard: Flow, api: Api) -> None:
    for _ in range(2):
        faces = [face(prompt="one"), face(prompt="two")]
        assert heard.finish(heard.accept(instructions=faces, name="Spring")).state == "done"
    names = {identity["name"] for identity in api.ledger()["identities"]}
    assert names == {"Spring", "Spring 2", "Spring 3", "Spring 4"}


def test_a_draft_promoted_by_somebody_else_is_not_paid_again(heard: Flow, api: Api) -> None:
    heard.accept(brief_id="b", instructions=[face()])
    heard.until("b", "generating")
    api.rest()
    (draft,) = drafts(api)
    by_hand = httpx.post(
        f"{api.url}/identity/promote-generated",
        json={"image_result_id": draft["image_result_id"]},
        headers={"Authorization": f"Bearer {api.token}"},
        timeout=60,
    )
    assert by_hand.status_code == 201
    assert heard.finish("b").state == "done"
    assert heard.promotion("b").get("identity_code") == by_hand.json()["identity_code"]
    assert heard.calls("b")[3:] == ["promote intended", "promote already promoted"]
    assert api.ledger()["credits"]["charged"]["promotion"] == 50


@pytest.mark.parametrize("hidden", [False, True])
def test_a_failed_preprocessing_is_promoted_again_once_and_then_the_next_draft(
    heard: Flow, api: Api, hidden: bool
) -> None:
    """The API hides the identity: its status says that it failed, or does not know it any more."""
    # Long enough for a 404 to be no longer that of an identity too young to be known.
    api.set(preprocessing_median_seconds=40)
    api.set(preprocessing_failure_rate=1, failed_identity_answers_404=hidden)
    heard.accept(brief_id="b", instructions=[face(num_variations=2)])
    assert heard.finish("b").state == "failed"
    first, second = (draft["image_result_id"] for draft in drafts(api))
    assert promoted(api) == [first, first, second, second]
    assert event_types(heard.client).count("identity.promoted") == 4
    assert told(heard, "identity.promotion.failed")["identity_code"]
    assert heard.client.hlen(keys.SLOTS("default")) == heard.client.zcard(keys.IDENTITIES("default")) == 0


@pytest.mark.parametrize(("tier", "size"), [("free", "2K"), ("free", "4K"), ("standard", "4K")])
def test_a_size_above_the_tier_fails_the_brief_with_the_apis_words(
    heard: Flow, api: Api, tier: str, size: str
) -> None:
    api.set(tier=tier)
    assert heard.finish(heard.accept(instructions=[face(options={"size": size})])).state == "failed"
    assert size in told(heard, "identity.brief.failed")["error"]
    assert api.requests(POST_CREATE) == 1


@pytest.mark.parametrize(
    ("balance", "held_up", "numbers"),
    [
        (3, "create", "required 5, in progress 0, balance 3"),
        (7, "promote", "required 50, in progress 0, balance 2"),
    ],
)
def test_without_credits_what_is_missing_is_told_and_a_top_up_helps(
    heard: Flow, api: Api, balance: int, held_up: str, numbers: str
) -> None:
    api.set(credits=balance)
    brief_id = heard.accept(instructions=[face()])
    heard.steps.until(heard.pauses)
    assert list(heard.pauses()) == [held_up]
    assert numbers in heard.pauses()[held_up]
    api.set(credits=1_000)
    assert heard.finish(brief_id).state == "done"
    assert api.ledger()["credits"]["charged"] == {"drafts": 5, "promotion": 50}


def test_while_others_take_all_jobs_a_brief_waits_for_an_end(heard: Flow, api: Api) -> None:
    seconds = 100
    api.set(jobs_cap=0)  # until it has been refused
    brief_id = heard.accept(instructions=[face()])
    heard.steps.until(lambda: api.requests(POST_CREATE))
    api.set(jobs_cap=5)
    api.start_other_jobs(5, seconds=seconds)
    assert heard.finish(brief_id).state == "done"
    # The first refusal, and then one look in each pause, the first of which had begun before.
    assert 1 <= api.ledger()["requests"][POST_CREATE]["429"] <= 2 + seconds / durations.BUSY_AGAIN_SECONDS
    assert api.ledger()["max_jobs_in_flight"] == 5
    assert api.ledger()["credits"]["charged"] == {"drafts": 5, "promotion": 50}


def test_a_full_library_holds_the_promotion_up_until_a_slot_is_free(heard: Flow, api: Api) -> None:
    api.set(slots_cap=1, existing_identities=1)
    brief_id = heard.accept(instructions=[face()])
    heard.steps.until(heard.pauses)
    assert "Maximum identities" in heard.pauses()["promote"]
    assert heard.promotion(brief_id).state == "planned"
    api.set(slots_cap=2)
    assert heard.finish(brief_id).state == "done"
    assert api.ledger()["credits"]["charged"] == {"drafts": 5, "promotion": 50}


@pytest.mark.parametrize("call", ["create", "promote"])
def test_while_the_flag_is_off_nothing_is_lost(heard: Flow, api: Api, call: str) -> None:
    brief_id = heard.accept(instructions=[face()])
    if call == "promote":
        heard.until(brief_id, "generating")
    api.set(identity_creation_enabled=False)
    heard.steps.until(heard.pauses)
    assert list(heard.pauses()) == [call]
    api.set(identity_creation_enabled=True)
    assert heard.finish(brief_id).state == "done"
    assert api.ledger()["credits"]["charged"] == {"drafts": 5, "promotion": 50}


def test_a_reference_never_uploaded_fails_with_the_apis_words(heard: Flow, api: Api) -> None:
    asset = face(prompt="A face.", input_assets=[{"file_id": "img_nowhere"}])
    assert heard.finish(heard.accept(instructions=[asset])).state == "failed"
    assert "reference" in told(heard, "identity.brief.failed")["error"].lower()
    assert api.requests(POST_CREATE) == 1
