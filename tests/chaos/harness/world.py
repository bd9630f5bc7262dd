"""Where a run happens: Redis, a sandbox in a process of its own, several accounts, and the fleet."""

import json
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import redis

from actors.broker.broker import Broker
from benchmarks.harness import call, sandbox_process
from cli.demo.ports import free_port
from config import keys
from tests.chaos.harness.clocks import wrong_clock
from tests.chaos.harness.cutting import Cutting, cutting
from tests.chaos.harness.fleet import REAL, Fleet, fleet
from tests.chaos.harness.installation import accounts_file, photos, set_webhooks
from tests.chaos.harness.store import Database, store
from tests.chaos.invariants import auditing, invariants
from tests.chaos.invariants.invariants import Breach, Kind
from worker.views import snapshots
from worker.views.account_reading import summary
from worker.views.models import BriefView

#: How the API's jobs are: short, some of them failing, and never at a loss for slots or credits.
API: dict[str, Any] = {
    "slots_cap": 100_000,
    "credits": 10_000_000,
    "drafts_median_seconds": 40,
    "preprocessing_median_seconds": 60,
}
#: What goes wrong at the API by itself.
FAILURES: dict[str, Any] = {
    "draft_failure_rate": 0.1,
    "job_failure_rate": 0.03,
    "preprocessing_failure_rate": 0.05,
    "wrong_faces_rate": 0.05,
}
#: How the API's events come: by stream, by webhook, or each by both.
Channel = Literal["sse", "webhook", "both"]
#: What forgotten records may cost: money, and refusals of the API.
COST = (Kind.PAID_TWICE, Kind.WASTED, Kind.VIOLATION, Kind.AUDIT)
#: What stands in the accounts file beside the token.
LIMITS = {"slots": 100_000}
#: What says how many replicas must know of a paid call.
REPLICAS = "IDENTITY_WORKER_REPLICAS"
#: Seconds in which all must be quiet once more after the audit.
AGAIN = 15.0


@dataclass
class World:
    """What a run works on."""

    store: Database
    api_url: str
    accounts: Mapping[str, str]
    environment: Mapping[str, str]
    """What every process of ours has in its environment."""
    fleet: Fleet
    sent: list[str] = field(default_factory=list)
    """The ids of the briefs that were put on the queue."""
    orders: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Those briefs as they were sent first."""
    resent: set[str] = field(default_factory=set)
    """Those for which an operator had a paid call made again."""
    proxy: Cutting | None = None
    """What our processes have before the API, if anything."""
    forgotten: set[str] = field(default_factory=set)
    """Those of which Redis has lost what it had acknowledged, as it may where it syncs too seldom."""

    def send(self, brief: Mapping[str, Any]) -> None:
        """Put a brief on the queue, for as long as it takes: that is its sender's part.

        It is there once as many replicas have it as are to know of a paid call.
        """
        broker = Broker(self.store.url, prefetch=1)
        until = time.monotonic() + 120
        while True:
            try:
                broker.enqueue_briefs([json.dumps(brief)], int(self.environment.get(REPLICAS, 0)))
                break
            except redis.RedisError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        broker.client.close()
        self.expect(brief)

    def expect(self, brief: Mapping[str, Any]) -> None:
        """Count a brief among those that were sent."""
        if brief["brief_id"] not in self.sent:
            self.sent.append(str(brief["brief_id"]))
            self.orders[str(brief["brief_id"])] = brief

    def ledger(self) -> Any:
        """Return the sandbox's whole ledger."""
        return call("GET", f"{self.api_url}/_sandbox/ledger")

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control API."""
        return call(method, f"{self.api_url}/_sandbox/{path}", body)

    def breaches(self) -> list[Breach]:
        """Return what is not as it must be, now."""
        ledger = self.ledger()
        found = invariants.look(self.store.client, ledger, self.accounts, self.sent, self.resent)
        return self._inexcusable(found, ledger)

    def _inexcusable(self, found: Iterable[Breach], ledger: Any) -> list[Breach]:
        """Return the breaches that are not the price of forgotten records."""
        if not self.forgotten:
            return list(found)
        of = invariants.whose(ledger)
        # What is said of an account as a whole is said of all its briefs.
        forgotten = {*self.forgotten, *self.accounts}
        return [
            each
            for each in found
            if each.kind not in COST or of.get(each.subject, each.subject) not in forgotten
        ]

    def wait_until_quiet(self, seconds: float) -> list[Breach]:
        """Return the breaches that are left once nothing is under way any more, or after so many seconds.

        What `identity-worker audit` finds then is among them.
        """
        until = time.monotonic() + seconds
        self._left(until)
        audited = auditing.audit(self.environment, len(self.sent))
        # The timers of held briefs went on meanwhile: a message of theirs that is under way is not left over.
        left = self._left(max(until, time.monotonic() + AGAIN))
        return [*left, *self._inexcusable(audited, self.ledger())]

    def _left(self, until: float) -> list[Breach]:
        """Return no breach as soon as there is none, or those that there are at that time."""
        while True:
            is_late = time.monotonic() > until
            if is_late or self._may_be_quiet():
                breaches = self.breaches()
                if is_late or not breaches:
                    return breaches
            time.sleep(0.25)

    def _may_be_quiet(self) -> bool:
        """Ask little, before all is looked at: no message, and nobody waits for the API."""
        client = self.store.client
        queued = client.exists(*(keys.MESSAGES(queue) for queue in (keys.INLET, keys.STEPS)))
        permits = client.exists(*(keys.PERMITS(account) for account in self.accounts))
        return not queued and not permits

    def briefs(self) -> list[BriefView]:
        """Return the briefs as they stand."""
        return snapshots.by_ids(self.store.client, self.sent)


@contextmanager
def world(
    *,
    accounts: int,
    speed: float,
    timeout: float,
    commands: Mapping[str, Sequence[str]] = REAL,
    workers: int = 1,
    listeners: int = 1,
    webs: int = 0,
    events: Channel = "sse",
    clocks: random.Random | None = None,
    between: Callable[[str], AbstractContextManager[str]] = nullcontext,
    proxied: bool = False,
    keep: Path | None = None,
    limits: Mapping[str, int] = LIMITS,
    servers: Callable[[Path], AbstractContextManager[Database]] = store,
    more: Mapping[str, str] | None = None,
    **api: Any,
) -> Iterator[World]:
    """Run it all for the length of the block; yield it once every account is followed, if anybody is to.

    `speed` is that of the API's clocks, `timeout` (s) what one of its answers may take, `events` how the
    API's events come, `webs` the number of processes for them where they come by webhook. `clocks` sets those
    of all processes and of the API wrong, each as it draws. `between` puts something before the URL of Redis
    that the processes are given, `proxied` a proxy before the API; `keep` is a folder for the logs and Redis'
    files that is left behind, `limits` those of the accounts on our side, `servers` runs the Redis in a
    folder, `more` is in the environment of all processes of ours, `api` further settings of the sandbox.
    """
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        server = stack.enter_context(servers(folder / "valkey"))
        own = partial(wrong_clock, clocks) if clocks else dict[str, str]
        api_url = stack.enter_context(sandbox_process(speed, own(), **{**API, **api}))
        tokens = {f"account-{number}": f"sandbox-chaos-{number}" for number in range(accounts)}
        proxy = stack.enter_context(cutting(api_url)) if proxied else None
        environment = {
            "REDIS_URL": stack.enter_context(between(server.url)),
            "PIKTID_API_URL": f"http://127.0.0.1:{proxy.port}" if proxy else api_url,
            "ACCOUNTS_FILE": str(accounts_file(folder, tokens, limits)),
            "IDENTITY_WORKER_SPEED": str(speed),
            "IDENTITY_WORKER_REQUEST_TIMEOUT": str(timeout),
            "IDENTITY_WORKER_REFERENCE_DIR": str(photos(folder)),
            "IDENTITY_WORKER_SECRETS_DIR": str(folder / "secrets"),
            "IDENTITY_WORKER_EVENTS": "webhook" if events == "webhook" else "sse",
            **(more or {}),
        }
        running = stack.enter_context(
            fleet(folder, environment, commands, workers=workers, listeners=listeners, own=own)
        )
        made = World(server, api_url, tokens, environment, running, proxy=proxy)
        if events != "sse":
            _take_webhooks(made, webs)
        _wait_until_followed(made)
        yield made


def _take_webhooks(made: World, webs: int) -> None:
    """Start processes that take the accounts' webhooks, and set these."""
    ports = [free_port() for _ in range(webs)]
    for port in ports:
        made.fleet.add("web", "--port", str(port))
    set_webhooks(made.environment, list(made.accounts), ports)


def _wait_until_followed(made: World) -> None:
    if made.fleet.members:
        wait_until_followed(made, len(made.fleet.of("worker")))


def wait_until_followed(made: World, workers: int) -> None:
    """Return once so many workers are up and each account is followed."""
    until = time.monotonic() + 120
    client = made.store.client
    while not (
        all(summary(client, account).followed for account in made.accounts)
        and client.zcard(keys.WORKERS()) >= workers
    ):
        if time.monotonic() > until:
            raise TimeoutError("the processes did not come up")
        time.sleep(0.05)
