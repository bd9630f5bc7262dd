"""`identity-worker hooks` and `deliver`: endpoints added, looked at, sent to and removed by the command."""

import json
import signal
import subprocess

import pytest
from commandline import SCRIPT, Command
from processes import ProcessFactory
from stepping import Flow

from tests.worker.hooks.receivers import receiving
from worker.hooks.standing import standings


def test_an_endpoint_is_added_sent_to_looked_at_and_removed(
    alone: Command, environment: dict[str, str], flow: Flow, start: ProcessFactory
) -> None:
    private = {"IDENTITY_WORKER_HOOKS_PRIVATE": "true"}

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return alone(*arguments, **environment, **private)

    assert "There is no endpoint" in command("hooks").stdout
    with receiving(hangs=True) as receiver:
        added = json.loads(command("hooks", "add", receiver.url, "--name", "shop", "--json").stdout)
        receiver.secrets = [added["secret"]]
        running = start("deliverer", [SCRIPT, "deliver"], **private)
        flow.accept(brief_id="a")
        assert receiver.asked.wait(60)
        # What is under way when it is told to end is put on record.
        running.process.send_signal(signal.SIGTERM)
        receiver.hangs.set()
        assert running.process.wait(60) == 0
    (fares,) = json.loads(command("hooks", "--json").stdout)
    assert (fares["name"], fares["taken"], fares["waiting"], fares["paused"]) == ("shop", 1, 0, None)
    assert "shop  127.0.0.1  all events  1 taken, 0 wait; took the last one" in command("hooks").stdout
    (line,) = command("hooks", "log", "shop").stdout.splitlines()
    assert "identity.brief.accepted  a/1  taken: answered 204" in line
    assert receiver.deliveries[0].signed_by == [added["secret"]]
    assert "1 event is sent to shop again" in command("hooks", "resend", "shop", "--brief", "a").stdout
    unknown = command("hooks", "resend", "shop", "--brief", "b")
    assert (unknown.returncode, "no brief b is on record" in unknown.stderr) == (1, True)
    assert "is changed" in command("hooks", "change", "shop", "--url", f"{receiver.url}/new").stdout
    assert "say what is to change" in command("hooks", "change", "shop").stderr
    (fares,) = json.loads(command("hooks", "--json").stdout)
    assert fares["url"] == f"{receiver.url}/new"
    assert "is paused" in command("hooks", "pause", "shop", "--why", "a test").stdout
    assert "paused by" in command("hooks").stdout
    assert "goes on" in command("hooks", "unpause", "shop").stdout
    again = command("hooks", "secret", "shop", "--overlap", "2h").stdout
    assert "whsec_" in again
    assert added["secret"] not in again
    assert command("hooks", "remove", "shop").returncode == 0
    assert standings(flow.client)[1] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add"], "needs a URL"),
        (["list", "shop"], "`hooks list` nothing"),
        (["pause", "shop"], "no endpoint is called 'shop'"),
        (["add", "http://127.0.0.1:1"], "must be https"),
        (["add", "https://shop.example", "--name", "a b"], "must be 1 to 64 of"),
        (["add", "https://shop.example", "--types", "identity.brief.finished"], "no type of events"),
        (["add", "https://shop.example", "--since", "2h"], "takes no --since"),
        (["resend", "shop", "--types", "x"], "takes no --types"),
        (["pause", "shop", "--url", "https://shop.example"], "takes no --url"),
    ],
)
def test_what_can_not_be_done_is_a_wrong_use(command: Command, arguments: list[str], says: str) -> None:
    answer = command("hooks", *arguments)
    assert (answer.returncode, says in answer.stderr) == (2, True), answer.stderr
