"""`identity-worker healthy`: the probe of a container tells of its own processes alone."""

import json

import redis
from commandline import Command

from config import durations, keys, processes
from config.times import redis_ms


def test_it_asks_for_signs_of_life_of_this_machine(
    command: Command, environment: dict[str, str], client: "redis.Redis"
) -> None:
    now = redis_ms(client.time())
    later = now + 600_000  # alive for as long as this test takes
    client.zadd(keys.WORKERS(), {"elsewhere:1": later, processes.sign(): now - durations.WORKER_DEAD_MS - 1})
    none = command("healthy", **environment)
    assert (none.returncode, none.stdout) == (1, "")
    assert "no worker or listener of this machine" in none.stderr

    client.zadd(keys.LISTENERS(), {processes.sign(): later, "elsewhere:2": later})
    found = command("healthy", "--json", **environment)
    assert (found.returncode, json.loads(found.stdout)) == (0, {"worker": 0, "listener": 1})
    assert command("healthy", "--role", "worker", **environment).returncode == 1
    assert command("healthy", "--role", "listener", **environment).stdout == "1 listener\n"
