"""What a collector does not take: kept where that may pass, dropped and counted where it is refused."""

import pytest
from collector import Collector
from stepping import Flow
from structlog.testing import capture_logs
from test_spans_told import ALL, told

from config import keys
from worker.tally.counted import SPANS
from worker.tally.tally import TALLY, read_field

CREATE = "POST /identity/create"


@pytest.mark.parametrize("status", [307, 401, 404, 429, 503])
def test_what_may_be_taken_later_stays_on_record(flow: Flow, collector: Collector, status: int) -> None:
    flow.accept(brief_id="a", priority=1000)
    collector.status = status
    told(flow)
    assert flow.client.xlen(keys.SPANS()) == 2
    collector.status = 200
    told(flow)
    assert {span.name for span in collector.once()} == {"process briefs", "receive briefs"}
    assert flow.client.xlen(keys.SPANS()) == 0


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_span_that_is_refused_keeps_no_other_back(
    heard: Flow, collector: Collector, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    heard.finish(heard.accept(brief_id="a"))
    collector.refused = (CREATE, status)
    monkeypatch.setattr(TALLY, "is_open", True)
    TALLY.take()
    with capture_logs() as logged:
        told(heard)
    assert sorted(span.name for span in collector.spans) == [name for name in ALL if name != CREATE]
    assert [line["span"] for line in logged if line["event"] == "span.refused"] == [CREATE]
    assert heard.client.xlen(keys.SPANS()) == 0
    counted = {read_field(text): number for text, number in TALLY.take().items()}
    of_spans = {field.labels: number for field, number in counted.items() if field.family == SPANS.short}
    assert of_spans == {("taken",): len(ALL) - 1, ("refused",): 1}
    assert collector.requests < 2 * len(ALL), "halves find it, not one request for each"


def test_spans_that_wait_again_are_told_from_there_on(flow: Flow, collector: Collector) -> None:
    """A half that may be taken later ends the search, and what was taken before it is not told again."""
    for each in "abcd":
        flow.accept(brief_id=each, priority=1000)
    collector.refused = ("receive briefs", 400)
    collector.patience = 5
    told(flow)
    collector.patience = None
    told(flow)
    assert len(collector.spans) == len(collector.once()) == 4
    assert flow.client.xlen(keys.SPANS()) == 0
