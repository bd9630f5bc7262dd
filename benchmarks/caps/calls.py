"""Microseconds that the ledger's calls take in the server itself, the way there and back left out.

    python -m benchmarks.caps.calls

`due` when nothing is due does next to nothing: it is what any call costs before its command begins. `admit`
decides of 10 waiting briefs that none may start; `handover` is a job's end that lets the next one start. On a
server without persistence.
"""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import redis

from benchmarks.caps import growth
from benchmarks.frame.report import Figure, report
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.store import embedded
from worker.store.functions import Functions

WAITING = 10


def main() -> dict[str, Any]:
    """Tell the medians and 99th percentiles of each call."""
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as url:
        client = redis.Redis.from_url(url, decode_responses=True)
        client.config_set("appendonly", "no")
        functions = Functions(client, ledger_library(Settings(speed=1)))
        functions.run(commands.due(0))
        nothing = growth.Clocks()
        for _ in range(growth.CALLS):
            nothing.time(client, partial(functions.run, commands.due(0)))
        found = {"due": nothing.figures(), **growth.measure(client, 1, WAITING)}
    figures = {
        f"{call}_{what}_us": Figure(us, "µs")
        for call, each in found.items()
        for what, us in each["server_us"].items()
    }
    return report("calls", figures)


if __name__ == "__main__":
    main()
