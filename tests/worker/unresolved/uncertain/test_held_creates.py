"""A create of unknown outcome is held where nobody but a person can tell what became of it."""

from typing import Any

import httpx
import pytest
from own_account import CREATE, Api
from stepping import Flow, listening
from support import eventually
from uncertain_creates import grow_over, held, jobs_made, told_before, unknown

from config import keys

pytestmark = pytest.mark.channel

ACCOUNT = "default"
POST_CREATE = f"POST {CREATE}"
DRAFTS = [{"appearance": {"gender": "female"}, "num_variations": 2}]


def make_by_hand(api: Api, **body: Any) -> str:
    """Let somebody else create on the account; return the job's id."""
    headers = {"Authorization": f"Bearer {api.token}"}
    answer = httpx.post(api.url + CREATE, headers=headers, json={"instructions": DRAFTS, **body}, timeout=60)
    return str(answer.json()["job_id"])


def test_on_a_stream_silent_about_our_jobs_nothing_is_sent_again(followed: Flow) -> None:
    unknown(followed, "refuse")
    grow_over(followed)
    assert "without a gap" in held(followed)
    assert followed.api.requests(POST_CREATE) == 1
    assert followed.client.zcard(keys.PERMITS(ACCOUNT)) == 0
    assert followed.client.hlen(keys.SLOTS(ACCOUNT)) == 1


def test_a_gap_in_the_stream_forbids_to_send_again(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        told_before(flow)
    unknown(flow, "refuse")
    flow.client.hset(keys.STREAM(ACCOUNT), "replayed_since", flow.ledger.now() + 1)
    grow_over(flow)
    assert "without a gap" in held(flow)


def test_a_job_that_somebody_made_by_hand_meanwhile_is_a_question(followed: Flow) -> None:
    told_before(followed)
    followed.api.set(drafts_median_seconds=100)
    unknown(followed, "drop_response")
    by_hand = make_by_hand(followed.api)
    followed.api.rest()
    eventually(followed.client, lambda: followed.client.zcard(keys.UNCLAIMED(ACCOUNT)) == 2)
    grow_over(followed)
    question = held(followed)
    assert "2 jobs" in question
    candidates = followed.brief("b").json("candidate_jobs")
    assert {each["job_id"] for each in candidates} == {*jobs_made(followed)[1:]} >= {by_hand}
    assert followed.api.requests(POST_CREATE) == 3


def test_different_briefs_of_as_many_drafts_are_not_guessed_between(followed: Flow) -> None:
    followed.api.set(drafts_median_seconds=100)
    for name in ("b", "c"):
        unknown(followed, "drop_response", name, instructions=[{"prompt": name, "num_variations": 2}])
    followed.api.rest()
    eventually(followed.client, lambda: followed.client.zcard(keys.UNCLAIMED(ACCOUNT)) == 2)
    for name in ("b", "c"):
        grow_over(followed, name)
    assert "2 jobs" in held(followed, "b")
    assert "2 jobs" in held(followed, "c")
