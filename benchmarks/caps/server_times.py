"""How long scripts take in the server itself, without the way there and back; all times in microseconds."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

from config.settings import Settings
from worker.ledger.scripts import prelude, source

#: Calls that the slow log keeps: it has those that the scripts make as well.
KEPT = 20_000
SCRIPTS = ("accept", "advance", "due", "admit")


@contextmanager
def by_script(client: "redis.Redis") -> Iterator[dict[str, dict[str, float]]]:
    """Yield a dict that has, after the block, median and 99th percentile of each script called in it.

    Only a sample should be in the block: the slow log, which tells the scripts apart, adds a tenth to them.
    """
    client.config_set("slowlog-max-len", KEPT)
    client.slowlog_reset()
    client.config_set("slowlog-log-slower-than", 0)
    found: dict[str, dict[str, float]] = {}
    try:
        yield found
    finally:
        client.config_set("slowlog-log-slower-than", -1)
        found.update({name: percentiles(times) for name, times in _logged(client).items()})
        client.slowlog_reset()


def _logged(client: "redis.Redis") -> dict[str, list[int]]:
    text = prelude(Settings(speed=1))
    names = {client.script_load(source(name, text)): name for name in SCRIPTS}
    times: dict[str, list[int]] = defaultdict(list)
    entries: Any = client.slowlog_get(KEPT)
    for entry in entries:
        command, _, rest = entry["command"].decode(errors="replace").partition(" ")
        name = names.get(rest[:40])
        if command.upper() == "EVALSHA" and name is not None:
            times[name].append(entry["duration"])
    return times


def begin(client: "redis.Redis") -> None:
    """Let the server count from zero."""
    client.config_set("latency-tracking-info-percentiles", "50 99")
    client.config_resetstat()


def of_all_scripts(client: "redis.Redis") -> dict[str, float]:
    """Return mean, median and 99th percentile of all calls of scripts since `begin`."""
    latency: Any = client.info("latencystats")["latency_percentiles_usec_evalsha"]
    mean = client.info("commandstats")["cmdstat_evalsha"]["usec_per_call"]
    return {"mean": mean, "median": latency["p50"], "p99": latency["p99"]}


def spent(client: "redis.Redis") -> int:
    """Return what all scripts together have taken since `begin`: the difference of two is one call's."""
    return int(client.info("commandstats").get("cmdstat_evalsha", {"usec": 0})["usec"])


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """Return median and 99th percentile."""
    ordered = sorted(times)
    return {
        "median": round(ordered[len(ordered) // 2], 1),
        "p99": round(ordered[len(ordered) * 99 // 100], 1),
    }
