"""A password in a file: it is read when a connection is made, so it may change while everything runs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config.errors import SettingsError
from config.redis_url import RedisUrlError, check, given, read, redacted, with_password_files
from config.settings import Settings
from tests.servers.server import Server, server
from worker.store.connection import connect, connect_async
from worker.store.outages import is_outage
from worker.store.remedies import is_lasting


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which the user `worker` has a password."""
    with server(tmp_path_factory.mktemp("guarded") / "server") as one:
        yield one


def let(guarded: Server, password: str) -> None:
    guarded.client.execute_command("ACL", "SETUSER", "worker", "reset", "on", f">{password}", "~*", "+@all")


def test_a_new_password_is_used_by_the_next_connection(guarded: Server, tmp_path: Path) -> None:
    file = tmp_path / "pass word"
    file.write_text("fir/st@\n")
    let(guarded, "fir/st@")
    url = given({"REDIS_URL": f"redis://worker@{guarded.address}/0", "REDIS_PASSWORD_FILE": str(file)})
    assert url is not None
    with connect(url) as client:
        assert client.acl_whoami() == "worker"
        let(guarded, "second")
        guarded.client.client_kill_filter(user="worker")
        with pytest.raises(redis.AuthenticationError) as wrong:
            client.ping()
        assert is_outage(wrong.value)
        file.unlink()
        with pytest.raises(redis.ConnectionError, match="REDIS_PASSWORD_FILE can't be used: No such file"):
            client.ping()
        file.write_text("\n")  # as while somebody writes it anew
        with pytest.raises(redis.ConnectionError, match="can't be used: the file is empty") as empty:
            client.ping()
        assert not is_lasting(empty.value)
        file.write_text("second")
        assert client.ping()
    assert "st@" not in redacted(url)


def test_a_connection_of_asyncio_reads_it_and_warns_of_nothing(
    guarded: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("of asyncio")
    let(guarded, "of asyncio")
    url = with_password_files(f"redis://worker@{guarded.address}/0", str(tmp_path / "file"), None)

    async def who() -> str:
        client = connect_async(url)
        try:
            return str(await client.acl_whoami())
        finally:
            await client.aclose()

    assert asyncio.run(who()) == "worker"
    assert caplog.records == []


def test_the_settings_have_it_as_well_and_a_second_password_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("secret")
    monkeypatch.setenv("REDIS_URL", "redis://worker@host")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "file"))
    url = Settings().redis_url
    assert url is not None
    assert redacted(url.get_secret_value()) == "redis://worker@host:6379/0"
    with pytest.raises(RedisUrlError, match="REDIS_PASSWORD_FILE names another one"):
        check(url.get_secret_value().replace("worker@", "worker:pw@"))


def test_the_password_of_the_sentinels_has_a_file_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "one").write_text("secret")
    monkeypatch.setenv("REDIS_URL", "redis+sentinel://host/studio")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "one"))
    monkeypatch.setenv("REDIS_SENTINEL_PASSWORD_FILE", str(tmp_path / "one"))
    url = Settings().redis_url
    assert url is not None
    files = {name: each for name, each in read(url.get_secret_value()).options.items() if "file" in name}
    assert files == dict.fromkeys(("password_file", "sentinel_password_file"), str(tmp_path / "one"))
    with pytest.raises(RedisUrlError, match="REDIS_SENTINEL_PASSWORD_FILE names another one"):
        check(f"{url.get_secret_value()}&sentinel_password=pw")
    monkeypatch.setenv("REDIS_URL", "redis://host")
    with pytest.raises(SettingsError, match=r"\(REDIS_SENTINEL_PASSWORD_FILE\) without Sentinels"):
        Settings()
