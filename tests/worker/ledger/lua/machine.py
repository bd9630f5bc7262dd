"""Everything that can happen to the permits, in any order, as rules of a state machine.

A crash between two calls is a step that is never taken: the next one comes from somebody else, after the
timer. So every rule picks its subject from all that stand where the rule may apply.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from model import ASKS, MINUTE, WAITS, Model, Subject
from scene import Scene

from benchmarks.caps.virtual import admission
from worker.ledger import commands
from worker.ledger.kinds import KINDS, Kind
from worker.ledger.transition import Completion, Transition
from worker.store.functions import Functions

ACCOUNTS = ("a", "b")
BATCHES = ("x", "y", "z")
#: What a draft costs, if nothing else is said.
PRICE = 4
MOMENTS = (1, 500, 4_999, 5_000, 10_000, 15_000, 45_000, MINUTE - 1, MINUTE, 601_000)

#: Where it only matters whether a test fails (`tests/mutants.py`), a failure is not made smaller.
PHASES = (
    (Phase.generate,) if "IDENTITY_WORKER_TEST_NO_SHRINK" in os.environ else (Phase.generate, Phase.shrink)
)

picks = st.integers(0, 10_000)
accounts = st.sampled_from(ACCOUNTS)
batches = st.sampled_from(BATCHES)


@dataclass
class Told:
    """What was run; a step is one call of a script, after which every rule is checked."""

    steps: int = 0
    examples: int = 0


TOLD = Told()


def _granted(s: Subject) -> bool:
    return s.granted


def _asking(s: Subject) -> bool:
    return s.state == ASKS[s.endpoint]


def _may_go_on(s: Subject) -> bool:
    return not s.finished and not s.waits


def _in(*states: str) -> Callable[[Subject], bool]:
    return lambda s: s.state in states


class Permits(RuleBasedStateMachine):
    """Two accounts, three batches; subclasses say on which client."""

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
        if subject := self.pick(number, _in("uncertain")):
            self.scene.move(subject, to)

    @rule(number=picks, to=st.sampled_from(("generating", "waiting", "failed", "cancelled")))
    def resolve(self, number: int, to: str) -> None:
        if subject := self.pick(number, _in("held")):
            self.scene.move(subject, to)

    # Jobs.

    @rule(
        number=picks,
        to=st.sampled_from(("choosing", "choosing", "promoting", "promoting", "failed")),
        price=st.sampled_from((None, PRICE, PRICE, 0, 20)),
        more=st.sampled_from((-1, 0, 0, 2)),
    )
    def collect(self, number: int, to: str, price: int | None, more: int) -> None:
        if subject := self.pick(number, _in("generating")):
            cost = None if price is None else price * subject.variations
            if to == "promoting":
                self.scene.collect(subject, cost=cost, promotions=max(1, subject.need + more))
            else:
                self.scene.collect(subject, to, cost)

    @rule(number=picks)
    def lose_the_job(self, number: int) -> None:
        if subject := self.pick(number, _in("generating")):
            self.scene.move(subject, "held")

    @rule(number=picks, more=st.sampled_from((-1, 0, 0, 0, 2)))
    def plan(self, number: int, more: int) -> None:
        if subject := self.pick(number, _in("choosing")):
            self.scene.plan(subject, max(1, subject.need + more))

    @rule(number=picks, to=st.sampled_from(("ready", "ready", "planned", "failed")))
    def prepared(self, number: int, to: str) -> None:
        if subject := self.pick(number, _in("preprocessing")):
            self.scene.move(subject, to)

    @rule(number=picks, to=st.sampled_from(("failed", "cancelled")))
    def give_up(self, number: int, to: str) -> None:
        if subject := self.pick(number, _in("waiting", "choosing", "planned")):
            self.scene.move(subject, to)

    @rule(numbers=st.lists(picks, min_size=1, max_size=5))
    def go_on(self, numbers: list[int]) -> None:
        """Let some go on as they do when nothing comes between: without this, few would get far."""
        for number in numbers:
            if subject := self.pick(number, _may_go_on):
                go_on(self.scene, subject)

    @rule()
    def all_go_on(self) -> None:
        for subject in self.those(_may_go_on):
            go_on(self.scene, subject)

    # What may not be.

    @rule(number=picks, wanted=picks)
    def ask_for_a_move_that_is_not_allowed(self, number: int, wanted: int) -> None:
        if subject := self.pick(number, bool):
            kind = Kind.BRIEF if subject.endpoint == "create" else Kind.PROMOTION
            begins = subject.waits
            barred = [
                to
                for to in KINDS[kind].states
                if to not in KINDS[kind].states[subject.state].moves
                or (begins and to == ASKS[subject.endpoint])
            ]
            to = barred[wanted % len(barred)]
            answer = self.scene.run(
                commands.advance(subject.name, Transition(to, timer_ms=1, completion=Completion.COUNTED))
            )
            assert answer == ("duplicate" if to == subject.state else "conflict")
            self.scene.look()

    @rule(account=accounts)
    def admit(self, account: str) -> None:
        self.scene.run(admission(account))
        self.scene.look()

    # The account.

    @rule(
        account=accounts,
        limit=st.sampled_from(("jobs", "slots", "create_per_minute", "promote_per_minute", "express")),
        value=st.sampled_from((0, 1, 2, 3, 5, 20)),
    )
    def change_a_limit(self, account: str, limit: str, value: int) -> None:
        self.scene.limit(account, **{limit: value})

    @rule(batch=batches, account=accounts, allowed=st.sampled_from((0, 100, 200, 1_000)))
    def set_a_budget(self, batch: str, account: str, allowed: int) -> None:
        self.scene.set_budget(batch, account, allowed)

    @rule(account=accounts, allowed=st.none() | st.sampled_from((100, 200, 1_000)))
    def set_the_accounts_budget(self, account: str, allowed: int | None) -> None:
        self.scene.set_account_budget(account, allowed)

    @rule(account=accounts)
    def resume(self, account: str) -> None:
        self.scene.resume(account)

    @rule(account=accounts, number=st.integers(1, 3))
    def add_identities_by_hand(self, account: str, number: int) -> None:
        library = self.scene.libraries[account]
        library |= {f"by-hand-{self.scene.now}-{len(library)}-{n}" for n in range(number)}

    @rule(account=accounts, number=picks)
    def delete_an_identity_by_hand(self, account: str, number: int) -> None:
        if library := sorted(self.scene.libraries[account]):
            self.scene.libraries[account].remove(library[number % len(library)])

    @rule(account=accounts)
    def ask_for_the_library(self, account: str) -> None:
        self.asked = (account, self.scene.now, set(self.scene.libraries[account]))

    @precondition(lambda self: self.asked is not None)
    @rule()
    def record_the_library(self) -> None:
        assert self.asked
        account, since, codes = self.asked
        self.scene.read_library(account, since, codes)
        self.asked = None

    # Time.

    @rule(ms=st.sampled_from(MOMENTS))
    def pass_time(self, ms: int) -> None:
        self.scene.pass_time(ms)

    @rule(before=st.sampled_from((0, 0, 1)))
    def pass_time_to_the_next_timer(self, before: int) -> None:
        due = self.scene.next_timer()
        if due is not None:
            self.scene.pass_time(max(0, due - self.scene.now - before))

    # The end.

    def teardown(self) -> None:
        if not hasattr(self, "scene"):
            return
        if self.scene.sound:
            drain(self.scene)
        TOLD.steps += self.scene.ran
        TOLD.examples += 1


def drain(scene: Scene) -> None:
    """Let everything come to its end, with nothing in its way; then nobody may hold anything."""
    for batch in BATCHES:
        scene.set_budget(batch, ACCOUNTS[0], 1_000_000)
    for name in ACCOUNTS:
        scene.set_account_budget(name, None)
        scene.limit(name, jobs=5, slots=0, express=0, create_per_minute=5, promote_per_minute=5)
    for _ in range(400):
        unfinished = [s for s in scene.model.subjects.values() if not s.finished]
        if not unfinished:
            break
        if not [subject for subject in unfinished if go_on(scene, subject)]:
            scene.pass_time(MINUTE)
    assert not [s for s in scene.model.subjects.values() if not s.finished], "not all came to their end"
    scene.pass_time(2 * MINUTE)
    for name in ACCOUNTS:
        for endpoint in WAITS:
            assert not scene.model.window(name, endpoint, scene.now)
        assert not scene.model.permits(name)
        assert not scene.model.reserved(name)


def go_on(scene: Scene, subject: Subject) -> bool:
    """Take a subject one step nearer to its end; return False when it has to wait."""
    brief = subject.endpoint == "create"
    steps: dict[str, Callable[[], Any]] = {
        "submitting": lambda: scene.answered(subject, "generating"),
        "uncertain": lambda: scene.move(subject, "waiting"),
        "held": lambda: scene.move(subject, "failed"),
        "generating": lambda: scene.collect(
            subject, cost=PRICE * subject.variations, promotions=subject.need
        ),
        "choosing": lambda: scene.plan(subject, subject.need),
        "preprocessing": lambda: scene.move(subject, "ready"),
    }
    if not brief:
        steps["promoting"] = lambda: scene.answered(subject, "preprocessing")
    if subject.granted:
        scene.begin(subject)
        return True
    if step := steps.get(subject.state):
        step()
        return True
    return False
