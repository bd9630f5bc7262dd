"""Ways to a server that few use: IPv6, any character in a login, commands that were renamed away."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from config.redis_url import check, given, redacted
from tests.servers.server import DURABLE, Server, server
from worker.ledger.library import ledger_library
from worker.store import startup
from worker.store.connection import connect, connect_async, connect_bytes
from worker.store.findings import Level
from worker.store.functions import Functions
from worker.unresolved.past import suspect

#: Each printable character of ASCII that is no letter, what others write, and a line's end within.
PASSWORD = " ~!@#$%^&*()_+`-={}|[]\\:\";'<>?,./ Köln €\U0001f600"
USER = "idé:worker@x/y"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on both families, with a user whose name and password have everything in them."""
    with server(tmp_path_factory.mktemp("odd") / "server", [*DURABLE, "bind 127.0.0.1 ::1"]) as one:
        one.client.execute_command("ACL", "SETUSER", USER, "on", f">{PASSWORD}", "~*", "+@all")
        yield one


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
@pytest.mark.parametrize("open_client", [connect, connect_bytes])
def test_any_character_may_be_in_user_and_password(odd: Server, host: str, open_client: object) -> None:
    url = f"redis://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@{host}:{odd.port}/3"
    check(url)
    assert callable(open_client)
    with open_client(url) as client:
        assert client.acl_whoami() in (USER, USER.encode())
        client.set("who", "3")
    with odd.connect(db=3) as third:
        assert third.get("who") == "3"
    assert redacted(url) == f"redis://{USER}@{host}:{odd.port}/3"


@pytest.mark.anyio
async def test_any_character_may_be_in_a_password_file(odd: Server, tmp_path: Path) -> None:
    file = tmp_path / "pass?word&file #1"
    file.write_text(f"{PASSWORD}\r\n", encoding="utf-8")
    named = {"REDIS_URL": f"redis://{quote(USER, safe='')}@[::1]:{odd.port}/3"}
    url = given({**named, "REDIS_PASSWORD_FILE": str(file)})
    assert url is not None
    client = connect_async(url)
    try:
        assert await client.acl_whoami() == USER
    finally:
        await client.aclose()


@pytest.mark.parametrize(
    "away", [("CONFIG",), ("CONFIG", "INFO"), ("CONFIG", "INFO", "DEBUG", "KEYS", "FLUSHALL")]
)
def test_where_commands_were_renamed_away_all_the_same_works(tmp_path: Path, away: tuple[str, ...]) -> None:
    lines = [*DURABLE, *(f'rename-command {each} ""' for each in away)]
    with server(tmp_path / "server", lines) as one, connect(f"redis://{one.address}/0") as client:
        with capture_logs() as logs:
            startup.check(f"redis://{one.address}/0", patience=0)
        assert {each["log_level"] for each in logs} <= {"info", "warning"}
        found = startup.examine(client).findings
        assert not [each for each in found if each.level in (Level.REFUSE, Level.STOPS)]
        functions = Functions(client, ledger_library(startup.settings()))
        assert functions.run(suspect("a worker")) is None
