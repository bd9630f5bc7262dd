"""When the API is first asked how a job is: late where its event stream is followed, soon elsewhere."""

from typing import Any

import pytest
import redis
from moved_records import accept, steps

from config import durations, keys
from config.settings import Settings
from worker.ledger import commands, leases
from worker.ledger.ledger import Ledger
from worker.ledger.library import ledger_library
from worker.ledger.transition import Answer, Completion, Transition
from worker.store.functions import Functions

ACCOUNT = "default"
EARLY = round(durations.LOOK_AGAIN_SECONDS * 1000)
LATEST = round(durations.LOOK_MOST_SECONDS * 1000)
#: How long the jobs of these tests take, ms, and the later look that follows from it.
TOOK = 50_000
LATER = round(TOOK * 1.25)


class Jobs:
    """Jobs of one account, which begin and end at times that the test chooses."""

    def __init__(self, client: "redis.Redis", ledger: Ledger, functions: Functions) -> None:
        self.now = ledger.now()
        self._client, self._ledger, self._functions = client, ledger, functions
        self._begun = 0
        client.set(keys.LEASE(ACCOUNT), "me", px=3_600_000)

    def stream(self, what: leases.StreamStep) -> None:
        """Let the account's stream do something now."""
        why = None if what in ("opened", "replayed") else "why"
        assert self._functions.run(leases.followed(ACCOUNT, "me", what, why), self.now)

    def heard(self) -> None:
        """Let the stream have given a sign of life just now."""
        self._functions.run(leases.keep([ACCOUNT], "me", heard={ACCOUNT: 0}), self.now)

    def begin(self) -> str:
        """Let a brief's job begin now; return its subject."""
        self._begun += 1
        brief, job = f"b{self._begun}", f"job{self._begun}"
        accept(self._ledger, brief)
        self._move(f"brief:{brief}", Transition("submitting"))
        running = Transition(
            "generating",
            fields={"job_id": job},
            completion=Completion.COUNTED,
            jobs=[job],
            timer_ms=EARLY,
        )
        self._move(f"brief:{brief}", running)
        return f"brief:{brief}"

    def end(self, subject: str, after: int = TOOK, *, told: bool = True) -> None:
        """Let a job end so many ms from now, `told` by the stream or found by a look."""
        self.now += after
        self.heard()
        if told:
            number = subject.removeprefix("brief:b")
            self._functions.run(commands.wake(ACCOUNT, f"event{number}", job=f"job{number}"), self.now)
        self._move(subject, Transition("choosing"))

    def look(self, subject: str) -> int:
        """Return in how many ms the API is asked about a job, unless something happens before."""
        due: Any = self._client.zscore(keys.TIMERS(), subject)
        return int(due) - self.now

    def _move(self, subject: str, to: Transition) -> None:
        assert self._functions.run(commands.advance(subject, to), self.now) is Answer.APPLIED


@pytest.fixture
def jobs(client: "redis.Redis", ledger: Ledger, functions: Functions) -> Jobs:
    """Jobs of an account whose stream is followed."""
    made = Jobs(client, ledger, functions)
    made.stream("opened")
    made.stream("replayed")
    return made


def test_on_an_unbroken_stream_no_usual_job_is_looked_at_early(
    client: "redis.Redis", functions: Functions, jobs: Jobs
) -> None:
    first = jobs.begin()
    assert jobs.look(first) == EARLY
    jobs.end(first)
    second = jobs.begin()
    assert jobs.look(second) == LATER
    steps(client)
    functions.run(commands.due(most=10), jobs.now + TOOK)
    assert steps(client) == []
    # The event of that one is lost: it is found all the same.
    functions.run(commands.due(most=10), jobs.now + LATER)
    assert steps(client) == ["collect_drafts"]


def test_without_a_stream_or_on_a_mute_one_looks_are_early(
    client: "redis.Redis", ledger: Ledger, functions: Functions, jobs: Jobs
) -> None:
    jobs.end(jobs.begin())
    silent = round((durations.SILENCE_SECONDS + durations.HEARD_AGAIN_SECONDS) * 1000) + durations.LEASE_MS
    jobs.now += silent
    assert jobs.look(jobs.begin()) == LATER
    jobs.now += 1
    assert jobs.look(jobs.begin()) == EARLY
    client.delete(keys.STREAM(ACCOUNT))
    assert jobs.look(jobs.begin()) == EARLY


@pytest.mark.parametrize("broken", ["ended", "unread", "stalled", "opened"])
def test_a_gap_brings_back_the_looks_at_jobs_in_flight(jobs: Jobs, broken: leases.StreamStep) -> None:
    jobs.end(jobs.begin())
    old = jobs.begin()
    jobs.now += EARLY + 5_000
    new = jobs.begin()
    jobs.heard()
    assert (jobs.look(old), jobs.look(new)) == (LATER - EARLY - 5_000, LATER)
    jobs.now += 5_000
    # Opened again without an end on record: the listener before has died.
    jobs.stream(broken)
    assert (jobs.look(old), jobs.look(new)) == (0, EARLY - 5_000)


def test_after_a_gap_looks_are_early_until_the_stream_is_followed_again(jobs: Jobs) -> None:
    jobs.end(jobs.begin())
    jobs.stream("ended")
    assert jobs.look(jobs.begin()) == EARLY
    jobs.stream("opened")
    jobs.stream("replayed")
    assert jobs.look(jobs.begin()) == LATER


def test_while_a_stream_is_held_back_looks_are_early(jobs: Jobs) -> None:
    jobs.end(jobs.begin())
    jobs.now += 1
    jobs.stream("stalled")
    assert jobs.look(jobs.begin()) == EARLY
    jobs.now += 1
    jobs.heard()
    assert jobs.look(jobs.begin()) == LATER


def test_a_job_that_a_look_found_puts_no_look_off(jobs: Jobs) -> None:
    jobs.end(jobs.begin())
    jobs.end(jobs.begin(), 2 * TOOK, told=False)
    assert jobs.look(jobs.begin()) == LATER


def test_a_job_older_than_its_stream_puts_no_look_off(jobs: Jobs) -> None:
    jobs.end(jobs.begin())
    begun = jobs.begin()
    jobs.stream("ended")
    jobs.now += 1
    jobs.stream("opened")
    jobs.stream("replayed")
    jobs.end(begun, 2 * TOOK)
    assert jobs.look(jobs.begin()) == LATER


def test_a_look_follows_the_longest_job_at_once_and_shorter_ones_slowly(jobs: Jobs) -> None:
    jobs.end(jobs.begin())
    jobs.end(jobs.begin(), 2 * TOOK)
    begun = jobs.begin()
    assert jobs.look(begun) == 2 * LATER
    jobs.end(begun, TOOK)
    assert jobs.look(jobs.begin()) == round(1.25 * 1.95 * TOOK)


def test_no_look_is_put_off_beyond_the_most(jobs: Jobs) -> None:
    jobs.end(jobs.begin(), 10 * LATEST)
    assert jobs.look(jobs.begin()) == LATEST


def test_jobs_in_no_list_of_the_account_are_looked_at_early(client: "redis.Redis") -> None:
    settings = Settings(speed=1, preprocessing_counts=False)
    ledger, functions = Ledger(client, settings), Functions(client, ledger_library(settings))
    client.hset(keys.RECORD(f"account:{ACCOUNT}"), "preprocessing_told_ms", TOOK)
    jobs = Jobs(client, ledger, functions)
    jobs.stream("opened")
    jobs.stream("replayed")
    brief = jobs.begin()
    functions.run(commands.advance(brief, Transition("choosing")), jobs.now)
    functions.run(commands.plan("b1", [{"tried": "0", "candidates": "[]"}]), jobs.now)
    for to in (Transition("promoting"), Transition("preprocessing", timer_ms=EARLY)):
        assert functions.run(commands.advance("promotion:b1#0", to), jobs.now) is Answer.APPLIED
    assert jobs.look("promotion:b1#0") == EARLY
