"""How long a batch takes under an account's caps, beside two other ways and the best that is possible.

    python -m benchmarks.caps.makespan [SPEED [SPEED OF THE OTHERS]]

60 briefs under 5 jobs in flight and 5 requests a minute on each paid endpoint, preprocessing among the jobs.
Two regimes: the jobs are short, so the request windows bind; or long, so the jobs do. Each contender has a
sandbox process of its own, with the same seed and account, so each request's jobs take the same time for all
(the ids of the jobs, drawn with the durations, are compared). Measured is the time from handing the briefs
over to the contender to its knowing that the last identity is ready, in seconds of the API.

The figures are ratios to the shortest of several list schedules that know all durations and lose no time
(benchmarks/caps/planner.py); `best_to_lower_bound` says how far at the most that is above the optimum. Nobody
can know the durations beforehand, so what ours loses is shown in two parts: `first_come`, the same ratio for
our own order without any lost time, and `ours_to_first_come`, what the machinery adds to it. `handover_ms` is
the median time on the wall for which the binding permit was free before the next request had arrived.

Ours runs slower than the others, in two minutes a regime, so that its milliseconds weigh little more than
they do in production; theirs weigh little beside their pauses of seconds. A brief that a contender gave up is
lost: its ratio is then that of a smaller batch.
"""

import json
import logging
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.caps import contenders, planner
from benchmarks.caps.contenders import BRIEFS, Run
from benchmarks.caps.draws import Draws, draw
from benchmarks.harness import ACCOUNT, SEED

SPEED = 10.0
OTHERS_SPEED = 40.0
#: The 60 identities must fit, and nothing else than jobs and windows may bind.
ROOM = {"slots_cap": 100_000, "credits": 10_000_000}
#: Median durations of the sandbox's jobs, seconds; the long ones are its defaults. Spread: a quarter.
REGIMES = {
    "window": {"drafts_median_seconds": 4, "preprocessing_median_seconds": 6},
    "jobs": {"drafts_median_seconds": 40, "preprocessing_median_seconds": 60},
}
#: A contender that takes so many times the best schedule is stopped; what is not ready by then is lost.
PATIENCE = 5


def main(speed: float = SPEED, others_speed: float = OTHERS_SPEED) -> None:
    """Run both regimes and print the table."""
    # Dramatiq tells of each refused start with a whole traceback.
    logging.getLogger("dramatiq").setLevel(logging.CRITICAL)
    regimes = {name: _regime(name, speed, others_speed) for name in REGIMES}
    worst = {
        key: max(regime[key] for regime in regimes.values())
        for key in ("ours", "polling", "concurrent_rate_limiter")
    }
    sums = {
        key: sum(regime[key] for regime in regimes.values())
        for key in ("violations", "responses_429", "lost")
    }
    print(json.dumps({**worst, **sums, "speed": speed, "others_speed": others_speed, **regimes}))


def _regime(name: str, speed: float, others_speed: float) -> dict[str, Any]:
    settings = {**ROOM, **REGIMES[name]}
    draws = draw(SEED, ACCOUNT, [contenders.body(number) for number in range(BRIEFS)], settings)
    plans = planner.schedules(draws.briefs)
    best, first_come = min(plans.values()), planner.makespan(draws.briefs, planner.first_come)
    patience = PATIENCE * best / 1000
    ours = contenders.ours(settings, speed, patience / speed)
    # The two others spend their time asleep, so they run side by side.
    with ThreadPoolExecutor() as pool:
        others = {
            "polling": pool.submit(contenders.polling, settings, others_speed),
            "concurrent_rate_limiter": pool.submit(
                contenders.limited, settings, others_speed, patience / others_speed
            ),
        }
    runs = {"ours": ours, **{key: future.result() for key, future in others.items()}}
    for key, run in runs.items():
        _check_draws(key, run, draws)
    _print(name, plans, planner.lower_bound(draws.briefs), runs, best)
    return {
        **{key: round(1000 * run.seconds / best, 4) for key, run in runs.items()},
        "violations": ours.violations,
        "responses_429": ours.refused,
        "lost": BRIEFS - ours.ready,
        "first_come": round(first_come / best, 4),
        "ours_to_first_come": round(1000 * ours.seconds / first_come, 4),
        "best_to_lower_bound": round(best / planner.lower_bound(draws.briefs), 4),
        "best_seconds": best / 1000,
        "handover_ms": _handover(name, ours, speed),
        "others": {
            key: {"violations": run.violations, "responses_429": run.refused, "lost": BRIEFS - run.ready}
            for key, run in runs.items()
            if key != "ours"
        },
    }


def _check_draws(name: str, run: Run, draws: Draws) -> None:
    unknown = {job["job_id"] for job in run.ledger["jobs"]} - draws.job_ids
    if unknown:
        raise RuntimeError(f"{name} had jobs that nobody else had: {unknown}")


def _handover(regime: str, run: Run, speed: float) -> float:
    """Return for how many ms of the wall the regime's binding permit stayed free, at the median."""
    jobs = run.ledger["jobs"]
    if regime == "window":
        starts = sorted(job["states"][0]["at"] for job in jobs if job["job_type"] == "identity_creation")
        freed = [at + planner.WINDOW_MS / 1000 for at in starts]
    else:
        starts = sorted(job["states"][0]["at"] for job in jobs)
        freed = sorted(job["states"][-1]["at"] for job in jobs)
    idle = [start - free for start, free in zip(starts[planner.JOBS :], freed, strict=False)]
    return round(float(statistics.median(idle)) * 1000 / speed, 1)


def _print(name: str, plans: dict[str, int], bound: int, runs: dict[str, Run], best: int) -> None:
    print(f"\n{name} binding: no schedule is shorter than {bound / 1000:.1f} s")
    for plan, ms in sorted(plans.items(), key=lambda item: item[1]):
        print(f"  {plan:46} {ms / 1000:8.1f} s {ms / best:8.4f}")
    print(f"  {'':46} {'':10} {'of best':>8} {'lost':>6} {'429':>6} {'violations':>11}")
    for key, run in runs.items():
        figures = (
            f"{1000 * run.seconds / best:8.4f} {BRIEFS - run.ready:6} {run.refused:6} {run.violations:11}"
        )
        print(f"  {key:46} {run.seconds:8.1f} s {figures}")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
