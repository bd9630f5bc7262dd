"""Ended stages are told as spans: once each, in the trace that the brief came with, whoever tells them."""

from itertools import pairwise

import pytest
import redis
from collector import Collector, attributes
from pydantic import SecretStr
from stepping import Flow
from support import brief

from config import keys
from config.accounts.account import Account
from config.settings import Settings
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.traces import exporting
from worker.traces.exporting import TracesError, open_exporter
from worker.traces.telling import Telling, tell

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


#: The spans of a brief of one identity.
ALL = sorted(
    [
        "process briefs",
        "receive briefs",
        "wait for permits",
        "POST /identity/create",
        "remote job",
        "choose drafts",
        "promote drafts",
        "wait for permits",
        "POST /identity/promote-generated",
        "preprocessing",
    ]
)


def told(flow: Flow) -> None:
    exporter = open_exporter()
    tell(flow.client, exporter, flow.settings)
    exporter.end()


def test_a_brief_is_one_trace_of_all_its_stages(heard: Flow, collector: Collector) -> None:
    heard.finish(heard.accept(brief_id="a", traceparent=PARENT))
    told(heard)
    spans = collector.once()
    assert sorted(span.name for span in spans) == ALL
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    (root,) = collector.named("process briefs")
    assert root.parent_span_id.hex() == "00f067aa0ba902b7"
    assert {span.parent_span_id for span in spans if span is not root} == {root.span_id}
    assert collector.resources[0]["service.name"] == "identity-worker"
    assert heard.client.xlen(keys.SPANS()) == 0


def test_the_stages_of_a_brief_follow_each_other_without_a_gap(heard: Flow, collector: Collector) -> None:
    heard.finish(heard.accept(brief_id="a"))
    told(heard)
    (root,) = collector.named("process briefs")
    own = [each for each in collector.once() if attributes(each)["identity_worker.subject"] == "brief:a"]
    stages = [each for each in own if each is not root]
    for before, after in pairwise(stages):
        assert before.end_time_unix_nano == after.start_time_unix_nano
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (
        stages[0].start_time_unix_nano,
        stages[-1].end_time_unix_nano,
    )
    assert root.parent_span_id == b"", "who sent it has named none"
    assert heard.brief("a").fields["trace"] == f"00-{root.trace_id.hex()}-{root.span_id.hex()}-01"


def test_a_paid_call_and_a_message_have_the_conventions_names(heard: Flow, collector: Collector) -> None:
    heard.finish(heard.accept(brief_id="a"))
    told(heard)
    (call,), (root,) = collector.named("POST /identity/create"), collector.named("process briefs")
    of_call, of_root = attributes(call), attributes(root)
    assert (call.kind, root.kind) == (3, 5)  # CLIENT, CONSUMER
    assert of_call["http.request.method"] == "POST"
    assert of_call["url.template"] == "/identity/create"
    assert of_call["server.address"] == "127.0.0.1"
    assert of_root["messaging.destination.name"] == "briefs"
    assert of_root["messaging.operation.type"] == "process"
    assert attributes(*collector.named("remote job"))["identity_worker.job.id"]


def test_a_wait_says_what_was_missing(heard: Flow, collector: Collector) -> None:
    heard.api.refuse("/identity/create", 402)
    heard.accept(brief_id="a")
    heard.steps.run()
    heard.accept(brief_id="b")
    heard.end_pauses()
    heard.finish("a")
    heard.finish("b")
    told(heard)
    waits = [each for each in collector.named("wait for permits") if each.parent_span_id != b""]
    of_b = [attributes(each) for each in waits if attributes(each)["identity_worker.subject"] == "brief:b"]
    assert of_b[0]["identity_worker.lacked"] == ["pause", "probe"]
    assert heard.brief("b").get("lacked") is None


def test_a_brief_that_fails_is_a_span_that_failed(flow: Flow, collector: Collector) -> None:
    flow.accept(brief_id="a", priority=1000)
    told(flow)
    (root,) = collector.named("process briefs")
    assert (root.status.code, root.status.message) == (2, "the brief breaks rules")


def test_what_is_told_twice_is_the_same_span(heard: Flow, collector: Collector) -> None:
    heard.finish(heard.accept(brief_id="a"))
    kept = heard.client.xrange(keys.SPANS())
    told(heard)
    for _, fields in kept:
        heard.client.xadd(keys.SPANS(), fields)  # as one that was killed before it took them off the record
    told(heard)
    assert len(collector.spans) == 2 * len(kept)
    assert len(collector.once()) == len(kept)


def test_what_is_not_sampled_is_not_told(flow: Flow, collector: Collector) -> None:
    flow.accept(brief_id="a", traceparent=PARENT.replace("-01", "-00"))
    assert flow.client.xlen(keys.SPANS()) == 0
    assert collector.spans == []


def test_a_trace_of_zeros_keeps_no_other_back(flow: Flow, collector: Collector) -> None:
    flow.accept(brief_id="a", priority=1000, traceparent=f"00-{'0' * 32}-00f067aa0ba902b7-01")
    flow.accept(brief_id="b", priority=1000, traceparent=PARENT)
    told(flow)
    assert {span.trace_id.hex() for span in collector.once()} == {TRACE}
    assert flow.client.xlen(keys.SPANS()) == 0


def test_of_two_processes_one_tells_and_the_other_follows_it(
    flow: Flow, collector: Collector, redis_url: str
) -> None:
    one, other = Telling(flow.settings, redis_url), Telling(flow.settings, redis_url)
    assert [each._may_tell(flow.client) for each in (one, other, one)] == [True, False, True]
    flow.client.delete(keys.SPANS_TELLER())
    assert other._may_tell(flow.client)
    flow.client.delete(keys.SPANS_TELLER())
    assert collector.spans == []


def test_without_the_setting_nothing_is_put_on_record(
    flow: Flow, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_WORKER_TRACES", "0")
    plain = Settings()
    account = Account(name="default", token=SecretStr("sandbox-a"))
    accepted = acceptance.accept(
        Ledger(client, plain), {"default": account}, plain, acceptance.Message(brief(), "m1")
    )
    assert flow.brief(accepted.brief_id).state == "waiting"
    assert client.xlen(keys.SPANS()) == 0


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "must be otlp"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "must be http/protobuf"),
    ],
)
def test_an_exporter_that_there_is_not_is_told_of(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(TracesError, match=said):
        open_exporter()


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ImportError("no", name="opentelemetry")

    monkeypatch.setattr(exporting, "_Otlp", missing)
    with pytest.raises(TracesError, match=r"pip install 'identity-worker\[otel\]'"):
        open_exporter()
