"""How long functions take in the server itself, without the way there and back; all times in microseconds."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

from config.settings import Settings
from worker.ledger.library import ledger_library

#: Calls that the slow log keeps: it has those that the functions make as well.
KEPT = 20_000
FUNCTIONS = ("accept", "advance", "due", "drop")


@contextmanager
def by_function(client: "redis.Redis") -> Iterator[dict[str, dict[str, float]]]:
    """Yield a dict that has, after the block, median and 99th percentile of each function called in it.

    Only a sample should be in the block: the slow log, which tells the functions apart, adds a tenth to them.
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
    library = ledger_library(Settings(speed=1)).name
    names = {f"{library}_{name}": name for name in FUNCTIONS}
    times: dict[str, list[int]] = defaultdict(list)
    entries: Any = client.slowlog_get(KEPT)
    for entry in entries:
        command, _, rest = entry["command"].decode(errors="replace").partition(" ")
        name = names.get(rest.partition(" ")[0])
        if command.upper() == "FCALL" and name is not None:
            times[name].append(entry["duration"])
    return times


def begin(client: "redis.Redis") -> None:
    """Let the server count from zero."""
    client.config_set("latency-tracking-info-percentiles", "50 99")
    client.config_resetstat()


def of_all_functions(client: "redis.Redis") -> dict[str, float]:
    """Return mean, median and 99th percentile of all calls of functions since `begin`."""
    latency: Any = client.info("latencystats")["latency_percentiles_usec_fcall"]
    mean = client.info("commandstats")["cmdstat_fcall"]["usec_per_call"]
    return {"mean": mean, "median": latency["p50"], "p99": latency["p99"]}


def spent(client: "redis.Redis", command: str = "fcall") -> int:
    """Return what a command, or functions, have taken since `begin`: the difference of two is one call's."""
    return int(client.info("commandstats").get(f"cmdstat_{command}", {"usec": 0})["usec"])


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """Return median and 99th percentile."""
    ordered = sorted(times)
    return {
        "median": round(ordered[len(ordered) // 2], 1),
        "p99": round(ordered[len(ordered) * 99 // 100], 1),
    }
