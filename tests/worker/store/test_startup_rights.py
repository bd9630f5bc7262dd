"""The rights that a start needs on its Redis: each that is missing is named with the rule that gives it."""

import pytest
import redis
from processes import ProcessFactory, listener_command, web_command, worker_command
from started_servers import refused, user
from structlog.testing import capture_logs
from support import DEADLINE, eventually

from config import keys
from config.settings import Settings
from worker.ledger.library import ledger_library
from worker.store import startup
from worker.store.connection import connect
from worker.store.findings import Level
from worker.store.functions import Functions
from worker.store.outages import is_outage
from worker.store.remedies import remedy
from worker.store.startup import check, examine
from worker.unresolved.past import suspect

COMMANDS = {"worker": worker_command(), "listener": listener_command(), "web": web_command()}

#: Rights without which something stands still, and what must be named.
LACKING = {
    "-xadd": "+xadd",
    "-xread": "+xread",
    "-function": "+function|load +function|delete",
    "-fcall": "+fcall",
    "-blmove": "+blmove",
    "-blpop": "+blpop",
    "-pexpire": "+pexpire",
    "-multi": "+multi",
    "-time": "+time",
    "-scan": "+scan",
    "-zmscore": "+zmscore",
    "-zadd": "+zadd",
    "-hincrbyfloat": "+hincrbyfloat",
    "-@all": "+@read +@write +@blocking +@scripting +@transaction",
}
ALL_KEYS = ("~identity:*", "~dramatiq:*")


@pytest.mark.parametrize("lacking", LACKING)
def test_a_right_that_is_missing_is_named_with_its_rule(server: "redis.Redis", lacking: str) -> None:
    told = refused(user(server, *ALL_KEYS, "+@all", lacking))
    assert "the user tenant may not use" in told
    assert "ACL SETUSER tenant" in told
    assert LACKING[lacking] in told
    assert server.dbsize() == 0


@pytest.mark.parametrize("allowed", ALL_KEYS)
def test_keys_that_are_not_allowed_are_named(server: "redis.Redis", allowed: str) -> None:
    assert "ACL SETUSER tenant ~identity:* ~dramatiq:*" in refused(user(server, allowed, "+@all"))


def test_the_rights_that_the_remedy_names_are_enough(server: "redis.Redis") -> None:
    url = user(server, *ALL_KEYS, "+@read", "+@write", "+@blocking", "+@scripting", "+@transaction")
    with connect(url.replace("tenant:pw@", "")) as admin:
        admin.execute_command("ACL", "SETUSER", "tenant", "+@connection", "+time")
    with connect(url) as client:
        assert Level.REFUSE not in [finding.level for finding in examine(client).findings]


@pytest.mark.parametrize("rules", [("-time",), ("resetkeys", f"~{keys.HISTORY()}")])
def test_a_right_that_a_function_loses_meanwhile_is_an_outage(
    server: "redis.Redis", rules: tuple[str, ...]
) -> None:
    with connect(user(server, *ALL_KEYS, "+@all")) as client:
        functions = Functions(client, ledger_library(Settings()))
        functions.run(suspect("a worker"))
        server.execute_command("ACL", "SETUSER", "tenant", *rules)
        with pytest.raises(redis.ResponseError) as error:
            functions.run(suspect("a worker"))
    assert is_outage(error.value)
    assert "give the user of REDIS_URL this right" in remedy(error.value)
    server.flushall()


def test_what_can_not_be_asked_is_said_and_is_no_fault(
    server: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "settings", Settings)  # not those of a test before
    url = user(server, *ALL_KEYS, "+@all", "-info", "-config", "-hello")
    with capture_logs() as logs:
        check(url)
    assert {entry["log_level"] for entry in logs} == {"info"}
    assert any("allow INFO" in entry.get("remedy", "") for entry in logs)
    assert logs[0] == {
        "event": "redis.using",
        "log_level": "info",
        "part": "redis",
        "at": url.replace(":pw@", "@"),
        "server": logs[0]["server"],
    }


def test_the_check_leaves_nothing_behind_and_takes_one_round_trip(server: "redis.Redis") -> None:
    with connect(f"redis://127.0.0.1:{server.connection_pool.connection_kwargs['port']}/0") as client:
        client.ping()
        before = server.info("stats")["total_reads_processed"]
        examine(client)
        # One to send it, one to ask for the number.
        assert server.info("stats")["total_reads_processed"] - before <= 3
    assert server.dbsize() == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_no_process_starts_without_its_rights_and_each_says_so(
    server: "redis.Redis", start: ProcessFactory, name: str
) -> None:
    process = start(name, COMMANDS[name], REDIS_URL=user(server, *ALL_KEYS, "+@all", "-xadd"))
    assert process.process.wait(DEADLINE) == 1
    assert "ACL SETUSER tenant +xadd" in process.written()
    assert "Traceback" not in process.written()
    assert server.dbsize() == 0


def test_each_process_logs_which_redis_it_uses_without_its_password(
    server: "redis.Redis", start: ProcessFactory
) -> None:
    url = user(server, *ALL_KEYS, "+@all")
    process = start("listener", listener_command(), REDIS_URL=url)
    try:
        eventually(server, lambda: "redis.using" in process.written())
    finally:
        process.kill()
        server.flushall()
    port = server.connection_pool.connection_kwargs["port"]
    assert f"at=redis://tenant@127.0.0.1:{port}/0" in process.written()
    assert ":pw@" not in process.written()
