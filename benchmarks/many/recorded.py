"""With many finished briefs on record: how long commands take that list, filter, wait for and export them.

The briefs are copies of one that went its whole way (benchmarks/audit.py), each with a SKU of its own. Their
pictures are a few hundred bytes from a server that does nothing else: the first export fetches all of them,
the second one finds them there and has the index alone to compare.
"""

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.audit import Copies
from benchmarks.cost import LIFTED, body
from benchmarks.frame.report import Figure
from benchmarks.harness import Setup, processes
from benchmarks.many.commands import Run, command, run
from config.settings import settings
from worker.ledger.ledger import Ledger
from worker.operations.recounting import recount

SPEED = 50.0
BATCH, TEMPLATE = "bulk", "bulk-0"
#: What is run, by the names of its figures; `SKU` stands for the last brief's.
COMMANDS = {
    "status": ("status",),
    "watch": ("watch", "--once"),
    "watch_batch": ("watch", "--once", "--batch", BATCH),
    "status_batch": ("status", "--batch", BATCH),
    "status_failed": ("status", "--state", "failed"),
    "status_meta": ("status", "--meta", "sku=SKU"),
    "status_error": ("status", "--error", "timeout"),
    "wait": ("wait", "--batch", BATCH),
    "wait_meta": ("wait", "--meta", "sku=SKU"),
    "retry_dry_run": ("retry", "--batch", BATCH, "--dry-run"),
    "update_dry_run": ("update", "--meta", "sku=SKU", "--priority", "5", "--dry-run"),
}
#: Codes with which they may end: no brief waits any more for a priority.
ENDS = (0, 1)


def measure(folder: Path, rows: int) -> dict[str, Figure]:
    """Put so many briefs on record, and run each command."""
    with processes(SPEED, **LIFTED) as setup, pictures() as url:
        record(setup, rows, url)
        return {**_commands(setup, rows), **_exports(setup, folder)}


def record(setup: Setup, rows: int, pictures_url: str) -> None:
    """Have one brief go its whole way, and put so many on record in its likeness."""
    setup.enqueue([{"brief_id": TEMPLATE, "batch": BATCH, "metadata": {"sku": TEMPLATE}, **body(0)}])
    setup.wait_finished(1, deadline=60)
    Copies(setup.client, TEMPLATE, {f"{setup.ground.tap.url}/cdn": pictures_url}).make(0, rows)
    recount(Ledger(setup.client, settings()))


@contextmanager
def pictures() -> Iterator[str]:
    """Serve one small picture under every path for the length of the block; yield the URL."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16), "grey").save(file, "JPEG")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(file.tell()))
            self.end_headers()
            self.wfile.write(file.getvalue())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _commands(setup: Setup, rows: int) -> dict[str, Figure]:
    last = f"bulk-{rows - 1}"
    found = {
        name: command(_environment(setup), *(word.replace("SKU", last) for word in words), ends=ENDS)
        for name, words in COMMANDS.items()
    }
    python = run([sys.executable, "-c", "pass"], {})
    figures = {"python_seconds": Figure(python.seconds, "s")}
    for name, each in found.items():
        figures[f"{name}_seconds"] = Figure(
            max(0.0, each.seconds - python.seconds), "s beside Python's start"
        )
        figures[f"{name}_processor"] = Figure(each.processor_seconds, "s of processor, its start too")
    figures["filter_memory_mb"] = Figure(max(each.memory_mb for each in found.values()), "MB")
    return figures


def _exports(setup: Setup, folder: Path) -> dict[str, Figure]:
    words = ("export", "--batch", BATCH, "--to", str(folder / "pictures"), "--names", "{metadata.sku}")
    first: Run = command(_environment(setup), *words)
    again: Run = command(_environment(setup), *words)
    return {
        "export_seconds": Figure(first.seconds, "s"),
        "export_memory_mb": Figure(first.memory_mb, "MB"),
        "export_index_seconds": Figure(again.seconds, "s"),
        "export_index_memory_mb": Figure(again.memory_mb, "MB"),
    }


def _environment(setup: Setup) -> dict[str, str]:
    return {"REDIS_URL": setup.ground.redis_url, "PIKTID_API_URL": setup.api_url}
