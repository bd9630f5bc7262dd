"""`identity-worker doctor` tells of each check as soon as it is made, and makes many accounts' at once."""

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from commandline import SCRIPT, Command
from support import DEADLINE

from cli.doing.examining import EXAMPLES, FEW

ACCOUNTS = 3


def test_what_is_known_is_told_while_the_api_does_not_answer(environment: dict[str, str]) -> None:
    # Connections are made to it, and nobody ever reads from them.
    with closing(socket.create_server(("127.0.0.1", 0))) as api:
        variables = {
            **environment,
            "PIKTID_API_URL": f"http://127.0.0.1:{api.getsockname()[1]}",
            "IDENTITY_WORKER_REQUEST_TIMEOUT": "600",
        }
        with subprocess.Popen([SCRIPT, "doctor"], env=variables, stdout=subprocess.PIPE, text=True) as doctor:
            try:
                assert doctor.stdout is not None
                assert doctor.stdout.readline() == "ok   settings: read\n"
            finally:
                doctor.kill()


@pytest.fixture
def answers_all_at_once() -> Iterator[str]:
    """The URL of an API that answers for a token once it is asked for all of them."""
    asked = threading.Barrier(ACCOUNTS, timeout=DEADLINE)

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_asked = self.path == "/auth/me"
            if is_asked:
                asked.wait()
            body = b'{"credits": 7}' if is_asked else b"{}"
            self.send_response(200 if is_asked else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_accounts_are_checked_at_once_and_told_in_their_order(
    command: Command, environment: dict[str, str], tmp_path: Path, answers_all_at_once: str
) -> None:
    names = [f"shop{number}" for number in range(ACCOUNTS)]
    folder = tmp_path / "accounts"
    folder.mkdir()
    for name in names:
        (folder / name).write_text(f"sandbox-{name}")
    variables = {"PIKTID_API_URL": answers_all_at_once, "ACCOUNTS_FILE": str(folder)}
    answer = command("doctor", "--json", **{**environment, **variables})
    told = json.loads(answer.stdout)
    tokens = [(each["name"], each["said"]) for each in told if each["name"].startswith("account ")]
    assert tokens == [(f"account {name}", "token accepted, 7 credits") for name in names]


def test_of_many_accounts_those_that_need_something_are_told(
    command: Command, environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "accounts"
    folder.mkdir()
    for number in range(FEW + 1):
        # Of one the API takes no token; of all nobody follows the events.
        (folder / f"a{number:02}").write_text(f"{'none' if number == 7 else 'sandbox'}-a{number:02}")
    told = command("doctor", **environment, ACCOUNTS_FILE=str(folder))
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    assert [line for line in lines if "refuses its token" in line] == [
        line for line in lines if line.startswith("fail account a07: ")
    ]
    assert [line.split(":")[0] for line in lines if line.startswith("warn events")] == [
        *(f"warn events a{number:02}" for number in range(EXAMPLES)),
        "warn events",
    ]
    assert f"warn events: and {FEW + 1 - EXAMPLES} more" in lines
    assert lines[-1] == f"ok   accounts: of {FEW + 1} 0 need nothing"
    whole = json.loads(command("doctor", "--json", **environment, ACCOUNTS_FILE=str(folder)).stdout)
    assert sum(each["name"].startswith("events a") for each in whole) == FEW + 1
