"""A name that leads to another server from now on, as where a managed Redis moves: its clients follow it."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from own_account import Api
from processes import ProcessFactory
from support import outlasting

from config import durations
from tests.chaos.replicas.planned import Behind, goes_on_after_a_failover, place
from tests.servers.certificates import Authority, Certificates
from tests.servers.server import DURABLE, Server, closing, until
from worker.store.connection import connect, connect_async, connect_bytes
from worker.store.outages import is_outage

NAME, OLD, NEW = "redis.moved.test", "127.0.0.1", "127.0.0.2"
NAMES = Path(__file__).with_name("names")


class Moving(Behind):
    """Two servers of one port, each at its address, and a name for that of the primary."""

    servers: tuple[Server, Server]


@contextmanager
def moving(folder: Path, patch: pytest.MonkeyPatch, *, by_tls: bool) -> Iterator[Moving]:
    """Run them, the second as the replica of the first."""
    tls, scheme, query = None, "redis", ""
    if by_tls:
        authority = Authority(folder)
        pair = authority.sign("server", NAME, OLD, NEW)
        tls = Certificates(authority, pair, authority.sign("client"))
        scheme, query = "rediss", f"?ssl_ca_certs={authority.certificate}"
    # Else a replica would wait for others that want to be filled too.
    lines = [*DURABLE, "repl-diskless-sync-delay 0", *(["tls-replication yes"] if by_tls else [])]
    one = Server(folder / "one", [*lines, f"replica-announce-ip {OLD}"], tls=tls, host=OLD)
    follow = [*lines, f"replica-announce-ip {NEW}", f"replicaof {OLD} {one.port}"]
    two = Server(folder / "two", follow, tls=tls, host=NEW, port=one.port)
    file, look_up = folder / "names", socket.getaddrinfo
    patch.setenv("NAMES_FILE", str(file))

    def lead_to(client: "redis.Redis") -> None:
        aside = file.with_suffix(".new")
        aside.write_text(f"{NAME} {place(client)[0]}\n")
        aside.replace(file)

    def by_name(host: Any, *more: Any, **named: Any) -> Any:
        return look_up(file.read_text().split()[1] if host == NAME else host, *more, **named)

    patch.setattr(socket, "getaddrinfo", by_name)
    with closing([one, two]):
        one.start()
        two.start()
        until(two.has_caught_up)
        lead_to(one.client)
        found = Moving(f"{scheme}://{NAME}:{one.port}/0{query}", one.client, two.client, lead_to)
        found.servers = one, two
        yield found


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "tls"])
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moving]:
    """Return such servers; the primary's turn changes with each test."""
    with (
        pytest.MonkeyPatch.context() as patch,
        moving(tmp_path_factory.mktemp("moved"), patch, by_tls=request.param) as found,
    ):
        yield found


def in_asyncio(moved: Moving, change: Callable[[], None]) -> list[Exception]:
    async def run() -> list[Exception]:
        client = connect_async(moved.url)

        async def tell(text: str) -> list[Exception]:
            errors = list[Exception]()
            while True:
                try:
                    await client.set("told", text)
                except redis.RedisError as error:
                    errors.append(error)
                else:
                    return errors

        try:
            await tell("before")
            change()
            return await tell("after")
        finally:
            await client.aclose()

    return asyncio.run(run())


@pytest.mark.parametrize("open_client", [connect, connect_bytes])
def test_clients_of_the_old_server_go_on_at_the_new_one(moved: Moving, open_client: Any) -> None:
    with open_client(moved.url) as client:
        client.set("told", "before")
        moved()
        errors = outlasting(lambda: client.set("told", "after"))
    assert len(errors) <= 1
    assert all(map(is_outage, errors))
    assert moved.primary.get("told") == "after"


def test_so_do_those_of_asyncio(moved: Moving) -> None:
    errors = in_asyncio(moved, moved)
    assert len(errors) <= 1
    assert all(map(is_outage, errors))
    assert moved.primary.get("told") == "after"


@pytest.mark.parametrize("gone", ["killed", "silent"])
def test_a_server_that_is_gone_or_silent_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    monkeypatch.setattr(durations, "REDIS_ANSWER_SECONDS", 0.3)
    with moving(tmp_path, monkeypatch, by_tls=False) as moved, connect(moved.url) as client:
        outlasting(lambda: client.set("told", "before"))
        old, new = moved.servers

        def change() -> None:
            new.client.replicaof("NO", "ONE")
            old.kill() if gone == "killed" else old.freeze()
            moved.lead_to(new.client)

        assert all(map(is_outage, in_asyncio(moved, change)))
        errors = outlasting(lambda: client.set("told", "after all"))
        assert all(map(is_outage, errors))
        assert new.client.get("told") == "after all"


@pytest.mark.story
def test_processes_follow_a_name_and_nothing_is_lost_or_paid_twice(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    api: Api,
    start: ProcessFactory,
) -> None:
    path = os.pathsep.join(filter(None, (str(NAMES), os.environ.get("PYTHONPATH"))))
    with moving(tmp_path, monkeypatch, by_tls=True) as moved:
        environment |= {"REDIS_URL": moved.url, "IDENTITY_WORKER_REPLICAS": "1"}
        environment |= {"PYTHONPATH": path, "NAMES_FILE": os.environ["NAMES_FILE"]}
        goes_on_after_a_failover(moved, api, start)
