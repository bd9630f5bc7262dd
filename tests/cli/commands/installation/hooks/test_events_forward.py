"""`identity-worker events forward`: events sent on to a program under development, signed like webhooks."""

import json
import signal
import subprocess
from typing import IO, cast

import pytest
from commandline import SCRIPT, Command, environment
from stepping import Flow
from support import DEADLINE

from tests.worker.hooks.receivers import SECRET, receiving


@pytest.mark.parametrize("given", [True, False])
def test_new_events_are_sent_on_signed_until_ctrl_c(flow: Flow, redis_url: str, given: bool) -> None:
    flow.accept(brief_id="before")
    options = ["--json", "--since", "0", *(["--secret-env", "HOOK_SECRET"] if given else [])]
    with (
        receiving(SECRET) as receiver,
        subprocess.Popen(
            [SCRIPT, "events", "forward", receiver.url, *options],
            env=environment(REDIS_URL=redis_url, HOOK_SECRET=SECRET),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        out, error = cast("IO[str]", process.stdout), cast("IO[str]", process.stderr)
        if not given:
            receiver.secrets = [error.readline().split("signed with ")[1].split(",")[0]]
        flow.accept(brief_id="after")
        receiver.wait(2)
        told = [json.loads(out.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0
        assert error.read() == ""
    assert receiver.ids() == ["before/1", "after/1"]
    assert [each["subject"] for each in told] == ["brief:before", "brief:after"]
    assert {each["status"] for each in told} <= ({204} if given else {204, 401})
    assert receiver.deliveries[1].signed_by
    assert receiver.deliveries[1].headers["content-type"] == "application/cloudevents+json; charset=utf-8"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["forward"], "needs a URL"),
        (["--secret-env", "X"], "needs a URL"),
        (["forward", "ftp://here"], "must be https"),
        (["forward", "http://here", "--secret-env", "NONE"], "NONE holds no secret"),
    ],
)
def test_what_can_not_be_sent_on_is_a_wrong_use(command: Command, arguments: list[str], says: str) -> None:
    answer = command("events", *arguments)
    assert (answer.returncode, says in answer.stderr) == (2, True)
