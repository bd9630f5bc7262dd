"""A proxy between processes and the sandbox that notes by one clock when what bytes pass."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.frame.proxy import passing

_EVENT = re.compile(rb'"id_task": ?"([^"]+)"|"job_id": ?"([^"]+)"')
_RESULTS = re.compile(rb"GET /jobs/([^/]+)/results ")
_CREATE = b"POST /identity/create "


@dataclass
class Wiretap:
    """What passed: of each job its last event and the requests for its drafts; and all creates."""

    url: str = ""
    events: dict[str, float] = field(default_factory=dict)
    requests: dict[str, list[float]] = field(default_factory=dict)
    creates: list[float] = field(default_factory=list)

    def delays_ms(self) -> list[float]:
        """Return the ms from each job's last event to the first request for its drafts after it."""
        found = []
        for job, at in self.events.items():
            after = [when - at for when in self.requests.get(job, []) if when >= at]
            found += [min(after) * 1000] if after else []
        return found

    def note_answer(self, _connection: int, data: bytes) -> None:
        """Note an event of the stream on its way to the listener."""
        if b"data:" in data:
            for match in _EVENT.finditer(data):
                self.events[(match[1] or match[2]).decode()] = time.perf_counter()

    def note_request(self, _connection: int, data: bytes) -> None:
        """Note a request on its way to the API."""
        if data.startswith(_CREATE):
            self.creates.append(time.perf_counter())
        for match in _RESULTS.finditer(data):
            self.requests.setdefault(match[1].decode(), []).append(time.perf_counter())


@contextmanager
def tapping(api_url: str) -> Iterator[Wiretap]:
    """Run a proxy before an API on this machine for the length of the block."""
    target = urlsplit(api_url)
    address = (target.hostname or "", target.port or 0)
    server = socket.create_server(("127.0.0.1", 0))
    tap = Wiretap(f"http://127.0.0.1:{server.getsockname()[1]}")
    with passing(server, lambda: socket.create_connection(address), tap.note_request, tap.note_answer):
        yield tap
