"""What processes count: added up in Redis, at most the last seconds lost, never twice."""

from pathlib import Path

import pytest
import redis
import structlog
from metrics.figures import Figures, figures
from processes import ProcessFactory
from stepping import Flow, enqueue
from support import eventually

from config import durations, keys
from config.settings import Settings
from worker.piktid.errors import ApiError, NotSentError
from worker.tally import moves
from worker.tally.bringing import Bringing, bring
from worker.tally.calls import ENDPOINTS, counted, endpoint_of
from worker.tally.counted import API_REQUESTS, API_SECONDS
from worker.tally.tally import MOST, TALLY, Tally


def brought(flow: Flow, tally: Tally) -> Figures:
    bring(flow.client, tally.take())
    return figures(flow.client, flow.settings)


def test_each_stage_of_a_brief_is_counted_with_its_length(heard: Flow, counting: Tally) -> None:
    brief_id = heard.accept()
    heard.client.hincrby(keys.RECORD(f"brief:{brief_id}"), "moved_at", -70_000)
    heard.finish(brief_id)
    found = brought(heard, counting)
    left = ("brief,waiting", "brief,submitting", "brief,generating", "brief,choosing", "brief,promoting")
    for stage in (*left, "promotion,planned", "promotion,promoting", "promotion,preprocessing"):
        assert found[f"stage_seconds_count{{{stage}}}"] == 1, stage
    assert found["stage_seconds_bucket{brief,60,waiting}"] == 0
    assert found["stage_seconds_bucket{brief,120,waiting}"] == 1
    assert found["stage_seconds_bucket{brief,+Inf,waiting}"] == 1
    assert 70 <= found["stage_seconds_sum{brief,waiting}"] < 120


def test_each_move_is_a_line_of_the_log(heard: Flow, counting: Tally) -> None:
    heard.accept(brief_id="first")  # opens what sets the log up
    heard.finish("first")
    with structlog.testing.capture_logs() as said:
        heard.finish(heard.accept(brief_id="a"))
    moved = [(line["event"], line["before"], line["to"]) for line in said if line["event"].endswith(".moved")]
    assert moved[:3] == [
        ("brief.moved", "", "waiting"),
        ("brief.moved", "waiting", "submitting"),
        ("brief.moved", "submitting", "generating"),
    ]
    assert moved[-1] == ("brief.moved", "promoting", "done")
    assert len(moved) == len(set(moved))
    assert {line["brief"] for line in said if line["event"].endswith(".moved")} == {"a"}


def test_where_nobody_brings_the_counts_nothing_is_counted_or_logged(flow: Flow) -> None:
    with structlog.testing.capture_logs() as said:
        flow.until(flow.accept(), "generating")
    assert TALLY.take() == {}
    assert not [line for line in said if line["event"].endswith(".moved")]


def test_a_held_record_is_told_as_a_warning(counting: Tally) -> None:
    with structlog.testing.capture_logs() as said:
        moves.told([("brief", "a", "brief:a", "default", "generating", "held", 5, "")])
    assert said[0]["log_level"] == "warning"


def test_calls_of_the_api_are_counted_by_endpoint(heard: Flow, counting: Tally) -> None:
    heard.finish(heard.accept())
    found = brought(heard, counting)
    assert found["api_requests_total{202,POST /identity/create}"] == 1
    assert found["api_request_seconds_count{POST /identity/create}"] == 1
    assert not [name for name in found if "other" in name]


def test_a_throttled_call_is_counted_by_its_kind(flow: Flow, counting: Tally) -> None:
    flow.api.refuse("/identity/create", 429)
    flow.accept()
    flow.steps.run()
    found = brought(flow, counting)
    throttled = {name: number for name, number in found.items() if name.startswith("throttled_total")}
    assert list(throttled.values()) == [1]
    assert next(iter(throttled)).startswith("throttled_total{default,create,")
    assert found["api_requests_total{429,POST /identity/create}"] == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [(NotSentError(""), "NotSent"), (ApiError(""), "ApiError"), (OSError(), "OutcomeUnknown")],
)
def test_a_call_that_comes_to_nothing_is_counted_by_how(error: Exception, told: str, counting: Tally) -> None:
    def fail() -> _Reply:
        raise error

    with pytest.raises(type(error)):
        counted("GET /auth/me", fail)
    assert f'["api_requests","GET /auth/me","{told}",""]' in counting.take()


class _Reply:
    status = 200


@pytest.mark.parametrize("path", sorted(ENDPOINTS))
def test_an_endpoint_is_counted_without_its_id(path: str) -> None:
    assert endpoint_of(path.replace("{id}", "job_%2E1")) == path


def test_a_path_that_is_none_of_ours_is_counted_as_other() -> None:
    assert {endpoint_of(path) for path in ("", "/", "/identity/a/b/c", "/a/b", "/jobs/x")} == {"other"}


def test_counts_of_processes_add_up(client: "redis.Redis", settings: Settings) -> None:
    for _ in range(2):
        tally = Tally()
        tally.is_open = True
        tally.count(API_REQUESTS, "GET /auth/me", "200")
        tally.observe(API_SECONDS, "GET /auth/me", seconds=1)
        bring(client, tally.take())
        bring(client, tally.take())
    found = figures(client, settings)
    assert found["api_requests_total{200,GET /auth/me}"] == 2
    assert found["api_request_seconds_sum{GET /auth/me}"] == 2


def test_what_a_process_counts_is_bounded() -> None:
    tally = Tally()
    tally.is_open = True
    for number in range(MOST + 5):
        tally.count(API_REQUESTS, str(number), "200")
    tally.count(API_REQUESTS, "0", "200")
    counts = tally.take()
    assert (len(counts), counts['["api_requests","0","200",""]']) == (MOST, 2)


def test_counts_of_a_newer_version_are_left_alone(client: "redis.Redis", settings: Settings) -> None:
    newer = {'["new","a",""]': "1", '["throttled","a",""]': "1"}
    client.hset(keys.TALLY(), mapping=newer)  # type: ignore[arg-type]
    found = figures(client, settings)
    assert not [name for name in found if "new" in name or name.startswith("throttled")]
    assert client.hgetall(keys.TALLY()) == newer


def test_an_end_brings_the_rest(client: "redis.Redis", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "TALLY_SECONDS", 3_600.0)
    tally = Tally()
    bringing = Bringing(client, tally)
    bringing.start()
    tally.count(API_REQUESTS, "GET /auth/me", "200")
    bringing.end()
    assert client.hvals(keys.TALLY()) == ["1"]


def test_a_killed_worker_loses_no_more_than_its_last_seconds(
    client: "redis.Redis", redis_url: str, worker_process: ProcessFactory, tmp_path: Path
) -> None:
    """It lives for much longer than the pause between two times; what is on record then stays."""
    worker = worker_process()
    enqueue(redis_url, brief_id="a")
    accepted = '["stage_seconds","brief","waiting","sum"]'
    eventually(client, lambda: client.hexists(keys.TALLY(), accepted))
    before = client.hgetall(keys.TALLY())
    worker.kill()
    assert client.hgetall(keys.TALLY()).items() >= before.items()
