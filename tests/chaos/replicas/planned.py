"""Two servers behind a proxy, and a planned failover between them: what both tests of it share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from own_account import CREATE, Api
from processes import ProcessFactory, listener_command, worker_command
from stepping import enqueue
from support import eventually

from config import keys
from tests.servers.server import until
from worker.views import snapshots

#: Seconds within which what was paid for is on record again, from the vendor's answer on.
RECORDED = 10.0


def place(client: "redis.Redis") -> tuple[str, int]:
    """Return a client's server."""
    options = client.connection_pool.connection_kwargs
    return options["host"], options["port"]


@dataclass
class Behind:
    """A proxy that leads to the primary of two servers; clients in front of it see no connection end."""

    url: str
    primary: "redis.Redis"
    replica: "redis.Redis"
    lead_to: Callable[["redis.Redis"], None]
    """Let new connections lead to this server; those that are open stay where they are."""

    def __call__(self) -> None:
        """Make the replica the primary without a loss, as an operator does; the old one stays its replica."""
        host, port = place(self.replica)
        ready(self.replica)
        # It says that it has caught up before its primary has heard of it.
        until(lambda: self.primary.execute_command("FAILOVER", "TO", host, port, "TIMEOUT", 5_000))
        until(lambda: _info(self.replica)["role"] == "master" and _info(self.primary)["role"] == "slave")
        self.lead_to(self.replica)
        self.primary, self.replica = self.replica, self.primary


def ready(replica: "redis.Redis") -> None:
    """Wait until a replica has caught up with its primary."""
    until(lambda: _info(replica).get("master_link_status") == "up")


def _info(client: "redis.Redis") -> dict[str, Any]:
    return dict(client.info("replication"))


def goes_on_after_a_failover(behind: Behind, api: Api, start: ProcessFactory) -> None:
    """Assert that of a paid call under way nothing is lost or paid twice, and that a worker still ends."""
    api.hold(CREATE)
    worker = start("worker", worker_command(), IDENTITY_WORKER_REQUEST_TIMEOUT="60")
    listener = start("listener", listener_command())
    _submit(behind, "one")
    # One that begins while the proxy still leads to the old primary ends, to be started again.
    assert eventually(behind.primary, lambda: "account.leased" in listener.written())
    behind()
    api.let_go()
    client = behind.primary
    assert eventually(client, lambda: _created(client, "one"), deadline=RECORDED)
    assert eventually(client, lambda: _state(client, "one") == "done")

    # And back again, but this time the worker is told to end while the answer is on its way.
    api.hold(CREATE)
    _submit(behind, "two")
    behind()
    worker.process.terminate()
    assert eventually(client, lambda: "queue.left" in worker.written())
    api.let_go()
    assert worker.process.wait(RECORDED) == 0
    assert _created(behind.primary, "two")
    assert api.requests(f"POST {CREATE}") == 2


def _submit(behind: Behind, brief_id: str) -> None:
    enqueue(behind.url, brief_id=brief_id)
    client = behind.primary
    assert eventually(client, lambda: _state(client, brief_id) == "submitting")


def _state(client: "redis.Redis", brief_id: str) -> str | None:
    state: Any = client.hget(keys.RECORD(f"brief:{brief_id}"), "state")
    return None if state is None else str(state)


def _created(client: "redis.Redis", brief_id: str) -> bool:
    told = [f"{each['call']} {each['what']}" for each in snapshots.journal(client, brief_id)]
    return told.count("create accepted") == 1
