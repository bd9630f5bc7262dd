"""Of a bad brief, what is good of its envelope is kept."""

from stepping import Flow
from support import events

from worker.views import snapshots


def test_a_bad_brief_keeps_what_is_good_of_its_envelope(flow: Flow) -> None:
    flow.accept(brief_id="b", batch="autumn", metadata={"order": 7}, priority=1_000)
    (told,) = events(flow.client)
    assert told["type"] == "identity.brief.failed"
    assert (told["data"]["batch"], told["data"]["metadata"]) == ("autumn", {"order": 7})
    assert [each.brief_id for each in snapshots.briefs(flow.client, batch="autumn")] == ["b"]
    flow.accept(brief_id="c", batch=["no", "batch"], metadata="none")
    data = events(flow.client, "c")[0]["data"]
    assert (data["batch"], data["metadata"]) == (None, {})
