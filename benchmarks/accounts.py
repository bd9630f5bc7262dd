"""How soon one listener follows many accounts, and what it costs to go on following them.

    python -m benchmarks.accounts [ACCOUNTS]

A sandbox at the real API's speed, with an open event stream for each account.
"""

import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import redis

from benchmarks.harness import cpu_seconds, process_running, sandbox_process
from config import keys
from worker.store import embedded
from worker.store.connection import connect

ACCOUNTS = 1_000
DEADLINE = 120.0
#: Seconds for which the running listener is watched.
WATCHED = 20.0


def main(count: int) -> None:
    """Start a listener on so many accounts and print when it followed them all, and its cost then."""
    names = [f"account-{number}" for number in range(count)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis_url = stack.enter_context(embedded.running(folder / "valkey"))
        environment = {
            **os.environ,
            "REDIS_URL": redis_url,
            "PIKTID_API_URL": stack.enter_context(sandbox_process(1.0)),
            "ACCOUNTS_FILE": str(_accounts(folder, names)),
        }
        listen = [str(Path(sys.executable).parent / "identity-worker"), "listen"]
        began = time.monotonic()
        log = folder / "listener.log"
        listener = stack.enter_context(process_running(listen, log, environment))
        with connect(redis_url) as client:
            while (followed := _followed(client, names)) < count and time.monotonic() < began + DEADLINE:
                time.sleep(0.2)
            seconds, before = time.monotonic() - began, cpu_seconds(listener.pid)
            time.sleep(WATCHED)
            result = {
                "accounts": count,
                "followed": followed,
                "seconds": round(seconds, 1),
                "followed_after_watch": _followed(client, names),
                "cpu_percent": round(100 * (cpu_seconds(listener.pid) - before) / WATCHED),
                "warnings": log.read_text().count("level=warning")
                - log.read_text().count("redis.durability"),
            }
    print(json.dumps(result))


def _accounts(folder: Path, names: list[str]) -> Path:
    path = folder / "accounts.toml"
    for name in names:
        (folder / name).write_text(f"sandbox-{name}")
    tables = [f'[accounts.{name}]\ntoken_file = "{folder / name}"\n' for name in names]
    path.write_text("".join(tables))
    return path


def _followed(client: "redis.Redis", names: list[str]) -> int:
    """Return of how many accounts a stream is open in the hands of whoever has the lease."""
    with client.pipeline() as pipe:
        for name in names:
            pipe.hexists(keys.STREAM(name), "connected_at")
            pipe.exists(keys.LEASE(name))
        found = pipe.execute()
    return sum(map(all, zip(found[::2], found[1::2], strict=True)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS)
