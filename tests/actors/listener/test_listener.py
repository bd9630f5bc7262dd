"""The listener: one stream an account, replayed and opened again through whatever befalls it."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from followed_accounts import no_timers, pending, streams, submit
from own_account import Api
from processes import ProcessFactory
from pydantic import SecretStr
from stepping import Flow, listening
from structlog.testing import capture_logs
from support import DEADLINE, DIALECT, SPEED, eventually

from config import durations, keys, logs
from config.accounts.account import Account
from config.logs import Trouble
from config.settings import Settings
from config.settings import settings as process_settings
from config.times import backoff
from sandbox.server import running
from worker.store.connection import CONNECTIONS

pytestmark = pytest.mark.channel

STREAM = "GET /notifications/events"
#: The event that says that a creation job is over.
OVER = {"guide": "completed", "docs": "batch_edit"}[DIALECT]


def test_what_was_missed_before_it_came_is_replayed_to_it(flow: Flow, redis_url: str) -> None:
    flow.api.set(backfill_seconds=100_000)
    submit(flow)
    no_timers(flow)
    with listening(flow.settings, flow.api, redis_url):
        assert flow.until("b", "promoting")
        assert eventually(flow.client, lambda: not pending(flow.api))


@pytest.mark.usefixtures("trusting")
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


@pytest.mark.usefixtures("trusting")
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


@pytest.mark.usefixtures("trusting")
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
        flow.accept(brief_id="b")
        flow.steps.run()
        no_timers(flow)  # at once: one is due in a tenth of a second
        assert flow.until("b", "promoting")
        # Where this machine had no time for two seconds, so was another one.
        assert eventually(flow.client, lambda: flow.api.requests(STREAM) >= 2)


def test_keepalives_alone_keep_a_stream(flow: Flow, redis_url: str) -> None:
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, lambda: streams(flow.api) == 1)
        began = time.monotonic()  # the watchdog's two seconds, and some
        assert eventually(flow.client, lambda: time.monotonic() > began + 2.5)
        assert flow.api.requests(STREAM) == 1


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


def test_one_listener_follows_more_accounts_than_it_has_connections(
    settings: Settings, client: "redis.Redis", api: Api, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A lease is lost for want of a connection, not because this machine had no time for the listener or for
    # Redis: an answer that is late ends the following of its account as well, which is then leased again.
    monkeypatch.setattr(durations, "LEASE_MS", round(DEADLINE * 1000))
    monkeypatch.setattr(durations, "REDIS_CONNECT_SECONDS", DEADLINE)
    monkeypatch.setattr(durations, "REDIS_ANSWER_SECONDS", DEADLINE)
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
    events = Counter((each["event"], each.get("why")) for each in logged)
    leased, left = ("account.leased", None), ("account.left", None)
    assert (events[leased], events[left]) == (len(names), len(names)), events


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

    monkeypatch.setattr("actors.listener.attendance.backoff", counted)
    flow.client.execute_command("ACL", "SETUSER", "tenant", "on", ">pw", "~*", "+@all", "-hset")
    try:
        with listening(flow.settings, flow.api, redis_url.replace("redis://", "redis://tenant:pw@")):
            assert eventually(flow.client, lambda: len(given) >= 4)
    finally:
        flow.client.execute_command("ACL", "DELUSER", "tenant")
    assert given[0] < given[3]
