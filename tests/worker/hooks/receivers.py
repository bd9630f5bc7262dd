"""Programs that receive webhooks: real servers, which verify by the specification's own library."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripted_server import in_thread
from standardwebhooks import Webhook
from support import DEADLINE

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of no endpoint but those of the tests
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD0i4sWnkb8Qk="


@dataclass
class Delivery:
    """A message that has come: its CloudEvent, its headers, by which of the secrets it was signed."""

    event: dict[str, Any]
    headers: dict[str, str]
    signed_by: list[str]


@dataclass
class Receiver:
    """A receiver: what has come to it, and what it answers."""

    url: str = ""
    secrets: Sequence[str] = (SECRET,)
    deliveries: list[Delivery] = field(default_factory=list)
    answer: Callable[[Delivery], int] = lambda _: 204
    """Returns the status; 0: the connection is cut without one."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with each answer."""
    hangs: threading.Event = field(default_factory=threading.Event)
    """While this is not set, nothing is answered."""
    asked: threading.Event = field(default_factory=threading.Event)
    """Set once there was a first message."""
    came: threading.Condition = field(default_factory=threading.Condition)

    def ids(self, brief_id: str | None = None) -> list[str]:
        """Return the ids of the events that have come, in their order, of one brief or of all."""
        found = [each.event for each in self.deliveries]
        return [each["id"] for each in found if brief_id in (None, each["data"].get("brief_id"))]

    def wait(self, number: int) -> list[Delivery]:
        """Wait until so many have come; return them."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.deliveries) >= number, DEADLINE), self.ids()
        return self.deliveries

    def take(self, body: bytes, headers: dict[str, str]) -> Delivery:
        """Verify a message; raises WebhookVerificationError when no secret has signed it."""
        signed_by = []
        for secret in self.secrets:
            with suppress(Exception):
                Webhook(secret).verify(body, headers)
                signed_by.append(secret)
        delivery = Delivery(json.loads(body), headers, signed_by)
        with self.came:
            self.deliveries.append(delivery)
            self.came.notify_all()
        return delivery


@contextmanager
def receiving(*secrets: str, hangs: bool = False) -> Iterator[Receiver]:
    """Run a receiver on this machine."""
    receiver = Receiver(secrets=secrets or (SECRET,))
    if not hangs:
        receiver.hangs.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.asked.set()
            receiver.hangs.wait(60)
            delivery = receiver.take(body, {name.lower(): value for name, value in self.headers.items()})
            status = receiver.answer(delivery) if delivery.signed_by else 401
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
        with in_thread(server, receiver.hangs):
            yield receiver
