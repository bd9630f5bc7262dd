"""A planned failover between two redis-servers behind haproxy, which leaves open connections as they are."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from own_account import Api
from processes import ProcessFactory

from cli.demo.ports import free_port
from tests.chaos.replicas.planned import Behind, goes_on_after_a_failover, place, ready
from tests.servers.server import until
from worker.store.connection import connect

_HAPROXY = """
defaults
    mode tcp
    timeout connect 2s
    timeout client 1h
    timeout server 1h
listen redis
    bind 127.0.0.1:{proxy}
    option tcp-check
    tcp-check send info\\ replication\\r\\n
    tcp-check expect string role:master
    default-server check inter 100 rise 1 fall 1
    server one 127.0.0.1:{one}
    server two 127.0.0.1:{two}
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """What starts a program, which is ended after the test."""
    with ExitStack() as stack:

        def run(*command: str) -> None:
            process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)

        yield run


@pytest.fixture
def behind(run: Callable[..., None], tmp_path: Path) -> Iterator[Behind]:
    """Two servers behind haproxy, which asks each ten times a second whether it is the primary."""
    ports = {"proxy": free_port(), "one": free_port(), "two": free_port()}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        place_ = ["--port", str(ports[name]), "--bind", "127.0.0.1", "--dir", name]
        durable = ["--appendonly", "yes", "--appendfsync", "always"]
        # Else a replica would wait for others that want to be filled too.
        run("redis-server", *place_, *durable, "--repl-diskless-sync-delay", "0")
    (tmp_path / "haproxy.cfg").write_text(_HAPROXY.format(**ports))
    urls = {name: f"redis://127.0.0.1:{port}/0" for name, port in ports.items()}
    with connect(urls["one"]) as one, connect(urls["two"]) as two:
        until(lambda: answers(one) and answers(two))
        two.replicaof("127.0.0.1", str(ports["one"]))
        ready(two)
        run("haproxy", "-q", "-f", "haproxy.cfg")

        def lead_to(server: "redis.Redis") -> None:
            # It takes servers in turn that it has not found out about.
            port = place(server)[1]
            until(lambda: all(leads_to(urls["proxy"], port) for _ in range(4)))

        lead_to(one)
        yield Behind(urls["proxy"], one, two, lead_to)


def answers(client: "redis.Redis") -> bool:
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


def leads_to(url: str, port: int) -> bool:
    """Return whether a new connection through the proxy leads to the server on this port."""
    with connect(url) as client:
        return answers(client) and client.info("server")["tcp_port"] == port


@pytest.mark.story
def test_behind_haproxy_nothing_is_lost_or_paid_twice(
    behind: Behind, environment: dict[str, str], api: Api, start: ProcessFactory
) -> None:
    environment |= {"REDIS_URL": behind.url, "IDENTITY_WORKER_REPLICAS": "1"}
    goes_on_after_a_failover(behind, api, start)
