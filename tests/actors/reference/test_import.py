"""A brief of the kind `import` makes an identity of a portrait, once, whatever answers are lost."""

from typing import Any

import pytest
from own_account import Api
from stepping import Flow, step
from support import event_types, events

from config import keys
from worker.operations import audit
from worker.operations.operator import Operator
from worker.views import snapshots

PATH = "/identity/upload"
UPLOAD = f"POST {PATH}"


def ask(flow: Flow, **fields: Any) -> str:
    """Accept an import of the photo."""
    given = {"name": "Ada", "kind": "import", "reference_image": "ada.jpg", "instructions": None, **fields}
    return flow.accept(**given)


def names(api: Api) -> list[str]:
    return sorted(identity["name"] for identity in api.ledger()["identities"])


def no_fault(flow: Flow, brief_id: str) -> bool:
    audited = audit.read(flow.client, brief_id)
    return audited is not None and not list(audit.faults(audited))


def test_a_portrait_becomes_an_identity_without_drafts(heard: Flow, api: Api) -> None:
    brief_id = ask(heard, tag="spring", metadata={"sku": "7"})
    # It takes a request of the window of promotes, where it counts for a third of a second here.
    heard.steps.until(lambda: heard.client.zcard(keys.WINDOW("default", "promote")) == 1)
    brief = heard.finish(brief_id)
    assert brief.state == "done"
    assert event_types(heard.client, brief_id) == [
        "identity.brief.accepted",
        "identity.imported",
        "identity.preprocessing.completed",
        "identity.brief.done",
    ]
    accepted, imported, completed, _ = (event["data"] for event in events(heard.client, brief_id))
    assert (accepted["kind"], accepted["variations"]) == ("import", 0)
    (identity,) = api.ledger()["identities"]
    assert imported["identity_code"] == completed["identity_code"] == identity["identity_code"]
    assert (imported["photo"], imported["image_result_id"], imported["metadata"]) == (
        "ada.jpg",
        None,
        {"sku": "7"},
    )
    assert (names(api), api.requests(UPLOAD), api.requests("POST /identity/create")) == (["Ada"], 1, 0)
    assert heard.calls(brief_id) == ["import intended", "import accepted"]
    assert heard.promotion(brief_id).json("photo_done") == {"removed": []}
    view = snapshots.brief(heard.client, brief_id)
    assert view is not None
    assert (view.kind, view.credits, view.identity_codes) == ("import", 0, (identity["identity_code"],))
    # It takes a slot, and of budgets nothing.
    assert heard.client.zcard(keys.IDENTITIES("default")) == 1
    assert float(heard.client.hget(keys.RECORD("account:default"), "spent") or 0) == 0
    assert no_fault(heard, brief_id)


def test_a_lost_answer_is_found_in_the_library_and_not_sent_again(heard: Flow, api: Api) -> None:
    api.fault("drop_response", path=PATH, count=1)
    brief_id = ask(heard)
    heard.steps.until(lambda: heard.calls(brief_id)[-1:] == ["import OutcomeUnknown"])
    heard.end_pauses()
    assert heard.finish(brief_id).state == "done"
    assert (names(api), api.requests(UPLOAD)) == (["Ada"], 1)
    assert heard.calls(brief_id)[-2:] == ["import intended", "import already imported"]
    assert no_fault(heard, brief_id)


def test_an_upload_that_has_not_arrived_is_sent_again(heard: Flow, api: Api) -> None:
    api.refuse(PATH, 502)
    brief_id = ask(heard)
    heard.steps.until(lambda: heard.calls(brief_id)[-1:] == ["import OutcomeUnknown"])
    # The library can't be asked at first: nothing is sent meanwhile.
    api.refuse("/identity", 500)
    heard.end_pauses()
    heard.steps.until(lambda: heard.calls(brief_id)[-1:] == ["import NotSent"])
    assert api.requests(UPLOAD) == 1
    heard.end_pauses()
    assert heard.finish(brief_id).state == "done"
    assert (names(api), api.requests(UPLOAD)) == (["Ada"], 2)
    assert no_fault(heard, brief_id)


def test_where_the_api_does_not_tell_the_file_a_person_is_asked(heard: Flow, api: Api) -> None:
    api.fault("drop_response", path=PATH, count=1)
    brief_id = ask(heard)
    heard.steps.until(lambda: heard.calls(brief_id)[-1:] == ["import OutcomeUnknown"])
    (identity,) = api.ledger()["identities"]
    silent = {"identities": [{"identity_code": identity["identity_code"], "name": "Ada"}]}
    api.refuse("/identity", 200, silent)
    heard.end_pauses()
    assert identity["identity_code"] in str(heard.until(brief_id, "held").get("question"))
    assert api.requests(UPLOAD) == 1
    retried(heard, brief_id)
    assert heard.finish(brief_id).state == "done"
    assert (names(api), api.requests(UPLOAD)) == (["Ada"], 1)


def retried(flow: Flow, brief_id: str) -> None:
    audited = audit.read(flow.client, brief_id)
    assert audited is not None
    Operator(flow.client, flow.settings, "tester").retry(flow.brief(brief_id), audited.journal)


@pytest.mark.parametrize(("rule", "ends"), [("suffix", "done"), ("fail", "failed")])
def test_a_name_of_another_identity_is_numbered_or_refused(
    heard: Flow, api: Api, rule: str, ends: str
) -> None:
    first = ask(heard)
    heard.finish(first)
    second = ask(heard, on_name_taken=rule)
    assert heard.finish(second).state == ends
    assert names(api) == (["Ada", "Ada 2"] if rule == "suffix" else ["Ada"])
    assert no_fault(heard, second)


def test_a_refused_portrait_fails_and_can_be_tried_again(heard: Flow, api: Api) -> None:
    api.refuse(PATH, 400, {"error": "no face"})
    brief_id = ask(heard, name=None)
    assert heard.finish(brief_id).state == "failed"
    assert "no face" in str(heard.promotion(brief_id).get("error"))
    retried(heard, brief_id)
    assert heard.finish(brief_id).state == "done"
    assert names(api) == ["ada"]
    assert no_fault(heard, brief_id)


def test_what_is_no_portrait_is_never_sent(flow: Flow, api: Api) -> None:
    assert flow.finish(ask(flow, reference_image="gone.jpg")).state == "failed"
    bad = ask(flow, reference_image="https://example.com/a.jpg", instructions=[{"prompt": "A face."}])
    faults = {fault["path"] for fault in flow.brief(bad).json("faults")}
    assert faults == {"reference_image", "instructions"}
    assert api.requests(UPLOAD) == 0


def test_imports_wait_for_slots(heard: Flow, api: Api) -> None:
    one = ask(heard)
    heard.ledger.set_limits("default", {"slots": "1"}, "tester")
    two = ask(heard, name="Bo")
    assert heard.finish(one).state == "done"
    assert heard.promotion(two).state == "planned"
    heard.ledger.set_limits("default", {"slots": "2"}, "tester")
    assert heard.finish(two).state == "done"
    assert names(api) == ["Ada", "Bo"]


def test_a_portrait_that_web_pages_answer_for_has_not_failed(flow: Flow, api: Api) -> None:
    subject = f"promotion:{ask(flow)}#0"
    flow.steps.until(lambda: flow.ledger.read(subject) and flow.record(subject).state == "preprocessing")
    api.rest()
    api.answer_by_pages()
    for _ in range(3):
        flow.grow_older(subject, 5)  # 1,000 s at the speed of the tests
        assert flow.steps.run() == ("finish_identity", subject)
        assert flow.record(subject).state == "preprocessing"
    assert "set PIKTID_API_URL right" in flow.pauses()["pause"]
    api.sandbox.clear_faults()
    flow.wake_timer(subject)
    flow.steps.until(lambda: flow.record(subject).state == "ready")
    assert api.requests(UPLOAD) == 1


def test_a_lost_upload_keeps_its_permit_when_its_own_step_breaks(flow: Flow, api: Api) -> None:
    from actors.held import hold_step

    api.fault("drop_response", path=PATH, count=1)
    brief_id = ask(flow)
    subject = f"promotion:{brief_id}#0"
    flow.steps.until(lambda: flow.calls(brief_id)[-1:] == ["import OutcomeUnknown"])
    # The run that lost the answer broke after it had put that on record: no later one was granted.
    flow.broker.enqueue(step("promote_draft", subject))
    ((redis_id, *_),) = flow.broker.fetch(keys.STEPS, 1)
    flow.broker.dead_letter(keys.STEPS, redis_id, "a bug of ours")
    hold_step(redis_id)
    assert (flow.record(subject).state, flow.record(subject).attempt) == ("held", 1)
    assert flow.client.zrange(keys.PERMITS("default"), 0, -1) == [subject]
