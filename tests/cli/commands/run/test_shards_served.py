"""Two shards of one installation: a flow through both with a worker killed, and processes for each."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from commandline import Command
from dramatiq.brokers.redis import RedisBroker
from own_account import CREATE, Api
from processes import ProcessFactory, listener_command, worker_command
from stepping import inlet_message
from support import DEADLINE, brief, eventually

from config import keys
from config.shards import shard_of
from sandbox import Sandbox
from worker.shards.merged import clients_of, holder_of
from worker.shards.shards import Shards
from worker.store.connection import connect_bytes
from worker.views import counts

#: Asks what has come of a job.
RESULTS = "/jobs/*/results"
NAMES = [next(f"a{number}" for number in range(99) if shard_of(f"a{number}", 2) == k) for k in (0, 1)]
BRIEFS = {"first", "second", "third"}
SHARDED = {"IDENTITY_WORKER_NAMESPACE": "{studio}", "IDENTITY_WORKER_SHARDS": "2"}


@pytest.fixture
def apis(sandbox: Sandbox, account_name: str) -> list[Api]:
    """Return the accounts of the API, one in each shard."""
    return [Api(sandbox, f"sandbox-{account_name}-{shard}") for shard in (0, 1)]


@pytest.fixture
def environment(environment: dict[str, str], apis: list[Api], tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation of two shards."""
    tables = [f'[accounts.{name}]\ntoken_env = "T{shard}"\n' for shard, name in enumerate(NAMES)]
    (tmp_path / "accounts.toml").write_text("".join(tables))
    tokens = {f"T{shard}": api.token for shard, api in enumerate(apis)}
    return environment | SHARDED | tokens | {"ACCOUNTS_FILE": str(tmp_path / "accounts.toml")}


@pytest.fixture
def all_shards(redis_url: str) -> Iterator["redis.Redis"]:
    """Return a client that reads both shards."""
    with Shards(redis_url, "{studio}:", 2) as shards:
        yield shards.reading
        for client in clients_of(shards.reading):
            client.delete(*client.scan_iter())


def send(redis_url: str, *briefs: dict[str, object]) -> None:
    """Put briefs on the queue of the namespace itself, as another program does that knows of no shards."""
    with connect_bytes(redis_url, "") as raw:
        outside = RedisBroker(client=raw, namespace="{studio}:dramatiq")
        for each in briefs:
            outside.enqueue(inlet_message(each))


def told_by_all(command: Command, environment: dict[str, str], folder: Path) -> None:
    """Ask commands of what is in both shards."""

    def told(*words: str) -> str:
        answer = command(*words, **environment)
        assert answer.returncode == 0, (words, answer.stdout, answer.stderr)
        return answer.stdout

    assert {each["brief_id"] for each in json.loads(told("status", "--json"))["briefs"]} == BRIEFS
    assert {each["name"] for each in json.loads(told("accounts", "--json"))} == set(NAMES)
    events = [json.loads(line) for line in told("events", "--json").splitlines()]
    # One of none may tell of an event stream that this machine had no time for.
    assert {each["data"]["brief_id"] for each in events} - {None} == BRIEFS
    later = [
        json.loads(line) for line in told("events", "--json", "--since", events[2]["entryid"]).splitlines()
    ]
    assert later[: len(events) - 3] == events[3:]
    assert "second is done" in told("why", "second")
    told("update", "--batch", "spring", "--state", "done", "--metadata", "seen=yes", "--yes")
    for brief_id in sorted(BRIEFS):
        assert json.loads(told("status", brief_id, "--json"))["metadata"] == {"seen": "yes"}
    told("pause", "--batch", "summer")
    assert "batch summer goes on" in told("unpause", "--batch", "summer")
    did = {each["what"] for each in json.loads(told("actions", "--json"))}
    assert did == {"update", "pause", "unpause"}
    told("export", "--to", str(folder / "out"), "--batch", "spring")
    rows = (folder / "out" / "spring" / "index.jsonl").read_text().splitlines()
    assert {json.loads(row)["brief_id"] for row in rows} == BRIEFS
    for words in ("status", "status --held", "watch --once", "shards", "doctor", "healthy"):
        told(*words.split())


@pytest.mark.story
def test_a_flow_through_two_shards_outlives_a_killed_worker(
    all_shards: "redis.Redis",
    start: ProcessFactory,
    environment: dict[str, str],
    apis: list[Api],
    redis_url: str,
    command: Command,
    tmp_path: Path,
) -> None:
    # Were another look answered, the kill might meet a promote, whose outcome nobody takes over for a minute.
    apis[1].hold_all(RESULTS)
    doomed = start("worker-1", worker_command(), IDENTITY_WORKER_SHARD="1")
    listeners = start("listeners", listener_command())
    start("worker-0", worker_command(), IDENTITY_WORKER_SHARD="0")
    named = [(NAMES[0], "first"), (NAMES[1], "second"), (NAMES[0], "third")]
    briefs = [
        brief(brief_id=brief_id, account=name, batch="spring", instructions=[{"prompt": brief_id}])
        for name, brief_id in named
    ]
    send(redis_url, *briefs[:2])
    (tmp_path / "third.json").write_text(json.dumps(briefs[2]))
    assert command("enqueue", str(tmp_path / "third.json"), **environment).returncode == 0
    eventually(clients_of(all_shards)[1], lambda: apis[1].has_struck("delay"))
    doomed.kill()
    apis[1].let_go()
    start("worker-1", worker_command(), IDENTITY_WORKER_SHARD="1")
    waited = command("wait", "--batch", "spring", "--timeout", "100s", **environment)
    assert waited.returncode == 0, waited.stdout + waited.stderr
    assert {brief_id: NAMES.index(name) for name, brief_id in named} == {
        brief_id: clients_of(all_shards).index(holder_of(all_shards, brief_id)) for _, brief_id in named
    }
    assert [api.requests(f"POST {CREATE}") for api in apis] == [2, 1]
    audited = command("audit", "--api", **environment)
    assert (audited.returncode, audited.stdout.splitlines()[-1]) == (0, "3 briefs, 0 not as they should be")
    assert counts.counts(all_shards).of.total() == 3
    told_by_all(command, environment, tmp_path)
    assert listeners.stop() == 0


def test_an_account_moves_to_a_new_shard_while_its_briefs_run(
    all_shards: "redis.Redis",
    start: ProcessFactory,
    environment: dict[str, str],
    apis: list[Api],
    redis_url: str,
    command: Command,
) -> None:
    clients_of(all_shards)[0].hset(keys.SHARDS(), "count", 1)  # as when there was one
    apis[1].hold(RESULTS)
    for shard in "01":
        start(f"listener-{shard}", listener_command(), IDENTITY_WORKER_SHARD=shard)
        start(f"worker-{shard}", worker_command(), IDENTITY_WORKER_SHARD=shard)
    ids = [f"b{number}" for number in range(4)]
    send(redis_url, *(brief(brief_id=each, account=NAMES[1]) for each in ids))
    eventually(clients_of(all_shards)[0], lambda: apis[1].has_struck("delay"))
    spread = command("shards", "--spread", **environment)
    assert (spread.returncode, spread.stdout) == (0, "shard 0: 1 account\nshard 1: 1 account\n"), spread
    apis[1].let_go()
    waited = command("wait", "--timeout", "100s", **environment)
    assert waited.returncode == 0, waited.stdout + waited.stderr
    assert {holder_of(all_shards, each) for each in ids} == {clients_of(all_shards)[1]}
    assert apis[1].requests(f"POST {CREATE}") == len(ids)
    audited = command("audit", "--api", **environment)
    assert (audited.returncode, audited.stdout.splitlines()[-1]) == (0, "4 briefs, 0 not as they should be")


def test_if_one_shards_process_dies_all_end(all_shards: "redis.Redis", start: ProcessFactory) -> None:
    tree = start("listener", [*listener_command(), "--shards", "0-1"])
    running = Path(f"/proc/{tree.process.pid}/task/{tree.process.pid}/children")
    eventually(all_shards, lambda: all(each.exists(keys.LISTENERS()) for each in clients_of(all_shards)))
    first, second = map(int, running.read_text().split())
    os.kill(first, signal.SIGKILL)
    assert tree.process.wait(DEADLINE) == 1
    assert not Path(f"/proc/{second}").exists()
