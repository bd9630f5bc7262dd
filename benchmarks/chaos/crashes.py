"""Kill a process before and after every call that it makes for one brief, and see how the brief ends.

    python -m benchmarks.chaos.crashes [POINTS]

The brief has a photo, whose description is paid, and a person who picks two of its drafts. First it runs
undisturbed, and every call of worker, listener and `pick` is written down; then once for each side of each
call, in real processes, with a supervisor that starts again what died. Prints each point that ended
otherwise, or with a question; the last line is one JSON object. With POINTS, only so many of them, spread
evenly.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.chaos.one_life import Life, Stage, lives
from benchmarks.chaos.points import Point

#: What processes do over and over while nothing happens; two of each are enough.
IDLE = ("BLMOVE", "BLPOP", "SMEMBERS", "ZRANGE", "tend", "due", "lease", "fetch", "GET /notifications/events")
IDLE_MOST = 2
AT_ONCE = 6


def all_points(stage: Stage) -> list[Point]:
    """Return every point of an undisturbed life, in the order of the calls."""
    lives(stage, None)  # which has the server keep the scripts: those after it don't load them either
    life = lives(stage, None)
    if not life.as_it_should_be:
        raise RuntimeError(f"the brief did not come to its end undisturbed: {life}")
    points = []
    for role, calls in life.calls.items():
        seen: Counter[str] = Counter()
        for call in calls:
            seen[call] += 1
            if not call.startswith(IDLE) or seen[call] <= IDLE_MOST:
                points += [Point(role, call, seen[call], after) for after in (False, True)]
    return points


def spread(points: Sequence[Point], most: int | None) -> list[Point]:
    """Return so many points, evenly spread over all of them."""
    if most is None or most >= len(points):
        return list(points)
    return [points[number * len(points) // most] for number in range(most)]


def run(stage: Stage, points: Sequence[Point]) -> list[Life]:
    """Return the lives that were cut at these points, several at once: most of each is waiting."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda point: lives(stage, point), points))


def summary(lived: Sequence[Life]) -> dict[str, object]:
    """Return the figures of these lives."""
    return {
        "points": len(lived),
        "killed": sum(life.killed for life in lived),
        "same_end": sum(life.as_it_should_be for life in lived),
        "held": dict(Counter(question for life in lived for question in life.questions)),
        "other_ends": [str(life.point) for life in lived if not life.as_it_should_be],
    }


@contextmanager
def stage() -> Iterator[Stage]:
    """Set the stage in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, Stage.set(Path(folder)) as made:
        yield made


def main(most: int | None) -> int:
    """Run them all and print what came of it; return the exit code."""
    with stage() as made:
        points = all_points(made)
        lived = run(made, spread(points, most))
    for life in lived:
        if life.questions or not life.as_it_should_be:
            print(life)
    result = {"calls": len(points) // 2, **summary(lived)}
    print(json.dumps(result))
    return 0 if result["other_ends"] == [] else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else None))
