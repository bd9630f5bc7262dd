"""Microseconds that the ledger's calls take in the server itself, the way there and back left out.

    python -m benchmarks.caps.calls

`due` when nothing is due does next to nothing: it is what any call costs before its command begins. `admit`
decides of 10 waiting briefs that none may start; `handover` is a job's end that lets the next one start. On a
server without persistence. The last line is one JSON object, with the medians and 99th percentiles.
"""

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import redis

from benchmarks.caps import growth
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.store import embedded
from worker.store.functions import Functions

WAITING = 10


def measure() -> dict[str, Any]:
    """Return the figures of each call."""
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as url:
        client = redis.Redis.from_url(url, decode_responses=True)
        client.config_set("appendonly", "no")
        functions = Functions(client, ledger_library(Settings(speed=1)))
        functions.run(commands.due(0))
        nothing = growth.Clocks()
        for _ in range(growth.CALLS):
            nothing.time(client, partial(functions.run, commands.due(0)))
        return {"due": nothing.figures(), **growth.measure(client, 1, WAITING)}


if __name__ == "__main__":
    result = {call: figures["server_us"] for call, figures in measure().items()}
    for call, figures in result.items():
        print(f"{call:10} {figures}")
    print(json.dumps(result))
