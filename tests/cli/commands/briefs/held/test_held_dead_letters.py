"""Dead letters of the inlet are listed, thrown away, or brought back, whatever they hold."""

import json
import re
import shlex

import pytest
import redis
from commandline import Command
from held_briefs import listed
from processes import ProcessFactory
from support import eventually

from config import keys


def test_a_dead_letter_of_the_inlet_is_thrown_away_by_its_id(command: Command, client: "redis.Redis") -> None:
    client.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), "m1", "{\x1b")
    client.zadd(keys.DEAD_LETTERS(keys.INLET), {"m1": 1})
    shown = command("status", "--held").stdout
    assert "  it is: {\\x1b\n" in shown
    assert "`identity-worker retry m1`, or to throw it away `identity-worker cancel m1`" in shown
    for told in ("status", "why"):
        assert command(told, "m1").stdout == shown.removesuffix("0 held, 1 dead letter\n")
        assert json.loads(command(told, "m1", "--json").stdout)["dead_letter"]["id"] == "m1"
    answer = command("cancel", "m1")
    assert (answer.returncode, answer.stdout) == (0, "m1: is thrown away; paid so far: nothing\n")
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET), keys.DEAD_LETTER_TEXTS(keys.INLET))
    assert command("cancel", "m1").returncode == 1


def test_a_dead_letter_of_the_inlet_is_listed_and_brought_back(
    command: Command, client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    client.hset(keys.MESSAGES(keys.INLET), "m1", "{")
    client.rpush(keys.QUEUE(keys.INLET), "m1")
    worker = worker_process()
    assert eventually(client, lambda: client.zcard(keys.DEAD_LETTERS(keys.INLET)))
    worker.kill()
    (dead_letter,) = listed(command)["dead_letters"]
    assert (dead_letter["id"], dead_letter["queue"], dead_letter["text"]) == ("m1", "briefs", "{")
    assert dead_letter["error"].startswith("must be JSON")
    assert dead_letter["answer"] == "identity-worker retry m1"
    assert "1 dead letter\n" in command("status", "--held").stdout
    assert command("retry", "m1").returncode == 0
    assert client.lrange(keys.QUEUE(keys.INLET), 0, -1) == ["m1"]
    assert not client.exists(
        keys.DEAD_LETTERS(keys.INLET), keys.DEAD_LETTER_TEXTS(keys.INLET), keys.DEAD_LETTER_REASONS()
    )
    again = command("retry", "m1")
    assert again.returncode == 1
    assert "no brief m1 is on record" in again.stderr
    client.delete(keys.QUEUE(keys.INLET), keys.MESSAGES(keys.INLET))


def test_all_held_brings_back_dead_letters_of_any_bytes(command: Command, client: "redis.Redis") -> None:
    raw = b"id-\xff\xfe"
    client.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), raw, b"\xff{")  # type: ignore[arg-type]  # bytes are fine
    client.zadd(keys.DEAD_LETTERS(keys.INLET), {raw: 1})
    assert "1 dead letter\n" in command("status", "--held").stdout
    planned = command("retry", "--all-held", "--dry-run")
    assert planned.stdout.startswith("retry: 0 briefs and 1 dead letter; ")
    assert client.exists(keys.DEAD_LETTERS(keys.INLET))
    answer = command("retry", "--all-held", "--json")
    assert answer.returncode == 0, answer.stderr
    assert client.llen(keys.QUEUE(keys.INLET)) == 1
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET))


@pytest.mark.parametrize("name", ["retry", "cancel"])
@pytest.mark.parametrize("raw", [b"id-\xff\x1b[31m", b"-nal", b"a b; $(c)", b"it's"])
def test_the_command_shown_for_a_dead_letter_can_always_be_typed(
    command: Command, client: "redis.Redis", name: str, raw: bytes
) -> None:
    client.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), raw, "{")  # type: ignore[arg-type]  # bytes are fine
    client.zadd(keys.DEAD_LETTERS(keys.INLET), {raw: 1})
    shown = next(
        line for line in command("status", "--held").stdout.splitlines() if f"-worker {name} " in line
    )
    typed = shlex.split(re.findall(rf"`(identity-worker {name} .*?)`", shown)[0])
    answer = command(*typed[1:])
    assert answer.returncode == 0, answer.stderr
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET))
    assert client.llen(keys.QUEUE(keys.INLET)) == (name == "retry")
    client.delete(keys.QUEUE(keys.INLET), keys.MESSAGES(keys.INLET))
