"""A brief of the kind `description` has its photo described, once, and buys no drafts."""

from own_account import Api
from photo_briefs import accept_photo
from stepping import Flow
from support import event_types, events

from worker.operations import audit

EXTRACT = "POST /preset/extract-from-image"


def test_a_photo_is_described_and_nothing_else_is_bought(flow: Flow, api: Api) -> None:
    own = {"num_variations": 4, "hair": {"color": "black"}}
    asked = flow.accept(instructions=[own], reference_image="ada.jpg", kind="description", name=None)
    brief = flow.finish(asked)
    assert brief.state == "done"
    assert flow.calls(asked) == ["extract intended", "extract accepted"]
    assert (api.requests(EXTRACT), api.requests("POST /identity/create")) == (1, 0)
    accepted, done = events(flow.client, asked)
    assert (accepted["data"]["kind"], accepted["data"]["variations"]) == ("description", 0)
    assert done["type"] == "identity.brief.done"
    assert done["data"]["promotions"] == []
    described = done["data"]["described"]
    assert described == brief.json("body")
    assert described["instructions"][0]["hair"] == {"color": "black", "length": "long"}
    assert described["instructions"][0]["num_variations"] == 4
    audited = audit.read(flow.client, asked)
    assert audited is not None
    assert list(audit.faults(audited)) == []


def test_the_body_that_it_gives_is_a_brief_as_it_is(flow: Flow, api: Api) -> None:
    described = flow.finish(accept_photo(flow, kind="description")).json("body")
    brief_id = flow.accept(**described, reference_image=None)
    flow.until(brief_id, "generating")
    assert api.sent() == described
    assert api.requests(EXTRACT) == 1


def test_a_photo_is_needed(flow: Flow) -> None:
    brief_id = flow.accept(kind="description")
    assert flow.brief(brief_id).json("faults")[0]["path"] == "reference_image"
    assert event_types(flow.client, brief_id) == ["identity.brief.failed"]
