"""Events are deleted at the API once their effect is on record, and no others."""

import time
from typing import Any

import pytest
from followed_accounts import pending, submit
from stepping import Flow, listening
from support import eventually

from config import durations, keys

pytestmark = pytest.mark.channel
DELETE = "DELETE /notifications/{id}"


def handled(flow: Flow) -> set[str]:
    """The ids of the events that are still to be deleted."""
    ids: Any = flow.client.zrange(keys.HANDLED("default"), 0, -1)
    return set(ids)


def test_events_of_other_products_are_left_alone(flow: Flow, redis_url: str) -> None:
    flow.api.set(backfill_seconds=100_000)
    with listening(flow.settings, flow.api, redis_url):
        flow.api.start_other_jobs(3)
        flow.api.rest()
        others = pending(flow.api)
        assert len(others) >= 3
        flow.accept(brief_id="b")
        assert flow.finish("b").state == "done"
        assert eventually(flow.client, lambda: pending(flow.api) == others)
    # Each of ours once: a second time would have been answered with 404.
    assert set(flow.api.ledger()["requests"][DELETE]) == {"204"}
    assert flow.api.ledger()["violations"]["foreign_notifications_deleted"] == 0


def test_an_event_is_deleted_only_once_its_effect_is_on_record(flow: Flow, redis_url: str) -> None:
    flow.api.set(backfill_seconds=100_000)
    submit(flow)
    kept = set(pending(flow.api))
    flow.api.fault("status", path="/notifications/*", method="DELETE", status=500, count=1_000)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: flow.api.requests(DELETE) >= len(kept))
        assert flow.client.hlen(keys.MESSAGES(keys.STEPS)) > 0, "the step it set off is queued"
        assert eventually(flow.client, lambda: handled(flow) == kept), "and all are still to be deleted"
        flow.api.sandbox.clear_faults()
        assert eventually(flow.client, lambda: not pending(flow.api))
        assert eventually(flow.client, lambda: flow.client.zcard(keys.HANDLED("default")) == 0)


@pytest.mark.parametrize("status", [401, 405, 503])
def test_events_that_may_not_be_deleted_are_tried_ever_more_rarely(
    flow: Flow, redis_url: str, status: int
) -> None:
    flow.client.zadd(keys.HANDLED("default"), {f"kept-{number}": 9e12 for number in range(100)})
    flow.client.expire(keys.HANDLED("default"), 60)
    flow.api.fault("status", path="/notifications/*", method="DELETE", status=status, count=None)
    began = time.monotonic()
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: flow.api.requests(DELETE) >= 3)
        tries, passed = flow.api.requests(DELETE), time.monotonic() - began
        # Each pause is at least the half of twice the one before.
        assert passed > durations.BACKOFF_FIRST_SECONDS / 2 * (2 ** (tries - 1) - 1)
        flow.api.sandbox.clear_faults()
        assert eventually(flow.client, lambda: flow.client.zcard(keys.HANDLED("default")) == 0)


def test_an_event_that_is_gone_already_counts_as_deleted(flow: Flow, redis_url: str) -> None:
    flow.client.zadd(keys.HANDLED("default"), {"987654": 9e12})
    flow.client.expire(keys.HANDLED("default"), 60)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: flow.client.zcard(keys.HANDLED("default")) == 0)
    assert flow.api.ledger()["requests"][DELETE] == {"404": 1}


def test_an_event_that_a_web_page_answers_for_is_still_deleted(flow: Flow, redis_url: str) -> None:
    flow.client.zadd(keys.HANDLED("default"), {"987654": 9e12})
    flow.client.expire(keys.HANDLED("default"), 60)
    flow.api.answer_by_pages()
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: flow.api.requests(DELETE) >= 1)
        flow.api.sandbox.clear_faults()
        assert eventually(flow.client, lambda: flow.client.zcard(keys.HANDLED("default")) == 0)
    assert flow.api.requests(DELETE) >= 2, "the page's answer was not the API's"
