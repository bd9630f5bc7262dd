"""What is queued and no worker has taken: `enqueue` and `status` tell of it, and that none runs."""

import json
from pathlib import Path

import pytest
import redis
from commandline import Command
from enqueued import ids
from stepping import Flow, inlet_message
from support import brief

from config import keys
from sandbox.pictures.draw import draw

TWO = "".join(json.dumps(brief(brief_id=name)) + "\n" for name in ("a", "b"))
A_WORKER = {"a worker": 4_000_000_000_000}
NONE_RUNS = (
    "2 briefs are queued that no worker has taken yet: none runs; start one by `identity-worker work`\n"
)


def test_enqueue_warns_where_no_worker_runs(command: Command, client: "redis.Redis") -> None:
    answer = command("enqueue", "-", stdin=TWO)
    assert (answer.returncode, answer.stderr) == (0, f"identity-worker: {NONE_RUNS}")
    assert answer.stdout.endswith("2 sent\n")
    assert ids(client) == ["a", "b"]


def test_enqueue_is_silent_where_a_worker_runs(command: Command, client: "redis.Redis") -> None:
    client.zadd(keys.WORKERS(), A_WORKER)
    answer = command("enqueue", "-", stdin=TWO)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert ids(client) == ["a", "b"]


@pytest.mark.parametrize("how", [["import"], ["describe", "--to", "{folder}/briefs", "--timeout", "0"]])
def test_what_sends_photos_warns_where_no_worker_runs(
    command: Command, tmp_path: Path, how: list[str]
) -> None:
    look = {"options": {"size": "1K", "ar": "1:1", "format": "jpg"}}
    (tmp_path / "ada.jpg").write_bytes(draw(look, "ada", 0))
    name, *options = (each.format(folder=tmp_path) for each in how)
    answer = command(name, str(tmp_path / "ada.jpg"), *options, IDENTITY_WORKER_REFERENCE_DIR=str(tmp_path))
    one = "1 brief is queued that no worker has taken yet: none runs; start one by `identity-worker work`\n"
    assert one in answer.stderr


def test_what_is_sent_is_sent_though_workers_cannot_be_counted(
    command: Command, client: "redis.Redis"
) -> None:
    client.set(keys.WORKERS(), "no sorted set")
    answer = command("enqueue", "-", stdin=TWO)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert ids(client) == ["a", "b"]
    client.delete(keys.WORKERS())


def test_status_tells_of_what_is_queued_alone(command: Command) -> None:
    command("enqueue", "-", stdin=TWO)
    assert command("status").stdout == f"No briefs on record.\n{NONE_RUNS}"
    assert NONE_RUNS in command("status", "--batch", "spring").stdout
    one = command("status", "a")
    assert one.returncode == 1
    assert one.stderr.endswith(NONE_RUNS)
    told = json.loads(command("status", "--json").stdout)
    assert (told["briefs"], told["queued"], told["workers"]) == ([], 2, 0)
    watched = json.loads(command("watch", "--once", "--json").stdout)
    assert watched == {"briefs": [], "accounts": [], "queued": 2, "held_back": 0, "paused": []}


def test_status_tells_of_both_and_of_the_running_worker(command: Command, flow: Flow) -> None:
    flow.client.zadd(keys.WORKERS(), A_WORKER)
    flow.accept(brief_id="known")
    assert "queued" not in command("status").stdout
    flow.broker.enqueue(inlet_message(brief(brief_id="a")))
    shown = command("status").stdout
    assert "1 brief in all\n\n1 brief is queued that no worker has taken yet\n" in shown
    told = json.loads(command("status", "--json").stdout)
    assert (len(told["briefs"]), told["queued"]) == (1, 1)
    assert told["workers"] > 0
