"""Makes `metrics.md`: every figure of `/metrics` (`python -m docs.make`)."""

from pathlib import Path

from worker.metrics import families
from worker.tally.counted import COUNTED
from worker.tally.family import Family

#: The figures that are read of the ledger.
_READ = [each for each in vars(families).values() if isinstance(each, Family)]
PAGE = Path(__file__).parent / "metrics.md"


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            "# Figures for monitoring",
            "",
            "Made from `worker/metrics/families.py` and `worker/tally/counted.py` by `python -m docs.make`;",
            "a test keeps them the same.",
            "`identity-worker web` answers with them at `/metrics`, as Prometheus text or OpenMetrics.",
            "They are read from Redis, so any one `web` has those of all processes: scrape one, not each.",
            "`/readyz` answers 503 while the installation stands still, with the reasons.",
            "",
            "On a loopback address both answer anybody, unless `IDENTITY_WORKER_METRICS_TOKEN_FILE` is",
            "set. Elsewhere, and everywhere once it is set, they need its token, as `Authorization: Bearer",
            "TOKEN`; without it `/readyz` gives its status and no reasons.",
            "",
            "| figure | type | labels | what it is |",
            "|---|---|---|---|",
            *(_row(family) for family in (*_READ, *COUNTED)),
            "",
            "The last figures, from `identity_worker_api_requests_total` on, are counted by the processes.",
            "Each brings its counts to Redis every few seconds, so one that is killed loses those of its",
            "last seconds. What command lines do is not counted.",
            "",
        ]
    )


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help} |"
