"""A primary that Sentinels name: how it is found and followed, and what is said where nobody can be asked."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr
from support import outlasting

from actors.broker.broker import Broker
from config import keys
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from config.redis_url import given, redacted
from config.settings import Settings
from tests.servers.sentinels import Sentinels, sentinels
from tests.servers.server import Server
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.store.connection import connect, connect_async, connect_bytes
from worker.store.outages import is_outage
from worker.store.remedies import remedy
from worker.views import snapshots

OWN = "sentinel_password=of%20their%20own"


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    """Three Sentinels of a password, over a primary and two replicas of another one."""
    folder = tmp_path_factory.mktemp("keep")
    with sentinels(folder, password="a/b@c%d e", sentinel_password="of their own") as keep:
        yield keep


def url(keep: Sentinels, own: str = OWN, password: str = "a%2Fb%40c%25d%20e", name: str = "studio") -> str:
    return f"redis+sentinel://:{password}@{keep.hosts}/{name}/3?{own}"


@pytest.mark.parametrize("open_client", [connect, connect_bytes])
def test_the_primary_is_found_by_any_of_the_sentinels(keep: Sentinels, open_client: Any) -> None:
    with open_client(url(keep)) as client:
        assert client.set("found", "1")
        with keep.primary.connect(db=3) as direct:
            assert direct.get("found") == "1"


def test_a_sentinel_that_is_gone_is_passed_over(keep: Sentinels) -> None:
    gone = f"redis+sentinel://:a%2Fb%40c%25d%20e@127.0.0.1:1,{keep.sentinels[2].address}/studio?{OWN}"
    with connect(gone) as client:
        assert client.ping()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"own": ""}, r"of the Sentinel at 127.0.0.1:\d+: Authentication required"),
        ({"own": "sentinel_password=SEKRET"}, r"of the Sentinel at 127.0.0.1:\d+: "),
        ({"password": "SEKRET"}, "^invalid username-password pair"),
        ({"name": "nobody"}, "the Sentinels know no primary called nobody"),
    ],
)
def test_what_is_wrong_is_told_of_whom_and_without_a_secret(
    keep: Sentinels, wrong: dict[str, str], told: str
) -> None:
    with connect(url(keep, **wrong)) as client, pytest.raises(redis.ConnectionError, match=told) as error:
        client.ping()
    assert "SEKRET" not in str(error.value)
    assert "SEKRET" not in repr(client.connection_pool)


def test_their_password_may_change_in_its_file_meanwhile(keep: Sentinels, tmp_path: Path) -> None:
    def let(sentinel: Server, password: str) -> None:
        words = ("reset", "on", f">{password}", "~*", "&*", "+@all")
        sentinel.client.execute_command("ACL", "SETUSER", "asker", *words)

    def ask(client: "redis.Redis") -> Any:
        client.connection_pool.disconnect()
        return client.ping()

    file = tmp_path / "pass word"
    file.write_text("o/ld@\n")
    first, *others = keep.sentinels
    for each in keep.sentinels:
        let(each, "o/ld@")
    address = given(
        {"REDIS_URL": url(keep, "sentinel_username=asker"), "REDIS_SENTINEL_PASSWORD_FILE": str(file)}
    )
    assert address is not None
    with connect(address) as client:
        assert ask(client)
        file.write_text("next")
        for each in others:
            let(each, "next")
        assert ask(client), "that the first one has the old one still keeps nobody out"
        let(first, "SEKRET")
        file.write_text("none of them")
        with pytest.raises(redis.AuthenticationError, match="of the Sentinel at") as wrong:
            ask(client)
        assert is_outage(wrong.value)
        assert "REDIS_SENTINEL_PASSWORD_FILE" in remedy(wrong.value)
        file.unlink()
        with pytest.raises(redis.ConnectionError, match="REDIS_SENTINEL_PASSWORD_FILE can't be used: No"):
            ask(client)
        file.write_text("next")
        assert ask(client)
        assert asyncio.run(named_in_asyncio(address))
    assert "ld@" not in redacted(address)


async def named_in_asyncio(address: str) -> bool:
    client = connect_async(address)
    try:
        return bool(await client.ping())
    finally:
        await client.aclose()


def test_a_server_is_not_taken_for_a_sentinel(keep: Sentinels) -> None:
    address = f"redis+sentinel://{keep.primary.address}/studio?sentinel_password=a%2Fb%40c%25d%20e"
    with connect(address) as client, pytest.raises(redis.ConnectionError, match="is no Sentinel"):
        client.ping()


def test_a_brief_goes_on_where_it_was_on_the_next_primary(keep: Sentinels) -> None:
    accounts = {DEFAULT: Account(name=DEFAULT, token=SecretStr("t"))}
    with connect(url(keep)) as client:
        ledger, broker = Ledger(client, Settings()), Broker(url(keep))
        ledger.configure(accounts.values())
        broker.enqueue_briefs(["{}"], replicas=2)
        given = {"brief_id": "b", "instructions": [{"prompt": "A face."}]}
        acceptance.accept(ledger, accounts, Settings(), acceptance.Message(json.dumps(given), "m"))
        assert client.wait(2, 5_000) == 2
        keep.failover()
        outlasting(client.ping)
        outlasting(lambda: broker.fetch(keys.INLET, 9))
        assert snapshots.brief(client, "b") is not None
        assert len(broker.fetch(keys.STEPS, 9)) == 1, "its functions are loaded there as well"
        broker.client.close()


def test_a_client_goes_on_with_the_next_primary(keep: Sentinels) -> None:
    with connect(url(keep)) as client:
        client.set("followed", "1")
        old = keep.primary
        old.kill()
        errors = outlasting(lambda: client.pipeline().set("followed", "2").get("followed").execute())
        assert [error for error in errors if not is_outage(error)] == []
        keep.left(old)
        with keep.primary.connect(db=3) as direct:
            assert direct.get("followed") == "2"

    async def read() -> Any:
        other = connect_async(url(keep))
        try:
            return await other.get("followed")
        finally:
            await other.aclose()

    assert asyncio.run(read()) == "2"
