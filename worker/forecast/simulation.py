"""Simulates an account: when waiting briefs start and finish under its limits.

A small simulation in seconds. It keeps the rules of permits that decide how long things take: jobs in flight,
the express share, the request windows, promotions before creations. Slots and budgets are not in it: when
those will be free is for people to say.
"""

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from config import durations
from config.limits import DEFAULTS, Endpoint, windows_of


class Rate(NamedTuple):
    """A request window: so many requests (0: any number) in so many seconds."""

    number: int
    seconds: float
    frees: Sequence[float] = ()
    """Seconds from now until each request that counts already stops counting."""


def _usual(endpoint: Endpoint) -> tuple[Rate, ...]:
    return tuple(Rate(DEFAULTS[window.limit], window.seconds) for window in windows_of(endpoint))


@dataclass(frozen=True)
class Caps:
    """The account's limits (0 jobs: no limit) and its jobs' mean durations in seconds, or the usual."""

    jobs: int = DEFAULTS["jobs"]
    express: int = 0
    """Jobs that creations may not take."""
    create: Sequence[Rate] = _usual(Endpoint.CREATE)
    promote: Sequence[Rate] = _usual(Endpoint.PROMOTE)
    drafts: float = field(default_factory=lambda: durations.USUAL_DRAFTS_SECONDS)
    preprocessing: float = field(default_factory=lambda: durations.USUAL_PREPROCESSING_SECONDS)
    preprocessing_counts: bool = True
    """Whether preprocessing holds a job."""


@dataclass(frozen=True)
class Load:
    """What is under way when the simulation begins, in seconds from now."""

    jobs: Sequence[tuple[float, int]] = ()
    """Of each job in flight: until its end, and how many promotions follow from it."""
    create_from: float = 0.0
    promote_from: float = 0.0
    """Until the endpoint's pause is over."""
    promotions: int = 0
    """Promotions that wait already."""
    more_jobs: Sequence[float] = ()
    """Until each of the jobs is tried again that are left to others, of those that the account has."""


@dataclass(frozen=True)
class Estimate:
    """Seconds from now until each brief and each promotion starts, and until the last identity is ready."""

    starts: tuple[float, ...]
    promotion_starts: tuple[float, ...]
    end: float


class _Window:
    def __init__(self, rate: Rate) -> None:
        self._number, self._seconds = rate.number, rate.seconds
        self._frees = sorted(rate.frees)

    def opens(self) -> float:
        full = self._number and len(self._frees) >= self._number
        return self._frees[-self._number] if full else 0.0

    def send(self, now: float) -> None:
        self._frees.append(now + self._seconds)


class _Endpoint:
    def __init__(self, rates: Sequence[Rate], begin: float) -> None:
        self._windows = [_Window(rate) for rate in rates]
        self._begin = begin

    def opens(self) -> float:
        """Return when the next request may go out; a time that is over means now."""
        return max([self._begin, *(window.opens() for window in self._windows)])

    def send(self, now: float) -> None:
        for window in self._windows:
            window.send(now)


@dataclass
class _Run:
    caps: Caps
    create: _Endpoint
    promote: _Endpoint
    ends: list[tuple[float, int]]
    planned: int
    more_jobs: Sequence[float]
    now: float = 0.0
    end: float = 0.0
    starts: list[float] = field(default_factory=list)
    promotion_starts: list[float] = field(default_factory=list)

    def may_promote(self) -> bool:
        return bool(self.planned) and (not self.caps.preprocessing_counts or self._has_job(0))

    def may_create(self, waiting: deque[int]) -> bool:
        return bool(waiting) and self._has_job(self.caps.express)

    def _has_job(self, kept: int) -> bool:
        of_others = sum(at > self.now for at in self.more_jobs)
        return self.caps.jobs == 0 or len(self.ends) < self.caps.jobs - of_others - kept

    def start_what_may(self, waiting: deque[int]) -> None:
        while self.may_promote() and self.promote.opens() <= self.now:
            self.planned -= 1
            self.promote.send(self.now)
            self.promotion_starts.append(self.now)
            self.end = max(self.end, self.now + self.caps.preprocessing)
            if self.caps.preprocessing_counts:
                heapq.heappush(self.ends, (self.now + self.caps.preprocessing, 0))
        while self.may_create(waiting) and self.create.opens() <= self.now:
            self.create.send(self.now)
            self.starts.append(self.now)
            heapq.heappush(self.ends, (self.now + self.caps.drafts, waiting.popleft()))

    def next_times(self, waiting: deque[int]) -> Iterator[float]:
        if self.ends:
            yield self.ends[0][0]
        if waiting or self.planned:
            yield from (at for at in self.more_jobs if at > self.now)
        if self.may_promote():
            yield self.promote.opens()
        if self.may_create(waiting):
            yield self.create.opens()


def estimate(caps: Caps, promotions: Sequence[int], load: Load | None = None) -> Estimate:
    """Return the times of briefs that start in this order, each with its number of promotions."""
    load = load or Load()
    run = _Run(
        caps,
        _Endpoint(caps.create, load.create_from),
        _Endpoint(caps.promote, load.promote_from),
        ends=[(max(0.0, left), follow) for left, follow in load.jobs],
        planned=load.promotions,
        more_jobs=load.more_jobs,
    )
    heapq.heapify(run.ends)
    waiting = deque(promotions)
    while True:
        run.start_what_may(waiting)
        coming = min(run.next_times(waiting), default=None)
        if coming is None:
            return Estimate(tuple(run.starts), tuple(run.promotion_starts), max(run.now, run.end))
        run.now = max(run.now, coming)
        while run.ends and run.ends[0][0] <= run.now:
            run.planned += heapq.heappop(run.ends)[1]
