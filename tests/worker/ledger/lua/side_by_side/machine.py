"""Everything that can happen to the permits, in any order, as rules of a state machine.

A crash between two calls is a step that is never taken: the next one comes from somebody else, after the
timer. So every rule picks its subject from all that stand where the rule may apply.
"""

import os
from dataclasses import dataclass

from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from side_by_side.endings import PRICE, drain, go_on
from side_by_side.requests import Requests, accounts, batches, picks, stands_in
from side_by_side.subjects import ASKS, MINUTE, Subject

from benchmarks.caps.virtual import admission
from worker.ledger import commands
from worker.ledger.kinds import KINDS, Kind
from worker.ledger.transition import Completion, Transition

MOMENTS = (1, 500, 4_999, 5_000, 10_000, 15_000, 45_000, MINUTE - 1, MINUTE, 601_000)

#: Where it only matters whether a test fails (`tests/mutants.py`), a failure is not made smaller.
PHASES = (
    (Phase.generate,) if "IDENTITY_WORKER_TEST_NO_SHRINK" in os.environ else (Phase.generate, Phase.shrink)
)


@dataclass
class Told:
    """What was run; a step is one call of a script, after which every rule is checked."""

    steps: int = 0
    examples: int = 0


TOLD = Told()


def _may_go_on(s: Subject) -> bool:
    return not s.finished and not s.waits


class Permits(Requests):
    """All that can happen; subclasses say on which client."""

    # Jobs.

    @rule(
        number=picks,
        to=st.sampled_from(("choosing", "choosing", "promoting", "promoting", "failed")),
        price=st.sampled_from((None, PRICE, PRICE, 0, 20)),
        more=st.sampled_from((-1, 0, 0, 2)),
    )
    def collect(self, number: int, to: str, price: int | None, more: int) -> None:
        if subject := self.pick(number, stands_in("generating")):
            cost = None if price is None else price * subject.variations
            if to == "promoting":
                self.scene.collect(subject, cost=cost, promotions=max(1, subject.need + more))
            else:
                self.scene.collect(subject, to, cost)

    @rule(number=picks)
    def lose_the_job(self, number: int) -> None:
        if subject := self.pick(number, stands_in("generating")):
            self.scene.move(subject, "held")

    @rule(number=picks, more=st.sampled_from((-1, 0, 0, 0, 2)))
    def plan(self, number: int, more: int) -> None:
        if subject := self.pick(number, stands_in("choosing")):
            self.scene.plan(subject, max(1, subject.need + more))

    @rule(number=picks, to=st.sampled_from(("ready", "ready", "planned", "failed")))
    def prepared(self, number: int, to: str) -> None:
        if subject := self.pick(number, stands_in("preprocessing")):
            self.scene.move(subject, to)

    @rule(number=picks, to=st.sampled_from(("failed", "cancelled")))
    def give_up(self, number: int, to: str) -> None:
        if subject := self.pick(number, stands_in("waiting", "choosing", "planned")):
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
