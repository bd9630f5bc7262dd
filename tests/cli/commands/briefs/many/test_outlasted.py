"""Commands that go on for long, as a Redis that is away for a moment ends none of them."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis
from commandline import SCRIPT, environment
from stepping import Flow
from support import eventually

COMMANDS = (["wait", "--timeout", "5m"], ["events", "--follow"], ["watch"])


def reading(client: "redis.Redis") -> set[str]:
    """Return the connections that wait for events at this moment."""
    return {each["id"] for each in client.client_list() if each["cmd"] == "xread" and "b" in each["flags"]}


@contextmanager
def running(words: list[str], url: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as out:
        process = subprocess.Popen([SCRIPT, *words], env=environment(REDIS_URL=url), stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_who_waits_or_follows_goes_on_after_an_outage(heard: Flow, redis_url: str, tmp_path: Path) -> None:
    client: Any = heard.client
    heard.accept(brief_id="b")
    with ExitStack() as stack:
        logs = [tmp_path / words[0] for words in COMMANDS]
        waiting, *following = [
            stack.enter_context(running(words, redis_url, log))
            for words, log in zip(COMMANDS, logs, strict=True)
        ]
        before = eventually(client, lambda: len(found := reading(client)) == len(COMMANDS) and found)
        for each in before:
            client.client_kill_filter(_id=each)
        assert eventually(client, lambda: len(reading(client) - before) == len(COMMANDS)), [
            log.read_text() for log in logs
        ]
        heard.finish("b")
        assert waiting.wait(60) == 0, logs[0].read_text()
        for log in logs[1:]:
            assert eventually(client, lambda log=log: "done" in log.read_text())
        assert [each.poll() for each in following] == [None, None]
