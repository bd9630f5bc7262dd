"""Arrivals and requests, in any order, as rules of a state machine."""

from collections.abc import Callable

import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from side_by_side.endings import ACCOUNTS, BATCHES
from side_by_side.model import Model
from side_by_side.scene import Scene
from side_by_side.subjects import ASKS, MINUTE, Subject

from worker.store.functions import Functions

picks = st.integers(0, 10_000)
accounts = st.sampled_from(ACCOUNTS)
batches = st.sampled_from(BATCHES)


def _granted(s: Subject) -> bool:
    return s.granted


def _asking(s: Subject) -> bool:
    return s.state == ASKS[s.endpoint]


def stands_in(*states: str) -> Callable[[Subject], bool]:
    return lambda s: s.state in states


class Requests(RuleBasedStateMachine):
    """Two accounts, three batches, and briefs that ask for their permits."""

    client: "redis.Redis"
    functions: dict[bool, Functions]

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.asked: tuple[str, int, set[str]] | None = None

    @initialize(
        counts=st.booleans(),
        jobs=st.sampled_from((0, 1, 2, 5)),
        slots=st.sampled_from((0, 3, 6, 50)),
        rate=st.sampled_from((0, 1, 2, 5)),
        express=st.sampled_from((0, 0, 1)),
        job_has_ended=st.booleans(),
        first=st.lists(
            st.tuples(st.none() | batches, st.sampled_from((0, 0, 1)), st.integers(1, 3)), max_size=8
        ),
    )
    def open(
        self,
        counts: bool,
        jobs: int,
        slots: int,
        rate: int,
        express: int,
        job_has_ended: bool,
        first: list[tuple[str | None, int, int]],
    ) -> None:
        self.scene = Scene(self.client, self.functions[counts], Model(preprocessing_counts=counts), BATCHES)
        for name in ACCOUNTS:
            self.scene.open(
                name, job_has_ended=job_has_ended, jobs=jobs, slots=slots, express=express,
                create_per_minute=rate, promote_per_minute=rate,
            )  # fmt: skip
        for batch, priority, need in first:
            self.scene.arrive("a", batch=batch, priority=priority, need=need)

    def those(self, which: Callable[[Subject], bool]) -> list[Subject]:
        return [s for s in self.scene.model.subjects.values() if which(s)]

    def pick(self, number: int, which: Callable[[Subject], bool]) -> Subject | None:
        found = self.those(which)
        return found[number % len(found)] if found else None

    # Arrivals.

    @rule(
        account=accounts,
        batch=st.none() | batches,
        priority=st.sampled_from((0, 0, 0, -1, 1, 7)),
        need=st.sampled_from((1, 1, 1, 2, 3, 8)),
        variations=st.integers(1, 3),
        number=st.integers(1, 4),
        budget=st.none() | st.sampled_from((60, 150, 400)),
    )
    def arrive(
        self,
        account: str,
        batch: str | None,
        priority: int,
        need: int,
        variations: int,
        number: int,
        budget: int | None,
    ) -> None:
        if len(self.those(lambda s: not s.finished)) > 40:
            return
        for _ in range(number):
            self.scene.arrive(
                account, batch=batch, priority=priority, need=need, variations=variations, budget=budget
            )

    # Requests.

    @rule(number=picks)
    def begin(self, number: int) -> None:
        if subject := self.pick(number, _granted):
            self.scene.begin(subject)

    @rule()
    def begin_all(self) -> None:
        for subject in self.those(_granted):
            self.scene.begin(subject)

    @rule(number=picks)
    def accepted(self, number: int) -> None:
        if subject := self.pick(number, _asking):
            self.scene.answered(subject, "generating" if subject.endpoint == "create" else "preprocessing")

    @rule(number=picks)
    def arrived_but_not_answered(self, number: int) -> None:
        if subject := self.pick(number, lambda s: s.state == "promoting" and s.endpoint == "promote"):
            self.scene.libraries[subject.account].add(f"code-{subject.name}")

    @rule(number=picks, to=st.sampled_from(("failed", "unknown", "next draft")))
    def answered_otherwise(self, number: int, to: str) -> None:
        if subject := self.pick(number, _asking):
            states = {"failed": "failed", "unknown": "uncertain", "next draft": "failed"}
            if subject.endpoint == "promote":
                states = {"failed": "failed", "unknown": "planned", "next draft": "planned"}
            self.scene.answered(subject, states[to])

    @rule(
        number=picks,
        what=st.sampled_from(("pause", "endpoint", "never left")),
        ms=st.sampled_from((5_000, MINUTE)),
    )
    def refused(self, number: int, what: str, ms: int) -> None:
        if subject := self.pick(number, _asking):
            stopped = subject.endpoint if what == "endpoint" else "pause"
            self.scene.refused(subject, stopped, ms, left=what != "never left")

    @rule(
        number=picks,
        kind=st.sampled_from(("jobs", "rate", "slots", "unclear")),
        ms=st.none() | st.sampled_from((1_000, 90_000)),
    )
    def throttled(self, number: int, kind: str, ms: int | None) -> None:
        if subject := self.pick(number, _asking):
            self.scene.throttled(subject, kind, ms)

    @rule(number=picks, to=st.sampled_from(("generating", "waiting", "held", "failed")))
    def find_out(self, number: int, to: str) -> None:
        if subject := self.pick(number, stands_in("uncertain")):
            self.scene.move(subject, to)

    @rule(number=picks, to=st.sampled_from(("generating", "waiting", "failed", "cancelled")))
    def resolve(self, number: int, to: str) -> None:
        if subject := self.pick(number, stands_in("held")):
            self.scene.move(subject, to)
