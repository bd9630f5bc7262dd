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
from benchmarks.frame.proc import has_ended
from benchmarks.frame.round_trips import RoundTrips, counting
from benchmarks.wiretap import Wiretap, tapping
from cli.demo.ports import free_port
from config import keys
from config.settings import Settings
from worker.store import embedded
from worker.store.connection import connect

ACCOUNT = "sandbox-bench"
#: Of the sandbox's draws: the same seed, account and requests give the same jobs, in any order.
SEED = 7
#: Seconds, on a machine that has much else to do.
START_DEADLINE = 60.0
#: Who talks to Redis.
ROLES = ("worker", "listener", "sender")
#: No caps on our side: what is measured is the machinery, not the account's limits.
UNLIMITED = {"jobs": 0, "slots": 0, "create_per_minute": 0, "promote_per_minute": 0}


@dataclass
class Ground:
    """What the processes stand on: Redis, the sandbox, and what counts or notes what passes before them."""

    folder: Path
    redis_url: str
    api_url: str
    tap: Wiretap
    trips: dict[str, RoundTrips]
    token: str = ACCOUNT
    """Of the account at the sandbox."""

    def redis_for(self, who: str) -> str:
        """Return the URL of Redis for one of ROLES: its own, if its round trips are counted."""
        return self.trips[who].url if who in self.trips else self.redis_url


@dataclass
class Setup:
    """What runs: its ground, a client of its Redis, and the pids of worker and listener."""

    ground: Ground
    client: "redis.Redis"
    worker: int
    listener: int
    before: int = 0
    """How many briefs were finished on it before it was handed to whoever has it now."""

    @property
    def api_url(self) -> str:
        """Return the sandbox's URL."""
        return self.ground.api_url

    @property
    def events(self) -> str:
        """Return the key of the stream that tells of what is finished."""
        return keys.EVENTS()

    def finished(self) -> int:
        """Return how many briefs are finished."""
        return int(self.client.zcard(keys.FINISHED()))

    def enqueue(self, briefs: list[dict[str, Any]]) -> None:
        """Put briefs on the inlet queue."""
        broker = Broker(self.ground.redis_for("sender"))
        for brief in briefs:
            broker.enqueue(brief_message(json.dumps(brief)))

    def wait_finished(self, count: int, deadline: float) -> None:
        """Return when so many more briefs are finished than were before.

        Raises TimeoutError after `deadline` seconds, RuntimeError when a process has ended.
        """
        seen, until = "0", time.monotonic() + deadline
        while (done := self.finished() - self.before) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{done} of {count} finished in {deadline} s")
            if any(map(has_ended, (self.worker, self.listener))):
                raise RuntimeError(f"a process has ended:\n{logs_in(self.ground.folder)}")
            answer: Any = self.client.xread({self.events: seen}, block=1000, count=1000)
            seen = answer[0][1][-1][0] if answer else seen

    def server_seconds(self) -> float:
        """Return the processor seconds that the Redis server has used."""
        used = self.client.info("cpu")
        return float(used["used_cpu_sys"]) + float(used["used_cpu_user"])

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control API."""
        return call(method, f"{self.api_url}/_sandbox/{path}", body)


def call(method: str, url: str, body: Any = None) -> Any:
    """Send JSON to a server on this machine and return the JSON that it answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


@contextmanager
def ground(speed: float, *, tapped: bool = False, counted: bool = False, **settings: Any) -> Iterator[Ground]:
    """Run Valkey and a sandbox with these settings; `IDENTITY_WORKER_FSYNC` says when Valkey syncs.

    `tapped` puts a wiretap before the sandbox, `counted` a counter of round trips before Valkey.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis_url = stack.enter_context(embedded.running(folder / "valkey", Settings().fsync))
        api_url = stack.enter_context(sandbox_process(speed, **settings))
        tap = stack.enter_context(tapping(api_url)) if tapped else Wiretap(api_url)
        trips = {
            who: stack.enter_context(counting(redis_url, folder / who)) for who in (ROLES if counted else ())
        }
        yield Ground(folder, redis_url, api_url, tap, trips)


@contextmanager
def processes(
    speed: float,
    limits: Mapping[str, int] = UNLIMITED,
    *,
    tapped: bool = False,
    counted: bool = False,
    profiled: Path | None = None,
    **settings: Any,
) -> Iterator[Setup]:
    """Run one worker and one listener on a ground of their own for the length of the block.

    `limits` are those of the account on our side (config/accounts); `profiled` is where samples are
    written, if any are to be taken, in a folder for each command.
    """
    with ExitStack() as stack:
        under = stack.enter_context(ground(speed, tapped=tapped, counted=counted, **settings))
        environment = {
            **os.environ,
            "PIKTID_API_URL": under.tap.url,
            "IDENTITY_WORKER_SPEED": str(speed),
            "ACCOUNTS_FILE": str(_accounts(under.folder, limits)),
            "BENCH_TOKEN": under.token,
        }
        pids = {}
        for role, name in (("worker", "work"), ("listener", "listen")):
            given = {**environment, "REDIS_URL": under.redis_for(role)}
            log = under.folder / f"{role}.log"
            pids[role] = stack.enter_context(process_running(_command(name, profiled), log, given)).pid
        client = stack.enter_context(connect(under.redis_url))
        _wait_until_followed(client, under.folder)
        yield Setup(under, client, **pids)


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
        wait_for(f"{url}/_sandbox/ledger")
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


def wait_for(url: str) -> None:
    """Return when a server answers there; raises its last error after START_DEADLINE."""
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
            raise TimeoutError(f"worker and listener did not start:\n{logs_in(folder)}")
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


def logs_in(folder: Path) -> str:
    """Return what processes have written to their logs in a folder, the end of each."""
    return "\n".join(path.read_text()[-2_000:] for path in folder.glob("*.log"))
