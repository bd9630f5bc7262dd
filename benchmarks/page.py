"""The page with many briefs on record: how soon it answers, and how soon it tells of what happens.

    python -m benchmarks.page [--briefs 10000]     for its goals: --briefs 100000

The finished briefs are copies of one that went its whole way (benchmarks/many/recorded.py); beside them some
wait, as their account is paused. Each view is asked for by one browser after another, on a machine that has
the Redis as well: told are medians of what it takes until the whole answer is there. An update is measured
from the moment at which a brief is sent to that at which an open page has been told, has asked for its part
again, and has it.
"""

import argparse
import statistics
import time
from typing import Any

import httpx

from benchmarks.cost import LIFTED, body
from benchmarks.frame.report import Figure, report
from benchmarks.frame.serving import web
from benchmarks.harness import Setup, processes
from benchmarks.many.commands import command
from benchmarks.many.recorded import BATCH, SPEED, pictures, record

BRIEFS, WAITING, ROUNDS, UPDATES = 10_000, 300, 15, 10
#: What is asked for, by the names of the figures; SKU stands for the last brief's.
VIEWS = {
    "overview": "/",
    "overview_part": "/overview/part",
    "briefs": "/briefs",
    "briefs_done": "/briefs?filter=state:done",
    "briefs_waiting": "/briefs?filter=state:waiting",
    "briefs_batch": f"/briefs?filter=batch:{BATCH}",
    "briefs_sku": "/briefs?filter=meta.sku:SKU",
    "briefs_old": "/briefs?filter=age>1000d",
    "totals_sku": "/page/briefs/totals?filter=meta.sku:SKU",
}


def main(briefs: int) -> dict[str, Any]:
    """Put so many briefs on record, and ask for each view."""
    with processes(SPEED, **LIFTED) as setup, pictures() as url:
        record(setup, briefs, url)
        environment = {
            "REDIS_URL": setup.ground.redis_url,
            "PIKTID_API_URL": setup.api_url,
            "PIKTID_API_TOKEN": "none is needed",
        }
        command(environment, "pause", "--account", "default")
        setup.enqueue([{"brief_id": f"waits-{number}", **body(number)} for number in range(WAITING)])
        with web(environment) as (_, page):
            figures = {
                f"{name}_ms": Figure(_median(page, path.replace("SKU", f"bulk-{briefs - 1}")), "ms")
                for name, path in VIEWS.items()
            }
            figures["update_ms"] = Figure(_updates(page, setup), "ms")
    return report("page", figures, briefs=briefs)


def _median(client: httpx.Client, path: str) -> float:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


def _updates(client: httpx.Client, setup: Setup) -> float:
    took = []
    with client.stream("GET", "/page/updates") as stream:
        words = (line for line in stream.iter_lines() if line == "event: changed")
        next(words)
        for number in range(UPDATES):
            next(words)  # it is idle now: the next word is of what comes, or of nothing after some seconds
            time.sleep(1.0)
            began = time.perf_counter()
            setup.enqueue([{"brief_id": f"update-{number}", **body(number)}])
            found = ""
            while f"update-{number}" not in found:
                next(words)
                found = client.get("/page/briefs", params={"filter": "state:waiting age<10s"}).text
            took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the page with many briefs on record.")
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    main(**vars(parser.parse_args()))
