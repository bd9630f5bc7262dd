"""Kill a process before and after every call that it makes for one brief, and see how the brief ends.

    python -m tests.chaos.programs.crashes [POINTS]

A brief with a photo, whose description is paid, and one of two instructions and a picture; of either a person
picks two drafts. First it runs undisturbed, and every call of worker, listener and `pick` is written down;
then once for each side of each call, in real processes, with a supervisor that starts again what died. Prints
each point that ended otherwise, or with a question, as soon as it is known, and how far it is to standard
error; the last line is one JSON object. With POINTS, only so many of them, spread evenly.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.chaos.harness.one_life import Life, Stage, lives
from tests.chaos.harness.points import Point
from tests.chaos.harness.stories import STORIES

#: What processes do over and over while nothing happens; two of each are enough.
IDLE = (
    *("BLMOVE", "BLPOP", "SMEMBERS", "ZRANGE", "tend", "due", "keep", "take"),
    "GET /notifications/events",
)
IDLE_MOST = 2
AT_ONCE = 6
#: Points after which it is told how far the run is.
TOLD_EACH = 20


class Cut(NamedTuple):
    """A kind of brief, and where one of its processes is killed."""

    story: str
    point: Point


def all_cuts(stage: Stage) -> list[Cut]:
    """Return every point of an undisturbed life of each kind, in the order of the calls."""
    # The server has the functions then, as it has for the lives after it, which load none either.
    lives(stage, "photo", None)
    return [Cut(story, point) for story in STORIES for point in _points(lives(stage, story, None))]


def _points(life: Life) -> Iterator[Point]:
    if not life.as_it_should_be:
        raise RuntimeError(f"the brief did not come to its end undisturbed: {life}")
    for role, calls in life.calls.items():
        seen: Counter[str] = Counter()
        for call in calls:
            seen[call] += 1
            if not call.startswith(IDLE) or seen[call] <= IDLE_MOST:
                yield from (Point(role, call, seen[call], after) for after in (False, True))


def spread(cuts: Sequence[Cut], most: int | None) -> list[Cut]:
    """Return so many of them, evenly spread."""
    if most is None or most >= len(cuts):
        return list(cuts)
    return [cuts[number * len(cuts) // most] for number in range(most)]


def run(stage: Stage, cuts: Sequence[Cut]) -> Iterator[Life]:
    """Yield the lives that were cut so in their order, several at once: most of each is waiting."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda cut: lives(stage, *cut), cuts)


def told(lived: Iterable[Life], points: int) -> list[Life]:
    """Return all lives, each noteworthy one printed as it comes."""
    known: list[Life] = []
    for life in lived:
        known.append(life)
        if life.questions or not life.as_it_should_be:
            print(life, flush=True)
        if len(known) % TOLD_EACH == 0:
            print(f"{len(known)} of {points} points", file=sys.stderr, flush=True)
    return known


def summary(lived: Sequence[Life]) -> dict[str, object]:
    """Return the figures of these lives."""
    return {
        "points": len(lived),
        "killed": sum(life.killed for life in lived),
        "same_end": sum(life.as_it_should_be for life in lived),
        "held": dict(Counter(question for life in lived for question in life.questions)),
        "other_ends": [life.where for life in lived if not life.as_it_should_be],
    }


@contextmanager
def stage() -> Iterator[Stage]:
    """Set the stage in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, Stage.set(Path(folder)) as made:
        yield made


def main(most: int | None) -> int:
    """Run them all and print what came of it; return the exit code."""
    with stage() as made:
        cuts = all_cuts(made)
        chosen = spread(cuts, most)
        lived = told(run(made, chosen), len(chosen))
    result = {"calls": len(cuts) // 2, **summary(lived)}
    print(json.dumps(result))
    return 0 if result["other_ends"] == [] else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else None))
