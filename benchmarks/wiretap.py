"""A proxy between our processes and the sandbox that notes by one clock when what bytes pass."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_EVENT = re.compile(rb'"id_task": ?"([^"]+)"|"job_id": ?"([^"]+)"')
_RESULTS = re.compile(rb"GET /jobs/([^/]+)/results ")


@dataclass
class Wiretap:
    """What passed: for each job the time of its last event, and of the requests for its drafts."""

    url: str = ""
    events: dict[str, float] = field(default_factory=dict)
    requests: dict[str, list[float]] = field(default_factory=dict)

    def delays_ms(self) -> list[float]:
        """Return the ms from each job's last event to the first request for its drafts after it."""
        found = []
        for job, at in self.events.items():
            after = [when - at for when in self.requests.get(job, []) if when >= at]
            found += [min(after) * 1000] if after else []
        return found

    def note_answer(self, data: bytes) -> None:
        """Note an event of the stream on its way to the listener."""
        if b"data:" in data:
            for match in _EVENT.finditer(data):
                self.events[(match[1] or match[2]).decode()] = time.perf_counter()

    def note_request(self, data: bytes) -> None:
        """Note a request on its way to the API."""
        for match in _RESULTS.finditer(data):
            self.requests.setdefault(match[1].decode(), []).append(time.perf_counter())


@contextmanager
def tapping(api_url: str) -> Iterator[Wiretap]:
    """Run a proxy before an API on this machine for the length of the block."""
    target = urlsplit(api_url)
    tap = Wiretap()
    with socket.create_server(("127.0.0.1", 0)) as server:
        tap.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        thread = threading.Thread(
            target=_accept, args=(server, (target.hostname, target.port), tap), daemon=True
        )
        thread.start()
        yield tap


def _accept(server: socket.socket, target: tuple[str | None, int | None], tap: Wiretap) -> None:
    with suppress(OSError):  # the block is over
        while True:
            ours, _ = server.accept()
            theirs = socket.create_connection((target[0] or "", target[1] or 0))
            for each in (ours, theirs):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_pass, args=(ours, theirs, tap.note_request), daemon=True).start()
            threading.Thread(target=_pass, args=(theirs, ours, tap.note_answer), daemon=True).start()


def _pass(source: socket.socket, sink: socket.socket, note: Callable[[bytes], None]) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            note(data)
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
