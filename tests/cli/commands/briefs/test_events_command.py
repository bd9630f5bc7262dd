"""`identity-worker events`: the stream for people, for programs, and as it goes on."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from commandline import SCRIPT, Command, environment
from stepping import Flow
from support import DEADLINE

from worker.views import outbox


@contextmanager
def following(redis_url: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Run `events --follow` for the length of the block."""
    process = subprocess.Popen(
        [SCRIPT, "events", "--follow", *options],
        env=environment(REDIS_URL=redis_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def test_each_event_is_a_line_with_the_entry_to_go_on_from(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.accept(brief_id="bad", priority=1000)
    first, second = outbox.read(flow.client)
    answer = command("events")
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert answer.returncode == 0
    assert [(line[0], *line[3:5]) for line in lines] == [
        (first.id, "identity.brief.accepted", "brief:a"),
        (second.id, "identity.brief.failed", "brief:bad"),
    ]
    assert answer.stdout.endswith("  error=the brief breaks rules\n")


def test_for_programs_each_line_is_a_cloud_event_with_its_entry(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a", metadata={"who": "Änne"})
    ((entry_id, event),) = outbox.read(flow.client)
    (line,) = command("events", "--json").stdout.splitlines()
    parsed = JSONFormat().read(CloudEvent, line)
    assert (parsed.get_type(), parsed.get_extension("entryid")) == ("identity.brief.accepted", entry_id)
    assert json.loads(line)["data"] == event.data


def test_since_leaves_out_what_was_read_before(command: Command, flow: Flow) -> None:
    for brief_id in ("a", "b"):
        flow.accept(brief_id=brief_id)
    first, _ = outbox.read(flow.client)
    told = [json.loads(line) for line in command("events", "--json", "--since", first.id).stdout.splitlines()]
    assert [event["subject"] for event in told] == ["brief:b"]
    assert command("events", "--since", "$").stdout == ""


@pytest.mark.parametrize("since", ["yesterday", "1-", "-1", ""])
def test_since_something_that_is_no_entry_is_a_wrong_use(since: str, alone: Command) -> None:
    answer = alone("events", f"--since={since}")
    assert answer.returncode == 2
    assert "must be an entry's ID" in answer.stderr


def test_following_goes_on_with_what_comes_until_ctrl_c(flow: Flow, redis_url: str) -> None:
    flow.accept(brief_id="before")
    with following(redis_url, "--json") as process:
        out = cast("IO[str]", process.stdout)
        assert json.loads(out.readline())["subject"] == "brief:before"
        flow.accept(brief_id="after")
        assert json.loads(out.readline())["subject"] == "brief:after"
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0
        assert (out.read(), cast("IO[str]", process.stderr).read()) == ("", "")


def test_a_reader_that_goes_away_ends_the_command_without_a_traceback(flow: Flow, redis_url: str) -> None:
    flow.accept(brief_id="before")
    with following(redis_url) as process:
        out = cast("IO[str]", process.stdout)
        assert "brief:before" in out.readline()
        out.close()
        flow.accept(brief_id="after")
        process.wait(DEADLINE)
        assert "Traceback" not in cast("IO[str]", process.stderr).read()


def test_text_from_outside_is_no_terminal_s_command(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    error = "no\x1b[2J"
    event = outbox.read(flow.client)[0].event.model_dump(mode="json")
    flow.client.xadd("identity:events", {"event": json.dumps(event | {"data": {"error": error}})})
    assert "error=no\\x1b[2J" in command("events").stdout
