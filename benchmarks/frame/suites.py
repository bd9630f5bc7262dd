"""The benchmarks by name: their modules, and their options for a quick run and for a full one."""

from typing import NamedTuple


class Benchmark(NamedTuple):
    """One benchmark, and how it is run."""

    module: str
    quick: str | None = None
    """Its options for `make bench`, which has a quarter of an hour; None: it is run by name only."""
    full: str = ""
    """Its options for the sizes that its goals name, or that a quiet machine allows."""


BENCHMARKS = {
    "cost": Benchmark("benchmarks.cost", "--briefs 300 --rounds 3", "--briefs 400 --rounds 5"),
    "latency": Benchmark("benchmarks.latency", "--briefs 60", "--briefs 300"),
    "worker": Benchmark(
        "benchmarks.worker",
        "--accounts 1000 --latency 0.3 --threads 768",
        "--accounts 1000 --latency 0.3 2 --threads 768 --seconds 60",
    ),
    "listener": Benchmark("benchmarks.listener", "", "--many 5000 --spread 10000 --seconds 30"),
    "start": Benchmark("benchmarks.start", "--accounts 1 10000", ""),
    "idle": Benchmark("benchmarks.idle", "--seconds 20", "--seconds 60"),
    "looking_back": Benchmark("benchmarks.looking_back"),
    "audit": Benchmark("benchmarks.audit", "--briefs 10000", "--briefs 100000"),
    "bulk": Benchmark("benchmarks.bulk", "--rows 10000", "--rows 100000 --beside 300"),
    "makespan": Benchmark(
        "benchmarks.caps.makespan", "--speed 30 --others-speed 80", "--speed 10 --briefs 60 1000"
    ),
    "throughput": Benchmark("benchmarks.caps.throughput", "", "--rounds 5"),
    "growth": Benchmark("benchmarks.caps.growth", "", "--accounts 100000 --waiting 100000"),
    "calls": Benchmark("benchmarks.caps.calls", ""),
    "web": Benchmark("benchmarks.web", "", "--briefs 5000"),
    "page": Benchmark("benchmarks.page", None, "--briefs 100000"),
    "webhook": Benchmark("benchmarks.webhook", "--deliveries 1000"),
    "webhooks_out": Benchmark("benchmarks.webhooks_out", "", "--events 1000"),
    "fairness": Benchmark("benchmarks.caps.fairness"),
    "scale": Benchmark("benchmarks.caps.scale"),
    "shutdown": Benchmark("benchmarks.shutdown"),
    "fsync": Benchmark("benchmarks.fsync"),
    "sandbox": Benchmark("benchmarks.sandbox"),
    "profile": Benchmark("benchmarks.profile"),
}
