"""An installation grows from one shard to three on a real cluster, under briefs and kills: are promises kept?

    python -m tests.chaos.programs.spreading [--briefs N] [--accounts N] [--seed N]

Workers and listeners of one shard begin; those of three come beside them, and go on alone. Then accounts
move: the command that moves them is killed again and again, and workers and listeners with it, each started
anew as a supervisor would. The last line is one JSON object; exits 1 when a promise was broken.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness import call, sandbox_process
from tests.chaos.invariants.invariants import Kind, Scene, promises
from tests.servers.cluster import cluster
from tests.servers.server import until
from worker.shards.shards import Shards
from worker.views import snapshots

BRIEFS, ACCOUNTS, SHARDS, SPEED = 120, 12, 3, 20.0
NAMESPACE = "{spreading}"
SCRIPT = str(Path(sys.executable).parent / "identity-worker")
#: Seconds before a kill of the command that moves, its most kills, and seconds in which all must be over.
SOON, KILLS, QUIET = (0.4, 4.0), 12, 400.0
#: Kills of processes, between those of the command.
STRUCK = ("work", "listen")


class Fleet:
    """The processes, each started anew when it was killed."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, shards: int) -> None:
        """Start `work` or `listen` of so many shards."""
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[f"{name}-{shards}"] = subprocess.Popen(
                [SCRIPT, name],
                env=self._environment | {"IDENTITY_WORKER_SHARDS": str(shards)},
                stdout=log,
                stderr=log,
            )

    def end(self, shards: int) -> None:
        """End all of so many shards, as a deploy does."""
        ended = [each for name, each in self._running.items() if name.endswith(f"-{shards}")]
        for each in ended:
            each.terminate()
        for each in ended:
            each.wait(60)

    def strike(self, name: str, chance: random.Random) -> None:
        """Kill one process of a command's; all of it ends then, and is started anew."""
        parent = self._running[f"{name}-{SHARDS}"]
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        until(lambda: len(children.read_text().split()) == SHARDS)
        os.kill(int(chance.choice(children.read_text().split())), signal.SIGKILL)
        parent.wait(60)
        self.start(name, SHARDS)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        environment = self._environment | {"IDENTITY_WORKER_SHARDS": str(SHARDS)}
        return subprocess.run([SCRIPT, *words], env=environment, capture_output=True, text=True, check=False)

    def kill_in_the_middle(self, seconds: float, *words: str) -> bool:
        """Run a command and kill it after a while; return whether it had ended before."""
        environment = self._environment | {"IDENTITY_WORKER_SHARDS": str(SHARDS)}
        running = subprocess.Popen([SCRIPT, *words], env=environment, stderr=subprocess.DEVNULL)
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            return False
        return running.returncode == 0


@contextmanager
def installation(names: list[str]) -> Iterator[tuple[Fleet, str, str, Path]]:
    """Run a cluster and a sandbox; yield the fleet, the URLs of both, and a folder."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = stack.enter_context(cluster(folder / "cluster", replicas=0))
        api = stack.enter_context(
            sandbox_process(SPEED, drafts_median_seconds=60, preprocessing_median_seconds=60)
        )
        tables = (f'[accounts.{name}]\ntoken_env = "TOKEN_{name[1:]}"\n' for name in names)
        (folder / "accounts.toml").write_text("".join(tables))
        environment = {
            **os.environ,
            **{f"TOKEN_{name[1:]}": f"sandbox-{name}" for name in names},
            "REDIS_URL": servers.url,
            "PIKTID_API_URL": api,
            "ACCOUNTS_FILE": str(folder / "accounts.toml"),
            "IDENTITY_WORKER_SPEED": str(SPEED),
            "IDENTITY_WORKER_NAMESPACE": NAMESPACE,
            "IDENTITY_WORKER_REQUEST_TIMEOUT": "3",
        }
        fleet = Fleet(environment, folder)
        try:
            yield fleet, servers.url, api, folder
        finally:
            for shards in (1, SHARDS):
                fleet.end(shards)


def main(briefs: int, accounts: int, seed: int) -> dict[str, Any]:
    """Let an installation grow; return what became of its briefs, and which promises were broken."""
    names, chance = [f"a{number}" for number in range(accounts)], random.Random(seed)
    sent = {f"b{number}": names[number % accounts] for number in range(briefs)}
    with installation(names) as (fleet, redis_url, api, folder):
        for name in STRUCK:
            fleet.start(name, 1)
        lines = (
            json.dumps({"brief_id": each, "name": each, "account": account, **_body(each)})
            for each, account in sent.items()
        )
        (folder / "briefs.jsonl").write_text("\n".join(lines))
        fleet.run("enqueue", str(folder / "briefs.jsonl"))
        time.sleep(5)
        for name in STRUCK:
            fleet.start(name, SHARDS)
        time.sleep(5)
        fleet.end(1)
        kills = 0
        while kills < KILLS and not fleet.kill_in_the_middle(chance.uniform(*SOON), "shards", "--spread"):
            kills += 1
            if kills % 3 == 0:
                fleet.strike(STRUCK[kills // 3 % 2], chance)
        spread = fleet.run("shards", "--spread")
        began = time.monotonic()
        waited = fleet.run("wait", "--timeout", f"{QUIET:.0f}s")
        quiet = time.monotonic() - began
        audited = fleet.run("audit", "--api")
        fleet.end(SHARDS)
        with Shards(redis_url, f"{NAMESPACE}:", SHARDS) as shards:
            views = {each.brief_id: each for each in snapshots.by_ids(shards.reading, list(sent))}
            tokens = {name: f"sandbox-{name}" for name in names}
            ledger = call("GET", f"{api}/_sandbox/ledger")
            scene = Scene(shards.reading, ledger, tokens, views, list(sent))
            breaches = list(promises(scene))
            lives = Counter(shards.of(name) for name in names)
    for breach in breaches:
        print(f"{breach.kind}: {breach.subject} {breach.what}")
    kinds = Counter(breach.kind for breach in breaches)
    told = {
        "briefs": len(sent),
        **Counter(view.state for view in views.values()),
        "kills_of_the_command": kills,
        "spread": spread.returncode,
        "accounts_in_each_shard": [lives[shard] for shard in range(SHARDS)],
        **{kind.value: kinds[kind] for kind in Kind if kind not in (Kind.LEAKED, Kind.EVENTS)},
        "audit": audited.stdout.splitlines()[-1:],
        "wait": waited.returncode,
        "seconds_until_quiet": round(quiet, 1),
        "ok": not breaches and audited.returncode == 0,
    }
    print(json.dumps(told), flush=True)
    return told


def _body(brief_id: str) -> dict[str, Any]:
    return {"instructions": [{"prompt": f"a face, {brief_id}", "num_variations": 2}]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    sys.exit(0 if main(given.briefs, given.accounts, given.seed)["ok"] else 1)
