"""What a planner who knows every duration, and loses no time, would make of an account's caps.

The rules are the server's: so many jobs in flight, preprocessing among them, and for each paid endpoint so
many requests in any 60 s. Times are whole milliseconds of the API. To find the shortest schedule is NP-hard,
so it is taken between two figures: `lower_bound` is proven to be below it, and the best of `schedules` above.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

JOBS = 5
PER_WINDOW = 5
WINDOW_MS = 60_000


class Durations(NamedTuple):
    """How long the two jobs of one brief take, ms: its drafts, then the preprocessing of its identity."""

    drafts: int
    preprocessing: int


class Step(NamedTuple):
    """One request that may be sent: the creation of a brief, or the promotion of its draft."""

    number: int
    promotion: bool
    of: Durations

    @property
    def takes(self) -> int:
        """How long the job takes that it starts, ms."""
        return self.of.preprocessing if self.promotion else self.of.drafts

    @property
    def brief_takes(self) -> int:
        """How long both jobs of its brief take, ms."""
        return self.of.drafts + self.of.preprocessing


class Others(NamedTuple):
    """So many of the account's jobs that are somebody else's from one time to another, ms."""

    begin: int
    end: int
    jobs: int


#: Of all steps that may start, the one of the lowest rank does.
Rank = Callable[[Step], tuple[float, ...]]


def first_come(step: Step) -> tuple[float, ...]:
    """Return the rank that our permits give, knowing no durations: promotions first, then first come."""
    return (not step.promotion, step.number)


#: Orders that use the knowledge; each is good for some mixture of durations and caps.
KNOWING: dict[str, Rank] = {
    "promotions first, longest brief first": lambda step: (not step.promotion, -step.brief_takes),
    "promotions first, shortest brief first": lambda step: (not step.promotion, step.brief_takes),
    "creations first, longest brief first": lambda step: (step.promotion, -step.brief_takes),
    "creations first, longest preprocessing first": lambda step: (step.promotion, -step.of.preprocessing),
    "longest remaining time first": lambda step: (-step.takes if step.promotion else -step.brief_takes,),
}


def schedules(briefs: Sequence[Durations], others: Sequence[Others] = ()) -> dict[str, int]:
    """Return the makespan of each list schedule, ms."""
    ranks = {"promotions first, first come": first_come, **KNOWING}
    return {name: makespan(briefs, rank, others) for name, rank in ranks.items()}


def makespan(briefs: Sequence[Durations], rank: Rank, others: Sequence[Others] = ()) -> int:
    """Return when the last brief is ready, ms, if whatever may start starts at once, lowest rank first.

    What runs when others come goes on, as at the API: they only take the place of what could start.
    """
    now = 0
    ready = [Step(number, promotion=False, of=brief) for number, brief in enumerate(briefs)]
    running: list[tuple[int, Step]] = []
    sent: dict[bool, deque[int]] = {False: deque(), True: deque()}
    while ready or running:
        for times in sent.values():
            while times and times[0] <= now - WINDOW_MS:
                times.popleft()
        able = [step for step in ready if len(sent[step.promotion]) < PER_WINDOW]
        theirs = sum(each.jobs for each in others if each.begin <= now < each.end)
        if able and len(running) + theirs < JOBS:
            step = min(able, key=rank)
            ready.remove(step)
            sent[step.promotion].append(now)
            heapq.heappush(running, (now + step.takes, step))
        else:
            reopened = [times[0] + WINDOW_MS for times in sent.values() if len(times) == PER_WINDOW]
            gone = [each.end for each in others if now < each.end]
            now = min(reopened + [end for end, _ in running[:1]] + gone)
            while running and running[0][0] <= now:
                _, step = heapq.heappop(running)
                if not step.promotion:
                    ready.append(step._replace(promotion=True))
    return now


def lower_bound(briefs: Sequence[Durations]) -> int:
    """Return a time, ms, before which no schedule ends: the longest of four.

    The time of all jobs, shared by the permits; the longest brief; and the windows of each paid endpoint:
    request number n (from 0) is sent no earlier than n // 5 windows after the first.
    """
    both = [sum(brief) for brief in briefs]
    first_promotion = min(brief.drafts for brief in briefs)
    return max(
        -(-sum(both) // JOBS),
        max(both),
        _windows_bound(both),
        first_promotion + _windows_bound([brief.preprocessing for brief in briefs]),
    )


def _windows_bound(after: Sequence[int]) -> int:
    """Return when all are over at the earliest that go on for these times, ms, after their requests.

    Of n requests, those that begin with number k are n - k briefs, and the longest of any n - k briefs is at
    least as long as the (n - k)th shortest of all.
    """
    shortest = sorted(after)
    heads = range(0, len(after), PER_WINDOW)
    return max(head // PER_WINDOW * WINDOW_MS + shortest[len(after) - head - 1] for head in heads)
