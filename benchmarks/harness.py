"""What the benchmarks share: the real processes on an embedded Valkey and a sandbox process of their own."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from actors.broker.broker import Broker, brief_message
from benchmarks.wiretap import Wiretap, tapping
from cli.demo.ports import free_port
from config import keys
from config.settings import Settings
from worker.store import embedded
from worker.store.connection import connect

ACCOUNT = "sandbox-bench"
#: Of the sandbox's draws: the same seed, account and requests give the same jobs, in any order.
SEED = 7
START_DEADLINE = 20.0
#: No caps on our side: what is measured is the machinery, not the account's limits.
UNLIMITED = {"jobs": 0, "slots": 0, "create_per_minute": 0, "promote_per_minute": 0}


@dataclass
class Setup:
    """What runs: a client of its Redis, the sandbox's URL, and the pids of worker and listener."""

    client: "redis.Redis"
    redis_url: str
    api_url: str
    worker: int
    listener: int
    tap: Wiretap

    def enqueue(self, briefs: list[dict[str, Any]]) -> None:
        """Put briefs on the inlet queue."""
        broker = Broker(self.redis_url)
        for brief in briefs:
            broker.enqueue(brief_message(json.dumps(brief)))

    def wait_finished(self, count: int, deadline: float) -> None:
        """Return when so many briefs are finished; raises TimeoutError after `deadline` seconds."""
        seen, until = "0", time.monotonic() + deadline
        while self.client.zcard(keys.FINISHED()) < count:
            if time.monotonic() > until:
                raise TimeoutError(
                    f"{self.client.zcard(keys.FINISHED())} of {count} finished in {deadline} s"
                )
            answer: Any = self.client.xread({keys.EVENTS(): seen}, block=1000, count=1000)
            seen = answer[0][1][-1][0] if answer else seen

    def server_seconds(self) -> float:
        """Return the processor seconds that the Redis server has used."""
        return server_seconds(self.client)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control API."""
        return call(method, f"{self.api_url}/_sandbox/{path}", body)


def call(method: str, url: str, body: Any = None) -> Any:
    """Send JSON to a server on this machine and return the JSON that it answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


@contextmanager
def processes(
    speed: float,
    limits: Mapping[str, int] = UNLIMITED,
    *,
    tapped: bool = False,
    profiled: Path | None = None,
    **settings: Any,
) -> Iterator[Setup]:
    """Run Valkey, a sandbox with these settings, one worker and one listener for the length of the block.

    `limits` are those of the account on our side (config/accounts.py); `tapped` puts a wiretap between;
    `profiled` is where samples are written, if any are to be taken, in a folder for each command.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis_url = stack.enter_context(embedded.running(folder / "valkey", Settings().fsync))
        api_url = stack.enter_context(sandbox_process(speed, **settings))
        tap = stack.enter_context(tapping(api_url)) if tapped else Wiretap(api_url)
        environment = {
            **os.environ,
            "REDIS_URL": redis_url,
            "PIKTID_API_URL": tap.url,
            "IDENTITY_WORKER_SPEED": str(speed),
            "ACCOUNTS_FILE": str(_accounts(folder, limits)),
            "BENCH_TOKEN": ACCOUNT,
        }
        work, listen = _command("work", profiled), _command("listen", profiled)
        worker = stack.enter_context(process_running(work, folder / "worker.log", environment))
        listener = stack.enter_context(process_running(listen, folder / "listener.log", environment))
        client = connect(redis_url)
        _wait_until_followed(client, folder)
        yield Setup(client, redis_url, api_url, worker.pid, listener.pid, tap)


@contextmanager
def sandbox_process(
    speed: float, environment: Mapping[str, str] | None = None, **settings: Any
) -> Iterator[str]:
    """Run a sandbox process with these settings for the length of the block; yield its URL.

    `environment` is added to that of this process.
    """
    port = free_port()
    command = [
        sys.executable,
        "-c",
        f"from sandbox.server import serve; serve({port}, {speed}, seed={SEED})",
    ]
    given = {**os.environ, **(environment or {})}
    with tempfile.TemporaryDirectory() as folder, process_running(command, Path(folder, "log"), given):
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/_sandbox/ledger")
        call("POST", f"{url}/_sandbox/settings", settings)
        yield url


def _command(name: str, profiled: Path | None) -> list[str]:
    """Return how a process of ours is started."""
    if profiled is None:
        return [str(Path(sys.executable).parent / "identity-worker"), name]
    (profiled / name).mkdir()
    return [sys.executable, "-m", "benchmarks.frame.profiled", str(profiled / name), name]


def _accounts(folder: Path, limits: Mapping[str, int]) -> Path:
    path = folder / "accounts.toml"
    lines = "".join(f"{name} = {value}\n" for name, value in limits.items())
    path.write_text(f'[accounts.default]\ntoken_env = "BENCH_TOKEN"\n{lines}')
    return path


def _wait_for(url: str) -> None:
    until = time.monotonic() + START_DEADLINE
    while True:
        try:
            call("GET", url)
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _wait_until_followed(client: "redis.Redis", folder: Path) -> None:
    until = time.monotonic() + START_DEADLINE
    while not (client.exists(keys.LEASE("default")) and client.zcard(keys.WORKERS())):
        if time.monotonic() > until:
            written = "".join(path.read_text() for path in folder.glob("*.log"))
            raise TimeoutError(f"worker and listener did not start:\n{written}")
        time.sleep(0.05)


@contextmanager
def process_running(
    command: list[str], log: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process of the project for the length of the block, and end it as a deploy would."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds that a process and its living children have used (proc(5))."""
    total = _own_cpu(pid)
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        total += cpu_seconds(int(child))
    return total


def server_seconds(client: "redis.Redis") -> float:
    """Return the processor seconds that a Redis server has used."""
    used = client.info("cpu")
    return float(used["used_cpu_sys"]) + float(used["used_cpu_user"])


def _own_cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
