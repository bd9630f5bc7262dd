"""What the figures should reach: one row a goal, all of them here."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Goal(NamedTuple):
    """One goal: a bound of a figure itself, or of its ratio to a rival's."""

    benchmark: str
    figure: str
    what: str
    """The figure in words, as the table shows it."""
    at_least: float | None = None
    at_most: float | None = None
    rival: str | None = None
    """Whose figure ours is divided by before it is compared; None: ours is compared as it is."""

    @property
    def bound(self) -> str:
        """Return the goal as it is written."""
        sign, bound = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        return f"{sign} {bound:g}" + (f" of {self.rival}" if self.rival else "")

    def judge(self, figures: Mapping[str, Any]) -> "Judged":
        """Return how far the figures of a result reach the goal."""
        figure = figures.get(self.figure)
        if figure is None:
            return Judged(self, None, None, None, None, None)
        ours, rival = figure["ours"], figure.get("rivals", {}).get(self.rival)
        if self.rival is not None and not rival:
            return Judged(self, figure["unit"], ours, None, None, None)
        ratio = ours / rival if rival else None
        compared = ours if ratio is None else ratio
        reached = compared >= self.at_least if self.at_least is not None else compared <= (self.at_most or 0)
        return Judged(self, figure["unit"], ours, rival, ratio and round(ratio, 3), reached)


class Judged(NamedTuple):
    """A goal beside what was measured; all None: it was not measured."""

    goal: Goal
    unit: str | None
    ours: float | None
    rival: float | None
    ratio: float | None
    reached: bool | None


GOALS = (
    Goal("cost", "briefs_per_second", "briefs a second, both cores full", at_least=1.3, rival="dramatiq"),
    Goal("cost", "briefs_per_second", "briefs a second, both cores full", at_least=0.9, rival="script"),
    Goal("cost", "processor_ms", "processor of worker, listener, Redis", at_most=0.65, rival="dramatiq"),
    Goal("cost", "round_trips", "round trips to Redis, all processes", at_most=16),
    Goal("cost", "commands", "commands inside Redis", at_most=200),
    Goal("cost", "server_ms", "processor of the Redis server", at_most=4),
    Goal("latency", "queue_to_create_p50_ms", "brief queued to create's first byte, median", at_most=5),
    Goal("latency", "queue_to_create_p95_ms", "brief queued to create's first byte, 95 %", at_most=10),
    Goal("latency", "event_to_request_p50_ms", "event to next request on the wire, median", at_most=3),
    Goal("latency", "event_to_request_p95_ms", "event to next request on the wire, 95 %", at_most=6),
    Goal("worker", "briefs_per_second_300ms", "briefs of one worker, API answers in 300 ms", at_least=83),
    Goal("worker", "cores_300ms", "cores of that worker", at_most=1.2),
    Goal("worker", "memory_mb_300ms", "memory of that worker", at_most=250),
    Goal("worker", "briefs_per_second_2s", "briefs of one worker, API answers in 2 s", at_least=83),
    Goal("worker", "cores_2s", "cores of that worker", at_most=1.2),
    Goal("worker", "memory_mb_2s", "memory of that worker", at_most=250),
    Goal("listener", "followed_seconds_1000", "one listener follows 1,000 accounts", at_most=5),
    Goal("listener", "idle_percent_1000", "idle listener of 1,000 accounts", at_most=10),
    Goal("listener", "commands_per_second_1000", "Redis commands of that listener", at_most=50),
    Goal("listener", "delivery_p99_ms_1000", "event to its step, 500 a second, 99 %", at_most=10),
    Goal("listener", "memory_kb_1000", "memory of a stream of 1,000", at_most=25),
    Goal("listener", "followed_seconds_5000", "one listener follows 5,000 accounts", at_most=20),
    Goal("listener", "followed_10000", "accounts that four listeners follow", at_least=10_000),
    Goal("listener", "takeover_seconds_1000", "1,000 accounts followed again after a kill", at_most=10),
    Goal("start", "worker_seconds_10000", "start of a worker of 10,000 accounts", at_most=2),
    Goal("idle", "worker_percent", "worker with nothing to do", at_most=0.5),
    Goal("idle", "listener_percent", "listener with nothing to do", at_most=0.5),
    Goal("idle", "commands_per_second", "Redis commands with nothing to do", at_most=12),
    Goal("audit", "seconds_100000", "audit of 100,000 briefs", at_most=30),
    Goal("audit", "memory_ratio", "its memory, to that at a quarter of the briefs", at_most=1.1),
    Goal("bulk", "enqueue_memory_ratio", "memory of enqueue, to a tenth of the rows", at_most=1.1),
    Goal("bulk", "status_seconds", "`status` of as many briefs, beside Python's start", at_most=0.25),
    Goal("bulk", "watch_seconds", "`watch` of as many briefs, beside Python's start", at_most=0.25),
    Goal("web", "processor_ms_one", "processor of `web` for a brief, each by itself", at_most=6),
    Goal("web", "processor_ms_100", "processor of `web` for a brief, a hundred together", at_most=0.8),
    Goal("web", "metrics_processor_ms_1000", "processor of the figures of 1,000 accounts", at_most=300),
    Goal("page", "overview_ms", "the page's overview, whole", at_most=50),
    Goal("page", "briefs_ms", "the page's list of briefs, whole", at_most=150),
    Goal("page", "update_ms", "a brief sent to its row on an open page", at_most=500),
    Goal("makespan", "jobs_60", "60 briefs, jobs bind", at_most=1.013),
    Goal("makespan", "window_60", "60 briefs, requests bind", at_most=1.009),
    Goal("makespan", "jobs_1000", "1,000 briefs, jobs bind", at_most=1.005),
    Goal("makespan", "shared_60", "60 briefs, jobs bind, others use the account", at_most=1.05),
    Goal("throughput", "pairs_durable_4", "permits granted and given back, 4 clients", at_least=4_000),
    Goal(
        "growth",
        "handover_growth_to_100000_accounts",
        "a permit handed on, 1 to 100,000 accounts",
        at_most=1.3,
    ),
    Goal("growth", "admit_growth_to_100000_accounts", "a decision, 1 to 100,000 accounts", at_most=1.3),
    Goal(
        "growth", "handover_growth_to_100000_waiting", "a permit handed on, 10 to 100,000 wait", at_most=1.3
    ),
    Goal("growth", "admit_growth_to_100000_waiting", "a decision, 10 to 100,000 wait", at_most=1.3),
)


def judged(benchmark: str, figures: Mapping[str, Any]) -> list[Judged]:
    """Return how far the figures of a benchmark reach each of its goals."""
    return [goal.judge(figures) for goal in GOALS if goal.benchmark == benchmark]
