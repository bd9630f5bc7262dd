"""The share of each batch of an account: fair by weight while batches wait, whatever came when.

The bound is that of start-time fair queueing (Goyal, Vin and Cheng, 1996): while two batches wait, what they
are served differs by no more than one brief of each, in shares.
"""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from side_by_side.machine import PHASES

from config import keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefAccepted
from worker.ledger.library import ledger_library
from worker.ledger.transition import Completion, Transition
from worker.store.functions import Functions

WEIGHTS = {"one": 1, "two": 2, "five": 5}
SERVED = "served"


@dataclass
class Counter:
    """An account that does one brief at a time."""

    client: "redis.Redis"
    functions: Functions
    served: list[str] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WEIGHTS, 0))
    came: int = 0
    known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        weights = {f"weight:{batch}": str(weight) for batch, weight in WEIGHTS.items()}
        limits = {"jobs": "1", "slots": "0", "create_per_minute": "0"} | weights
        self.functions.run(commands.set_limits(account="a", limits=limits, by="test"), 1)
        self.arrive("one", 0)

    def arrive(self, batch: str, number: int, priority: int = 0) -> None:
        """Accept so many briefs of a batch."""
        for _ in range(number):
            self.came += 1
            fields = {"envelope": '"brief_id":""', "batch": batch}
            event = BriefAccepted(instructions=1, variations=1, notes=())
            arrival = Arrival(f"{self.came:04}", "a", batch, priority, fields, event)
            self.functions.run(commands.accept(arrival), 1)
            self.waiting[batch] += 1
            self._note()

    def serve(self) -> None:
        """Let the brief that is served be over."""
        holder = self.client.zrange(keys.PERMITS("a"), 0, 0)
        if holder:
            never_left = Completion.NEVER_LEFT
            self.functions.run(commands.advance(holder[0], Transition("submitting")), 1)
            self.functions.run(commands.advance(holder[0], Transition("failed", completion=never_left)), 1)
            self._note()

    def _note(self) -> None:
        holders: Any = self.client.zrange(keys.PERMITS("a"), 0, -1)
        for subject in holders:
            if subject not in self.known:
                self.known.add(subject)
                batch = str(self.client.hget(keys.RECORD(subject), "batch"))
                self.waiting[batch] -= 1
                self.served.append(batch)


@pytest.fixture
def counter(model_client: "redis.Redis") -> Counter:
    model_client.flushall()
    return Counter(model_client, Functions(model_client, ledger_library(Settings(speed=1))))


happenings = st.lists(
    st.tuples(st.sampled_from((*WEIGHTS, SERVED, SERVED)), st.integers(1, 8)), min_size=5, max_size=40
)


@settings(
    max_examples=30,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
@given(happenings)
def test_while_batches_wait_each_gets_its_share(
    model_client: "redis.Redis", happenings: list[tuple[str, int]]
) -> None:
    model_client.flushall()
    counter = Counter(model_client, Functions(model_client, ledger_library(Settings(speed=1))))
    # For each two batches: how far one is ahead of the other, from when both began to wait.
    ahead: dict[tuple[str, str], list[float]] = {pair: [0.0] for pair in combinations(WEIGHTS, 2)}
    for what, number in happenings:
        for _ in range(number):
            before = len(counter.served)
            if what == SERVED:
                counter.serve()
            else:
                counter.arrive(what, 1)
            for pair, leads in ahead.items():
                for batch in counter.served[before:]:
                    share = 1 / WEIGHTS[batch]
                    leads.append(
                        leads[-1] + (share if batch == pair[0] else -share if batch == pair[1] else 0)
                    )
                if not all(counter.waiting[batch] for batch in pair):
                    leads[:] = [0.0]
                bound = sum(1 / WEIGHTS[batch] for batch in pair)
                assert max(leads) - min(leads) <= bound + 1e-9, f"{pair}: {leads}, {counter.served}"


def test_a_small_batch_does_not_wait_for_a_large_ones_end(counter: Counter) -> None:
    counter.arrive("one", 60)
    for _ in range(20):
        counter.serve()
    counter.arrive("two", 5)
    began = len(counter.served)
    while counter.waiting["two"]:
        counter.serve()
    # Two of three are its own: the last of five is among the first nine.
    assert len(counter.served) - began <= 9


def test_a_batch_that_was_away_does_not_make_up_for_it(counter: Counter) -> None:
    counter.arrive("one", 30)
    counter.arrive("two", 1)
    for _ in range(20):
        counter.serve()
    counter.arrive("two", 20)
    began = len(counter.served)
    for _ in range(9):
        counter.serve()
    assert sorted(counter.served[began:]) == ["one"] * 3 + ["two"] * 6


def test_priorities_have_shares_of_their_own(counter: Counter) -> None:
    counter.arrive("one", 10)
    counter.arrive("one", 2, priority=100)
    counter.arrive("two", 4, priority=100)
    counter.arrive("two", 2, priority=-100)
    began = len(counter.served)
    for _ in range(6):
        counter.serve()
    assert sorted(counter.served[began:]) == ["one"] * 2 + ["two"] * 4
    for _ in range(9):
        counter.serve()
    assert counter.served[began + 6 :] == ["one"] * 9
