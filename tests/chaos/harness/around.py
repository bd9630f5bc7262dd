"""What stands around an installation: programs that send by HTTP, and endpoints of webhooks that fail."""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import redis

from cli.demo.ports import free_port
from config import keys
from config.settings import Settings
from tests.chaos.harness.world import World
from tests.chaos.invariants.invariants import Breach, Kind
from worker.callers import tokens
from worker.callers.tokens import Caller, Role
from worker.hooks.endpoints import Endpoint, endpoints
from worker.hooks.operating import Endpoints

#: Endpoints, processes that send to them, and processes that take briefs by HTTP.
ENDPOINTS, DELIVERERS, WEBS = 2, 2, 2
#: What the processes have in their environment for that.
MORE = {"IDENTITY_WORKER_HOOKS_PRIVATE": "true"}
#: How an endpoint fails: by a status, or by no answer at all.
WAYS = (500, 503, 429, 0)
#: Seconds that a program may try to send a brief.
_PATIENCE = 180.0


class Receiver:
    """An endpoint: what it has taken, in its order, and how often it still fails."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = ""
        self.taken: list[tuple[str, str]] = []
        """The brief and the entry of each message that it has answered well, the same one more than once."""
        self._lock = threading.Lock()
        self._failures: list[int] = []

    def fail(self, times: int, way: int) -> None:
        """Fail so many times from now on."""
        with self._lock:
            self._failures = [way] * times

    def answer(self, event: Mapping[str, Any], entry: str) -> int:
        """Return the status of the answer to a message; 0: it is cut off."""
        with self._lock:
            if self._failures:
                return self._failures.pop()
            self.taken.append((str(event["data"].get("brief_id") or event["subject"]), entry))
            return 204


class Around:
    """The senders and the endpoints of a world."""

    def __init__(self, world: World, receivers: list[Receiver]) -> None:
        self.receivers = receivers
        self._world = world
        secrets = Path(world.environment["IDENTITY_WORKER_SECRETS_DIR"])
        self._settings = Settings(secrets_dir=secrets, hooks_private=True)
        self._endpoints = [Endpoint(each.name, each.url) for each in receivers]
        for endpoint in self._endpoints:
            self._change.add(endpoint)
        token = tokens.make(world.store.client, Caller("chaos", Role.OPERATOR))
        self._marked: dict[str, int] = {}
        """The briefs whose change was answered, and to what."""
        self._headers = {"Authorization": f"Bearer {token}"}
        self._ports = [free_port() for _ in range(WEBS)]
        self._turns = itertools.cycle(self._ports)
        for port in self._ports:
            world.fleet.add("web", "--port", str(port))
        for _ in range(DELIVERERS):
            world.fleet.add("deliver")

    @property
    def _change(self) -> Endpoints:
        return Endpoints(self._world.store.client, self._settings, "chaos")

    def send(self, brief: Mapping[str, Any]) -> None:
        """Send a brief by HTTP to whichever process answers, again and again until it is taken."""
        key = {"Idempotency-Key": str(brief["brief_id"])}
        status = self._post("/v1/briefs", brief, (200, 202, 409, 422), key)
        if status == httpx.codes.UNPROCESSABLE_ENTITY:
            self._world.send(brief)  # one that breaks rules is on record by the queue alone
        self._world.expect(brief)

    def mark(self, brief_id: str, mark: int) -> None:
        """Change a brief's metadata by HTTP, again and again until that is answered."""
        body = {"metadata": {"marked": mark}, "merge": True}
        if self._post(f"/v1/briefs/{brief_id}/update", body, (200, 404, 422)) == httpx.codes.OK:
            self._marked[brief_id] = mark

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        """Send a request once, to each process in turn; return its status and what was answered.

        Raises httpx.HTTPError where no answer came: it may have been done.
        """
        url = f"http://127.0.0.1:{next(self._turns)}{path}"
        answer = httpx.request(method, url, json=body, headers=self._headers, timeout=5)
        return answer.status_code, answer.json()

    def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        ends: Collection[int],
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Return the status with which a request was answered at last: one of these."""
        end = time.monotonic() + _PATIENCE
        for port in itertools.cycle(self._ports):
            assert time.monotonic() < end, f"nobody has answered {path}"
            with suppress(httpx.HTTPError):
                url = f"http://127.0.0.1:{port}{path}"
                answer = httpx.post(url, json=body, headers={**self._headers, **(headers or {})}, timeout=5)
                if answer.status_code in ends:
                    return answer.status_code
            time.sleep(0.1)
        raise AssertionError  # there is always another turn

    def mend(self) -> None:
        """Have the endpoints take all again, and sent to at once, as a person does who has mended them."""
        for receiver, endpoint in zip(self.receivers, self._endpoints, strict=True):
            receiver.fail(0, 0)
            self._change.unpause(endpoint)

    def breaches(self, seconds: float) -> list[Breach]:
        """Return what is wrong with what the endpoints have taken, at the latest after so many seconds."""
        end = time.monotonic() + seconds
        while (found := list(self._wrong())) and time.monotonic() < end:
            time.sleep(0.5)
        return found

    def _wrong(self) -> Iterator[Breach]:
        client = self._world.store.client
        # What was told before is for none of them.
        last = max((each.since for each in endpoints(client).values()), key=_place)
        entries: Any = client.xrange(keys.EVENTS(), f"({last}")
        told: dict[str, list[str]] = {}
        changes: Counter[str] = Counter()
        for entry, fields in entries:
            event = json.loads(fields["event"])
            told.setdefault(str(event["data"].get("brief_id") or event["subject"]), []).append(entry)
            changes[event["subject"]] += event["type"] == "identity.brief.updated"
        for brief_id in self._marked:
            if (times := changes[f"brief:{brief_id}"]) > 1:
                yield Breach(Kind.HOOKS, brief_id, f"a change that was asked for once was made {times} times")
        for receiver in self.receivers:
            yield from compared(receiver, told)


def _place(entry: str) -> tuple[int, ...]:
    return tuple(map(int, entry.split("-")))


def compared(receiver: Receiver, told: Mapping[str, list[str]]) -> Iterator[Breach]:
    """Yield what an endpoint was not sent, or not in its order; that it is sent twice is allowed."""
    came: dict[str, list[str]] = {}
    for brief, entry in list(receiver.taken):
        if entry not in came.setdefault(brief, []):
            came[brief].append(entry)
    for brief, entries in told.items():
        known = [entry for entry in came.get(brief, []) if entry in entries]
        if missing := [entry for entry in entries if entry not in known]:
            yield Breach(Kind.HOOKS, brief, f"{receiver.name} was never sent {missing}")
        elif known != entries:
            yield Breach(Kind.HOOKS, brief, f"{receiver.name} was sent {known} instead of {entries}")


@contextmanager
def around(world: World) -> Iterator[Around]:
    """Run the endpoints, and the processes for them and for HTTP, for the length of the block."""
    with ExitStack() as stack:
        receivers = [Receiver(f"endpoint-{number}") for number in range(ENDPOINTS)]
        for receiver in receivers:
            stack.enter_context(_serving(receiver))
        made = Around(world, receivers)
        _wait_for(world.store.client)
        yield made


def _wait_for(client: "redis.Redis") -> None:
    end = time.monotonic() + 60
    while not client.hget(keys.HOOKS_AT(), "asked_at") or client.zcard(keys.SIGNS()) < WEBS + DELIVERERS:
        assert time.monotonic() < end, "the processes for HTTP and for webhooks did not come up"
        time.sleep(0.05)


@contextmanager
def _serving(receiver: Receiver) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.answer(json.loads(body), self.headers["webhook-id"].removeprefix("evt_"))
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
