"""What the tests share: waiting for something, real processes, stepping the actors, the check of the keys."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import forking
import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from pydantic import SecretStr

from actors.broker.broker import Broker
from actors.listener.listener import Listener
from benchmarks.caps.virtual import admission
from cli.demo.ports import free_port
from config import keys
from config.accounts import DEFAULT, Account
from config.settings import Settings
from sandbox import Sandbox
from sandbox.account.dialects import DialectName
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject, promotion_subject
from worker.store.connection import connect_bytes
from worker.store.functions import Functions
from worker.views import snapshots

T = TypeVar("T")

#: The suite's modes (`make test-dialects`): the dialect that the sandbox speaks, and how its events come.
DIALECT = cast(DialectName, os.environ.get("IDENTITY_WORKER_TEST_DIALECT", "guide"))
EVENTS = os.environ.get("IDENTITY_WORKER_TEST_EVENTS", "sse")
#: Clocks of the sandbox, and those of the API in the worker, run so many times faster.
SPEED = 200.0
#: Seconds that anything may take before a test gives up.
DEADLINE = 15.0
ROOT = Path(__file__).parent.parent
CREATE = "/identity/create"
PROMOTE = "/identity/promote-generated"
BODY: dict[str, Any] = {
    "instructions": [{"appearance": {"gender": "female", "age": 28}, "num_variations": 2}],
    "name": "Spring catalog model",
}


def brief(**fields: Any) -> dict[str, Any]:
    """Return a small valid brief with these fields set."""
    return {**BODY, **fields}


def everything(client: "redis.Redis") -> dict[str, Any]:
    """Return all that a Redis holds, but when its function libraries were used."""
    return {name: client.dump(name) for name in map(str, client.scan_iter()) if name != keys.LIBRARIES()}


def eventually(client: "redis.Redis", condition: Callable[[], T], deadline: float = DEADLINE) -> T:
    """Return the first truthy value of `condition`, asked again at each event and every few milliseconds.

    Raises AssertionError after `deadline` seconds.
    """
    end = time.monotonic() + deadline
    last = "0"
    while time.monotonic() < end:
        if value := condition():
            return value
        streams: Any = client.xread({keys.EVENTS(): last}, block=20)
        last = streams[0][1][-1][0] if streams else last
    raise AssertionError(f"not within {deadline} s: {condition}")


def stored(ledger: Ledger, subject: str = "brief:b") -> Record:
    """Return a record as its step would read it, which must be there."""
    found = ledger.read(subject)
    assert found is not None, f"{subject} is not on record"
    return found


def events(client: "redis.Redis", brief_id: str | None = None) -> list[dict[str, Any]]:
    """Return the events for downstream, of one brief or of all, oldest first."""
    entries: Any = client.xrange(keys.EVENTS())
    decoded = [json.loads(fields["event"]) for _, fields in entries]
    return [event for event in decoded if brief_id in (None, event["data"]["brief_id"])]


def event_types(client: "redis.Redis", brief_id: str | None = None) -> list[str]:
    """Return the types of `events`."""
    return [event["type"] for event in events(client, brief_id)]


@dataclass(frozen=True)
class Api:
    """One fresh account of the sandbox, with the sandbox's controls for it alone."""

    sandbox: Sandbox
    token: str

    @property
    def url(self) -> str:
        """Return the sandbox's address."""
        return self.sandbox.url

    def set(self, **settings: Any) -> None:
        """Change settings of the account."""
        self.sandbox.settings(account=self.token, **settings)

    def fault(self, kind: str, **rule: Any) -> None:
        """Let something go wrong for the account."""
        self.sandbox.faults(kind=kind, account=self.token, **rule)

    def refuse(
        self,
        path: str,
        status: int,
        body: object = None,
        count: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `count` requests of `path` with a status."""
        self.fault("status", path=path, status=status, body=body, count=count, headers=dict(headers or {}))

    def lose_events(self) -> None:
        """Let no event of the account come, by stream or webhook, now or in a backfill."""
        for channel in ("stream", "webhook"):
            self.fault("lose", on=channel, count=None, stored=False)

    def double_events(self) -> None:
        """Let every event of the account come twice, by stream or webhook."""
        self.fault("duplicate", count=None)
        self.fault("double", count=None)

    def ledger(self) -> dict[str, Any]:
        """Return what the sandbox has on record of the account."""
        return self.sandbox.ledger(self.token)

    def rest(self) -> None:
        """Wait until none of its jobs is in flight."""
        end = time.monotonic() + DEADLINE
        while self.ledger()["jobs_in_flight"]:
            assert time.monotonic() < end, "the account's jobs do not end"

    def sent(self) -> dict[str, Any]:
        """Return the body of its one creation, as the sandbox got it."""
        entries = self.sandbox.journal(self.token, limit=1000)
        (body,) = [entry["request"] for entry in entries if entry["path"] == CREATE]
        return dict(json.loads(body))

    def start_other_jobs(self, jobs: int, seconds: float = 0) -> None:
        """Let other products of the account do so many jobs, each of so many unscaled seconds."""
        order = {"account": self.token, "jobs": jobs, "seconds": seconds}
        self.sandbox._call("POST", "/_sandbox/other-jobs", order)

    def requests(self, endpoint: str) -> int:
        """Return how often an endpoint was called, whatever it answered; `POST /identity/create`."""
        return sum(self.ledger()["requests"].get(endpoint, {}).values())


class Steps:
    """Runs the actors in this process, one message at a time, in the order of the queue."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._consumers = {name: broker.consume(name, prefetch=1) for name in (keys.INLET, keys.STEPS)}

    def run(self, queue: str = keys.STEPS, deadline: float = DEADLINE) -> tuple[str, str]:
        """Run the next message; return its actor and its argument. Raises AssertionError if none comes."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            if (ran := self._run_one(queue)) is not None:
                return ran
        raise AssertionError(f"no message in the queue {queue} within {deadline} s")

    def until(self, condition: Callable[[], T], deadline: float = DEADLINE) -> T:
        """Run steps until `condition` is truthy; return its value. Raises AssertionError after `deadline`."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            if value := condition():
                return value
            self._run_one(keys.STEPS)
        raise AssertionError(f"not within {deadline} s: {condition}")

    def _run_one(self, queue: str) -> tuple[str, str] | None:
        consumer = self._consumers[queue]
        message = next(consumer)
        if message is None:
            return None
        self._broker.emit_before("process_message", message)
        result = self._broker.get_actor(message.actor_name)(*message.args, **message.kwargs)
        self._broker.emit_after("process_message", message, result=result)
        (consumer.nack if message.failed else consumer.ack)(message)
        return message.actor_name, str(message.args[0])


@dataclass
class Flow:
    """The whole flow with its actors stepped in this process, on a fresh account of the sandbox."""

    client: "redis.Redis"
    ledger: Ledger
    settings: Settings
    functions: Functions
    steps: Steps
    broker: Broker
    api: Api
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000)))

    def accept(self, **fields: Any) -> str:
        """Put a brief on the inlet queue and on record; return its id."""
        brief_id = str(fields.setdefault("brief_id", f"brief-{next(self._numbers)}"))
        self.broker.enqueue(inlet_message(brief(**fields)))
        self.steps.run(keys.INLET)
        return brief_id

    def brief(self, brief_id: str) -> Record:
        """Return a brief's record."""
        return self.record(brief_subject(brief_id))

    def promotion(self, brief_id: str, number: int = 0) -> Record:
        """Return the record of one of a brief's promotions."""
        return self.record(promotion_subject(brief_id, number))

    def record(self, subject: str) -> Record:
        """Return a record that must be there."""
        return stored(self.ledger, subject)

    def until(self, brief_id: str, *states: str) -> Record:
        """Run steps until the brief is in one of these states; return its record."""
        self.steps.until(lambda: self.brief(brief_id).state in states)
        return self.brief(brief_id)

    def finish(self, brief_id: str) -> Record:
        """Run steps until the brief is finished; return its record."""
        return self.until(brief_id, "done", "failed", "cancelled")

    def calls(self, brief_id: str) -> list[str]:
        """Return the brief's journal as `call what`, oldest first."""
        return [f"{entry['call']} {entry['what']}" for entry in snapshots.journal(self.client, brief_id)]

    def grow_older(self, subject: str, seconds: float) -> None:
        """Let a record have been in its state for `seconds` longer, and wake its step as its timer would."""
        record = keys.RECORD(subject)
        for name in ("moved_at", "unknown_since"):
            if self.client.hexists(record, name):
                self.client.hincrby(record, name, -round(seconds * 1000))
        self.wake_timer(subject)

    def pauses(self) -> dict[str, str]:
        """Return why what of the account was held up, by `pause`, `create` or `promote`."""
        fields: Any = self.client.hgetall(keys.RECORD(f"account:{DEFAULT}"))
        ends = ("pause_reason", "create_reason", "promote_reason")
        return {name.removesuffix("_reason"): fields[name] for name in ends if name in fields}

    def end_pauses(self) -> None:
        """Let all pauses of the account be over now."""
        untils = ("pause_until", "create_until", "promote_until")
        self.client.hdel(keys.RECORD(f"account:{DEFAULT}"), *untils)
        self.functions.run(admission(DEFAULT))

    def wake_timer(self, subject: str) -> None:
        """Let the timer of one record be due now."""
        self.client.zadd(keys.TIMERS(), {subject: 1})
        self.functions.run(commands.due(most=1))


def inlet_message(body: Mapping[str, Any]) -> "Message[None]":
    """Return the message that other programs send: plain Dramatiq, nothing of ours."""
    return Message(
        queue_name="briefs", actor_name="accept_brief", args=(json.dumps(body),), kwargs={}, options={}
    )


def step(actor: str, *arguments: object) -> "Message[None]":
    """Return the message of a step, as the functions send it."""
    return Message(queue_name="steps", actor_name=actor, args=arguments, kwargs={}, options={})


def enqueue(url: str, **fields: Any) -> None:
    """Enqueue a brief as another program would, by a stock Dramatiq broker."""
    with connect_bytes(url) as client:
        stock_broker(client).enqueue(inlet_message(brief(**fields)))


def stock_broker(client: "redis.Redis") -> RedisBroker:
    """Return a broker as other programs have it."""
    return RedisBroker(client=client)  # type: ignore[no-untyped-call]  # dramatiq's Redis broker has no types


@contextmanager
def listening(
    settings: Settings, api: Api, url: str, accounts: Mapping[str, Account] | None = None
) -> Iterator[None]:
    """Run a listener in a thread of this process for the length of the block."""
    accounts = accounts or {DEFAULT: Account(name=DEFAULT, token=SecretStr(api.token))}
    loop = asyncio.new_event_loop()
    listener = Listener(settings, accounts, url)
    task = loop.create_task(listener.run())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run, name="listener")
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


@dataclass
class RunningProcess:
    """A process that a test started, in a session of its own, with what it wrote to standard error."""

    name: str
    process: forking.Process
    log: Path

    def stop(self, deadline: float = 20.0) -> int:
        """End it as a deploy would; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it and its children as a power cut would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def written(self) -> str:
        """Return what it wrote so far."""
        return self.log.read_text(errors="replace")


#: What starts a process of the project.
ProcessFactory = Callable[..., RunningProcess]


def start_process(name: str, command: list[str], environment: Mapping[str, str], log: Path) -> RunningProcess:
    """Start a process of the project from its folder."""
    with log.open("wb") as out, Path(os.devnull).open("rb") as nothing:
        process = forking.start(
            command, {**os.environ, **environment}, ROOT, (nothing, out, out), session=True
        )
    return RunningProcess(name, process, log)


def worker_command(threads: int = 4) -> list[str]:
    """Return the command of the Procfile's worker."""
    return [script("identity-worker"), "work", "--threads", str(threads)]


def dramatiq_command(module: str, threads: int = 4) -> list[str]:
    """Return the command of a worker with the actors of a module of the tests."""
    command = [script("dramatiq"), module, "--processes", "1", "--threads", str(threads)]
    return [*command, "--path", str(ROOT), str(ROOT / "tests")]


def listener_command() -> list[str]:
    """Return the command of the Procfile's listener."""
    return [script("identity-worker"), "listen"]


def web_command() -> list[str]:
    """Return the command of the Procfile's web, on a free port."""
    return [script("identity-worker"), "web", "--port", str(free_port())]


def script(name: str) -> str:
    """Return the path of an installed command."""
    return str(Path(sys.executable).parent / name)
