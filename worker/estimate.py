"""When briefs will start and finish under an account's caps: the plan of a batch, an honest time of start.

A small simulation in seconds, with the mean durations that the account's jobs have had. It keeps the rules of
`admit` that decide how long things take: jobs in flight, both request windows, promotions before creations.
"""

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: Seconds that a job takes on an account that has not had one yet.
USUAL_DRAFTS = 60.0
USUAL_PREPROCESSING = 90.0


@dataclass(frozen=True)
class Caps:
    """What the account allows; 0 is no cap. Durations are means, in seconds; `window` is the rate window."""

    jobs: int = 5
    create_per_window: int = 5
    promote_per_window: int = 5
    window: float = 60.0
    drafts: float = USUAL_DRAFTS
    preprocessing: float = USUAL_PREPROCESSING


@dataclass
class Load:
    """What is on the way: seconds until each job in flight ends, and since each request of a window."""

    jobs_left: Sequence[float] = ()
    created_ago: Sequence[float] = ()
    promoted_ago: Sequence[float] = ()
    promotions_waiting: int = 0


@dataclass(frozen=True)
class Estimate:
    """Seconds from now until each brief starts, in their order, and until the last identity is ready."""

    starts: tuple[float, ...]
    end: float


@dataclass
class _Window:
    rate: int
    seconds: float
    sent: deque[float]

    def opens(self, now: float) -> float:
        """Return when the next request may go out."""
        while self.sent and self.sent[0] + self.seconds <= now:
            self.sent.popleft()
        if self.rate == 0 or len(self.sent) < self.rate:
            return now
        return self.sent[len(self.sent) - self.rate] + self.seconds


@dataclass
class _Run:
    caps: Caps
    create: _Window
    promote: _Window
    now: float = 0.0
    ends: list[tuple[float, int]] = field(default_factory=list)
    """Jobs in flight: when each ends, and how many promotions follow from it."""
    planned: int = 0
    starts: list[float] = field(default_factory=list)

    def has_job(self) -> bool:
        return self.caps.jobs == 0 or len(self.ends) < self.caps.jobs

    def start_what_may(self, waiting: deque[int]) -> None:
        while self.planned and self.has_job() and self.promote.opens(self.now) <= self.now:
            self.planned -= 1
            self.promote.sent.append(self.now)
            heapq.heappush(self.ends, (self.now + self.caps.preprocessing, 0))
        while waiting and self.has_job() and self.create.opens(self.now) <= self.now:
            self.create.sent.append(self.now)
            self.starts.append(self.now)
            heapq.heappush(self.ends, (self.now + self.caps.drafts, waiting.popleft()))

    def next_times(self, waiting: deque[int]) -> Iterator[float]:
        if self.ends:
            yield self.ends[0][0]
        if self.planned and self.has_job():
            yield self.promote.opens(self.now)
        if waiting and self.has_job():
            yield self.create.opens(self.now)


def estimate(caps: Caps, promotions: Sequence[int], load: Load | None = None) -> Estimate:
    """Return the times of briefs that start in this order, each with its number of promotions."""
    load = load or Load()
    run = _Run(
        caps,
        _Window(
            caps.create_per_window, caps.window, deque(-ago for ago in sorted(load.created_ago, reverse=True))
        ),
        _Window(
            caps.promote_per_window,
            caps.window,
            deque(-ago for ago in sorted(load.promoted_ago, reverse=True)),
        ),
        ends=[(max(0.0, left), 0) for left in load.jobs_left],
        planned=load.promotions_waiting,
    )
    heapq.heapify(run.ends)
    waiting = deque(promotions)
    while True:
        run.start_what_may(waiting)
        coming = min(run.next_times(waiting), default=None)
        if coming is None:
            return Estimate(tuple(run.starts), run.now)
        run.now = max(run.now, coming)
        while run.ends and run.ends[0][0] <= run.now:
            run.planned += heapq.heappop(run.ends)[1]
