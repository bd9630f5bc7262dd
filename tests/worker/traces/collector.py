"""A collector of spans: a real server that takes OTLP over HTTP, and what has come to it."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from support import DEADLINE


@dataclass
class Collector:
    """What has come, each with its attributes as Python has them."""

    url: str = ""
    spans: list[Any] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    refused: tuple[str, int] | None = None
    """A span of which name has whatever comes with it answered so."""
    patience: int | None = None
    """Requests after which it has too much to do."""
    requests: int = 0
    came: threading.Condition = field(default_factory=threading.Condition)

    def take(self, body: bytes) -> int:
        """Read a request of the protocol; return the status of the answer."""
        request = service.ExportTraceServiceRequest.FromString(body)
        scopes = [scope for of in request.resource_spans for scope in of.scope_spans]
        named = {span.name for scope in scopes for span in scope.spans}
        self.requests += 1
        if self.patience is not None and self.requests > self.patience:
            return 503
        if self.status != 200:
            return self.status
        if self.refused and self.refused[0] in named:
            return self.refused[1]
        with self.came:
            for each in request.resource_spans:
                self.resources.append(attributes(each.resource))
                self.spans += [span for scope in each.scope_spans for span in scope.spans]
            self.came.notify_all()
        return 200

    def named(self, name: str) -> list[Any]:
        """Return the spans of a name, one of each id."""
        return [span for span in self.once() if span.name == name]

    def once(self) -> list[Any]:
        """Return the spans, those that were told twice once, by when they began."""
        found = {span.span_id: span for span in self.spans}
        return sorted(found.values(), key=lambda span: span.start_time_unix_nano)

    def wait(self, name: str, number: int = 1) -> list[Any]:
        """Wait for so many spans of a name."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.named(name)) >= number, DEADLINE), [
                span.name for span in self.spans
            ]
        return self.named(name)


def attributes(of: Any) -> dict[str, Any]:
    """Return the attributes of a span or resource."""
    return {each.key: _value(each.value) for each in of.attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on this machine."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self.send_response(collector.take(body) if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.send_header("Retry-After", "3600")  # beyond the SDK's own patience
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
