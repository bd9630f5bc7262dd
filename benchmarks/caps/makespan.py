"""How long a batch takes under an account's caps, beside two other ways and the best that is possible.

    python -m benchmarks.caps.makespan [--briefs 60 1000] [--speed 10] [--others-speed 40]

Briefs under 5 jobs in flight and 5 requests a minute on each paid endpoint, preprocessing among the jobs.
Two regimes: the jobs are short, so the request windows bind; or long, so the jobs do. Each contender has a
sandbox process of its own, with the same seed and account, so each request's jobs take the same time for all
(the ids of the jobs, drawn with the durations, are compared). Measured is the time from handing the briefs
over to the contender to its knowing that the last identity is ready, in seconds of the API.

The figures are ratios to the shortest of several list schedules that know all durations and lose no time
(benchmarks/caps/planner.py); `best_to_bound` says how far at the most that is above the optimum. Nobody
can know the durations beforehand, so what ours loses is shown in two parts: `first_come`, the same ratio for
our own order without any lost time, and `to_first_come`, what the machinery adds to it. `handover_ms` is
the median time on the wall for which the binding permit was free before the next request had arrived.
`shared` is the regime in which jobs bind while others use some of the account's jobs for a while, compared
with schedules that know of them.

Ours runs slower than the others, so that its milliseconds weigh little more than they do in production;
theirs weigh little beside their pauses of seconds. A brief that a contender gave up is lost: its ratio is
then that of a smaller batch. More than 100 briefs are driven by us alone, and only where jobs bind.
"""

import argparse
import logging
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.caps import contenders, planner
from benchmarks.caps.contenders import Run
from benchmarks.caps.draws import Draws, draw
from benchmarks.caps.planner import Others
from benchmarks.frame.report import Figure, report
from benchmarks.harness import ACCOUNT, SEED

BRIEFS, SPEED, OTHERS_SPEED = [60], 10.0, 40.0
#: Of more, the others would take hours.
MANY = 100
#: The identities must fit, and nothing else than jobs and windows may bind.
ROOM = {"slots_cap": 100_000, "credits": 10_000_000}
#: Median durations of the sandbox's jobs, seconds; the long ones are its defaults. Spread: a quarter.
REGIMES = {
    "window": {"drafts_median_seconds": 4, "preprocessing_median_seconds": 6},
    "jobs": {"drafts_median_seconds": 40, "preprocessing_median_seconds": 60},
}
#: What others have of the account's jobs, where it is shared.
SHARED = (Others(120_000, 420_000, 2), Others(600_000, 800_000, 3))
#: A contender that takes so many times the best schedule is stopped; what is not ready by then is lost.
PATIENCE = 5

Figures = dict[str, Figure]


def main(briefs: Sequence[int], speed: float, others_speed: float) -> dict[str, Any]:
    """Run all regimes and tell the ratios."""
    # Dramatiq tells of each refused start with a whole traceback.
    logging.getLogger("dramatiq").setLevel(logging.CRITICAL)
    figures: Figures = {}
    for count in briefs:
        if count <= MANY:
            figures |= _regime("window", count, speed, others_speed)
        figures |= _regime("jobs", count, speed, others_speed)
        if count <= MANY:
            figures |= _shared(count, speed)
    return report("makespan", figures, briefs=briefs, speed=speed, others_speed=others_speed)


def _regime(name: str, briefs: int, speed: float, others_speed: float) -> Figures:
    settings = {**ROOM, **REGIMES[name]}
    draws = draw(SEED, ACCOUNT, [contenders.body(number) for number in range(briefs)], settings)
    plans = planner.schedules(draws.briefs)
    best, first_come = min(plans.values()), planner.makespan(draws.briefs, planner.first_come)
    patience = PATIENCE * best / 1000
    ours = contenders.ours(briefs, settings, speed, patience / speed)
    others = _others(briefs, settings, others_speed, patience) if briefs <= MANY else {}
    for who, run in {"ours": ours, **others}.items():
        check_draws(who, run, draws)
    ratios = {who: 1000 * run.seconds / best for who, run in others.items()}
    tag = f"{name}_{briefs}"
    return {
        tag: Figure(1000 * ours.seconds / best, "of the shortest", ratios),
        f"{tag}_lost": Figure(
            briefs - ours.ready, "briefs", _counted(others, lambda run: briefs - run.ready)
        ),
        f"{tag}_429": Figure(ours.refused, "answers", _counted(others, lambda run: run.refused)),
        f"{tag}_violations": Figure(ours.violations, "times", _counted(others, lambda run: run.violations)),
        f"{tag}_first_come": Figure(first_come / best, "of the shortest"),
        f"{tag}_to_first_come": Figure(1000 * ours.seconds / first_come, "times as long"),
        f"{tag}_best_to_bound": Figure(best / planner.lower_bound(draws.briefs), "times as long"),
        **{f"{tag}_handover_ms": Figure(ms, "ms") for ms in _handover(name, ours, speed)},
    }


def _others(briefs: int, settings: dict[str, Any], speed: float, patience: float) -> dict[str, Run]:
    # They spend their time asleep, so they run side by side.
    with ThreadPoolExecutor() as pool:
        running = {
            "polling": pool.submit(contenders.polling, briefs, settings, speed),
            "limiter": pool.submit(contenders.limited, briefs, settings, speed, patience / speed),
        }
    return {who: future.result() for who, future in running.items()}


def _shared(briefs: int, speed: float) -> Figures:
    settings = {**ROOM, **REGIMES["jobs"]}
    draws = draw(SEED, ACCOUNT, [contenders.body(number) for number in range(briefs)], settings)
    best = min(planner.schedules(draws.briefs, SHARED).values())
    ours = contenders.ours(briefs, settings, speed, PATIENCE * best / 1000 / speed, SHARED)
    check_draws("ours", ours, draws)
    return {
        f"shared_{briefs}": Figure(1000 * ours.seconds / best, "of the shortest"),
        f"shared_{briefs}_lost": Figure(briefs - ours.ready, "briefs"),
        f"shared_{briefs}_429": Figure(ours.refused, "answers"),
    }


def _counted(runs: dict[str, Run], count: Callable[[Run], int]) -> dict[str, float]:
    return {who: count(run) for who, run in runs.items()}


def check_draws(name: str, run: Run, draws: Draws) -> None:
    """Raise RuntimeError if a contender had other jobs than it was to have."""
    unknown = {job["job_id"] for job in run.ledger["jobs"]} - draws.job_ids
    if unknown:
        raise RuntimeError(f"{name} had jobs that nobody else had: {unknown}")


def _handover(regime: str, run: Run, speed: float) -> list[float]:
    """Return for how many ms of the wall the regime's binding permit stayed free, at the median.

    Empty if it was never handed over, as when briefs were given up.
    """
    jobs = run.ledger["jobs"]
    if regime == "window":
        starts = sorted(job["states"][0]["at"] for job in jobs if job["job_type"] == "identity_creation")
        freed = [at + planner.WINDOW_MS / 1000 for at in starts]
    else:
        starts = sorted(job["states"][0]["at"] for job in jobs)
        freed = sorted(job["states"][-1]["at"] for job in jobs)
    idle = [start - free for start, free in zip(starts[planner.JOBS :], freed, strict=False)]
    return [float(statistics.median(idle)) * 1000 / speed] if idle else []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long a batch takes under the caps.")
    parser.add_argument("--briefs", type=int, nargs="+", default=BRIEFS)
    parser.add_argument("--speed", type=float, default=SPEED)
    parser.add_argument("--others-speed", type=float, default=OTHERS_SPEED)
    main(**vars(parser.parse_args()))
