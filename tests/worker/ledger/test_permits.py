"""The permits of an account: who may start, decided in one call. The time is simulated, in ms."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from config import durations, keys, limits
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefAccepted
from worker.ledger.ledger import Ledger
from worker.ledger.library import ledger_library
from worker.ledger.records import account_subject
from worker.ledger.transition import Completion, Pause, Transition
from worker.store.connection import connect
from worker.store.functions import Command, Functions, T

ACCOUNT = "default"
START = 1_000_000
WINDOW = round(durations.RATE_WINDOW_SECONDS * 1000)
#: Milliseconds that a window is kept beyond its last request.
KEPT = round(durations.EARLY_EVENT_SECONDS * 1000)
UNLIMITED = {"jobs": 0, "slots": 0, "create_per_minute": 0, "promote_per_minute": 0}


def stop(what: str, ms: int, reason: str) -> Pause:
    return Pause(what, ms, reason, 402)


@dataclass
class Desk:
    """Briefs of one account as they ask for permits, and what comes of it."""

    client: "redis.Redis"
    functions: Functions
    now: int = START

    def run(self, command: Command[T]) -> T:
        return self.functions.run(command, self.now)

    def limit(self, **given: int) -> None:
        """Set limits; those not named are lifted."""
        texts = {name: str(limit) for name, limit in {**UNLIMITED, **given}.items()}
        self.run(commands.set_limits(account=ACCOUNT, limits=texts, by="test"))

    def ask(
        self,
        *briefs: str,
        priority: int = 0,
        need: int = 1,
        account: str = ACCOUNT,
        batch: str | None = None,
    ) -> None:
        """Accept briefs, each in need of so many slots."""
        for brief in briefs:
            fields = {"envelope": f'"brief_id":"{brief}"', "need": str(need)}
            event = BriefAccepted(instructions=1, variations=1, notes=())
            self.run(commands.accept(Arrival(brief, account, batch, priority, fields, event)))

    def move(self, subject: str, to: str, **more: Any) -> None:
        subject = subject if ":" in subject else f"brief:{subject}"
        assert self.run(commands.advance(subject, Transition(to, **more))) == "applied"

    def submit(self, *briefs: str) -> None:
        """Let granted briefs' creates be made and answered now."""
        for brief in briefs:
            self.move(brief, "submitting")
            self.move(brief, "generating", completion=Completion.COUNTED)

    def draft(self, *briefs: str) -> None:
        """Let jobs be over, and a brief's draft wait to be chosen."""
        for brief in briefs:
            self.move(brief, "choosing")

    def plan(self, brief: str, promotions: int = 1) -> None:
        """Choose so many drafts."""
        assert self.run(commands.plan(brief=brief, promotions=[{"tried": "0"}] * promotions)) == "applied"

    def promote(self, brief: str, number: int = 0) -> None:
        """Let a granted promotion's call be made and answered now."""
        subject = f"promotion:{brief}#{number}"
        self.move(subject, "promoting")
        self.move(
            subject,
            "preprocessing",
            completion=Completion.COUNTED,
            fields={"identity_code": f"code-{brief}-{number}"},
        )

    def granted(self, endpoint: str = "create") -> list[str]:
        """Who may begin a request, or has begun one; briefs by their ids."""
        subjects: Any = self.client.zrangebyscore(keys.WINDOW(ACCOUNT, endpoint), "+inf", "+inf")
        return sorted(subject.removeprefix("brief:") for subject in subjects)

    def waiting(self, endpoint: str = "create") -> list[str]:
        """Who waits, first the one whose turn it is; briefs by their ids."""
        subjects: Any = self.client.zrange(keys.WAITING(ACCOUNT, endpoint), 0, -1)
        return [subject.removeprefix("brief:") for subject in subjects]

    def steps(self) -> list[str]:
        """Take all steps that were sent."""
        messages: Any = self.client.hvals(keys.MESSAGES(keys.STEPS))
        self.client.delete(keys.MESSAGES(keys.STEPS), keys.QUEUE(keys.STEPS))
        decoded = [json.loads(message) for message in messages]
        return sorted(f"{message['actor_name']} {message['args'][0]}" for message in decoded)

    def claim_step(self, subject: str) -> None:
        """Let a step begin."""
        assert Ledger(self.client, Settings(speed=1)).claim_step(subject) is not None

    def timer(self, subject: str) -> int | None:
        """When a subject is looked at again, in ms from now."""
        due = self.client.zscore(keys.TIMERS(), subject)
        return None if due is None else int(due) - self.now

    def pass_time(self, ms: int) -> None:
        """Let time pass, and the timers do what is due."""
        self.now += ms
        self.run(commands.due(most=100))


@pytest.fixture
def desk(client: "redis.Redis") -> Desk:
    desk = Desk(client, Functions(client, ledger_library(Settings(speed=1))))
    # Long after the test: counting the library would be one step more among those that the test takes.
    client.zadd(keys.TIMERS(), {f"library:{ACCOUNT}": 4e12})
    desk.limit()
    return desk


def test_a_grant_its_timer_and_its_message_are_one_call(desk: Desk) -> None:
    desk.ask("a")
    assert desk.granted() == ["a"]
    assert desk.timer("brief:a") == durations.GRANT_MS
    assert desk.steps() == ["submit_brief brief:a"]
    assert desk.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == ["brief:a"]


def test_a_grant_whose_step_began_and_died_is_sent_again(desk: Desk) -> None:
    desk.ask("a")
    desk.steps()
    desk.claim_step("brief:a")
    desk.pass_time(durations.GRANT_MS - 1)
    assert desk.steps() == []
    desk.pass_time(1)
    assert desk.steps() == ["submit_brief brief:a"]


def test_a_grant_whose_message_was_lost_is_sent_again_unless_queued(desk: Desk) -> None:
    desk.ask("a")
    desk.steps()
    for _ in range(durations.MESSAGE_LOST_MS // durations.STEP_AGAIN_MS):
        desk.pass_time(durations.STEP_AGAIN_MS)
        assert desk.steps() == []
    desk.pass_time(durations.STEP_AGAIN_MS)
    assert desk.steps() == ["submit_brief brief:a"]


def test_the_sixth_job_gets_the_permit_in_the_call_freeing_it(desk: Desk) -> None:
    desk.limit(jobs=5)
    desk.ask("a", "b", "c", "d", "e", "f", "g")
    assert (desk.granted(), desk.waiting()) == (["a", "b", "c", "d", "e"], ["f", "g"])
    desk.submit("a", "b", "c", "d", "e")
    assert desk.granted() == []
    desk.steps()
    desk.draft("c")
    assert (desk.granted(), desk.waiting()) == (["f"], ["g"])
    assert desk.steps() == ["submit_brief brief:f"]


def test_a_permit_never_frees_itself_by_time(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a", "b")
    desk.submit("a")
    desk.pass_time(24 * 3_600_000)
    assert desk.waiting() == ["b"]


def test_preprocessing_holds_a_job_permit(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a", "b")
    desk.submit("a")
    desk.run(commands.advance("brief:b", Transition("cancelled")))
    desk.draft("a")
    desk.plan("a")
    desk.promote("a")
    desk.ask("c")
    assert desk.waiting() == ["c"]
    desk.move("promotion:a#0", "ready")
    assert desk.granted() == ["c"]


@pytest.mark.parametrize("endpoint", ["create", "promote"])
def test_a_request_counts_until_a_whole_window_after_its_answer(desk: Desk, endpoint: str) -> None:
    def begin(number: int) -> None:
        if endpoint == "promote":
            desk.promote("z", number)
        else:
            desk.submit("abcdefg"[number])

    desk.ask("z")
    desk.submit("z")
    desk.draft("z")
    desk.limit(**{f"{endpoint}_per_minute": 5})
    desk.pass_time(WINDOW)
    if endpoint == "promote":
        desk.plan("z", 7)
    else:
        desk.ask(*"abcdefg")
    assert len(desk.granted(endpoint)) == 5
    desk.now += 2_000  # the answers take so long
    for number in range(5):
        begin(number)
    assert desk.granted(endpoint) == []
    assert desk.timer(f"account:{ACCOUNT}") == WINDOW
    desk.pass_time(WINDOW - 1)
    assert desk.granted(endpoint) == []
    desk.pass_time(1)
    assert len(desk.granted(endpoint)) == 2


def test_a_request_under_way_counts_however_long_it_takes(desk: Desk) -> None:
    desk.limit(create_per_minute=1)
    desk.ask("a", "b")
    desk.move("a", "submitting")
    desk.pass_time(10 * WINDOW)
    assert desk.waiting() == ["b"]


def test_a_request_that_never_left_does_not_count(desk: Desk) -> None:
    desk.limit(create_per_minute=1)
    desk.ask("a", "b")
    desk.move("a", "submitting")
    desk.move("a", "failed", completion=Completion.NEVER_LEFT)
    assert desk.granted() == ["b"]


def test_a_window_does_not_vanish_under_a_request(desk: Desk) -> None:
    desk.ask("a", "b")
    desk.submit("a")
    window = keys.WINDOW(ACCOUNT, "create")
    assert desk.client.ttl(window) == -1
    desk.submit("b")
    assert WINDOW < desk.client.pttl(window) <= WINDOW + KEPT
    desk.ask("c")
    assert desk.client.ttl(window) == -1


def test_the_two_endpoints_have_windows_of_their_own(desk: Desk) -> None:
    desk.limit(create_per_minute=1, promote_per_minute=1)
    desk.ask("a", "b")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a")
    assert desk.granted("promote") == ["promotion:a#0"]
    assert desk.waiting() == ["b"]


DAY = 86_400


@pytest.fixture
def desk_with_a_day(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk where creates have a second window: three a day."""
    day = limits.Window("create_per_day", "create_per_day", "create", DAY)
    monkeypatch.setattr(limits, "WINDOWS", (*limits.WINDOWS, day))
    monkeypatch.setitem(limits.DEFAULTS, "create_per_day", 3)
    yield Desk(desk.client, Functions(desk.client, ledger_library(Settings(speed=1))))
    desk.client.hdel(keys.RECORD(account_subject(ACCOUNT)), "create_per_day")  # a field of no row


def test_each_window_of_an_endpoint_must_have_room(desk_with_a_day: Desk) -> None:
    desk = desk_with_a_day
    desk.limit(create_per_minute=2)
    desk.ask("a", "b", "c", "d")
    desk.submit("a", "b")
    assert desk.waiting() == ["c", "d"]
    desk.pass_time(WINDOW)
    assert (desk.granted(), desk.waiting()) == (["c"], ["d"]), "one under way counts in the day as well"
    desk.submit("c")
    assert desk.timer(f"account:{ACCOUNT}") == DAY * 1000 - WINDOW, "when the first of the three is a day old"
    desk.pass_time(DAY * 1000 - WINDOW)
    assert desk.granted() == ["d"]


def test_a_long_window_counts_while_it_has_a_limit(desk_with_a_day: Desk) -> None:
    desk, requests = desk_with_a_day, keys.WINDOW(ACCOUNT, "create_per_day")
    desk.limit(create_per_day=0)
    desk.ask("a", "b", "c", "d")
    desk.submit("a", "b", "c", "d")
    assert not desk.client.exists(requests), "it would grow without bound"
    desk.limit(create_per_day=1)
    desk.ask("e", "f")
    desk.submit("e")
    assert desk.waiting() == ["f"]
    assert desk.client.pttl(requests) <= DAY * 1000 + KEPT
    why = desk.run(commands.why(subject="brief:f"))
    assert why is not None
    (missing,) = why["missing"]
    assert (missing["what"], missing["used"], missing["limit"], missing["seconds"]) == ("request", 1, 1, DAY)


def test_slots_are_reserved_before_the_drafts_are_bought(desk: Desk) -> None:
    desk.limit(slots=5)
    desk.ask("a", need=3)
    desk.ask("b", need=3)
    assert (desk.granted(), desk.waiting()) == (["a"], ["b"])
    assert desk.client.hgetall(keys.SLOTS(ACCOUNT)) == {"brief:a": "3"}


def test_slots_are_given_back_when_a_brief_fails(desk: Desk) -> None:
    desk.limit(slots=1)
    desk.ask("a", "b")
    desk.submit("a")
    assert desk.waiting() == ["b"]
    desk.move("a", "failed")
    assert desk.granted() == ["b"]


def test_slots_pass_to_the_promotions_without_being_free_in_between(desk: Desk) -> None:
    desk.limit(slots=2)
    desk.ask("a", need=2)
    desk.ask("b")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a", 2)
    assert desk.waiting() == ["b"]
    desk.promote("a", 0)
    desk.promote("a", 1)
    assert desk.client.zcard(keys.IDENTITIES(ACCOUNT)) == 2
    assert desk.waiting() == ["b"]


def test_slots_a_brief_does_not_use_are_free_after_the_choice(desk: Desk) -> None:
    desk.limit(slots=3)
    desk.ask("a", need=3)
    desk.ask("b")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a", 2)
    assert desk.granted() == ["b"]


def test_an_identity_keeps_its_slot_and_one_that_failed_gives_it_back(desk: Desk) -> None:
    desk.limit(slots=2)
    desk.ask("a", "b", "c")
    desk.submit("a", "b")
    for brief in ("a", "b"):
        desk.draft(brief)
        desk.plan(brief)
        desk.promote(brief)
    desk.move("promotion:a#0", "ready")
    assert desk.waiting() == ["c"]
    desk.move("promotion:b#0", "failed")
    assert desk.granted() == ["c"]


def test_a_promotion_sent_back_reserves_its_slot_again(desk: Desk) -> None:
    desk.limit(slots=1)
    desk.ask("a", "b")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a")
    desk.promote("a")
    desk.move("promotion:a#0", "planned")
    assert desk.granted("promote") == ["promotion:a#0"]
    assert desk.waiting() == ["b"]


def test_promotions_go_before_creations(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a", 2)
    desk.ask("b", priority=100)
    desk.promote("a", 0)
    desk.move("promotion:a#0", "ready")
    assert desk.granted("promote") == ["promotion:a#1"]
    assert desk.waiting() == ["b"]


def test_higher_priority_goes_first_then_whoever_came_first(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("first")
    desk.ask("low", priority=-1)
    desk.ask("b", "a")
    desk.ask("high", priority=1)
    assert desk.waiting() == ["high", "b", "a", "low"]
    desk.submit("first")
    desk.draft("first")
    assert desk.granted() == ["high"]


def test_of_batches_of_one_brief_the_first_come_goes_first(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("first", batch="first")
    for name in ("z", "m", "a"):
        desk.ask(name, batch=name)
    assert desk.waiting() == ["z", "m", "a"]
    desk.submit("first")
    desk.draft("first")
    assert desk.granted() == ["z"]
    desk.ask("0", batch="0")
    assert desk.waiting() == ["m", "a", "0"]


def test_however_often_sent_back_a_brief_keeps_its_place(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a", "b")
    for _ in range(50):
        desk.move("a", "submitting")
        desk.move("a", "waiting", completion=Completion.COUNTED, pause=stop("create", 1_000, "busy"))
        assert desk.waiting() == ["a", "b"]
        desk.pass_time(15 * WINDOW)
        assert desk.granted() == ["a"]


def test_a_brief_sent_back_keeps_its_place(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a", "b")
    desk.move("a", "submitting")
    desk.move("a", "waiting", completion=Completion.COUNTED, pause=stop("create", 5_000, "busy"))
    assert (desk.granted(), desk.waiting()) == ([], ["a", "b"])
    desk.pass_time(5_000)
    assert desk.granted() == ["a"]


@pytest.mark.parametrize("what", ["pause", "create"])
def test_a_pause_stops_everybody_until_its_end_and_says_why(desk: Desk, what: str) -> None:
    desk.ask("a")
    desk.move("a", "submitting")
    desk.move(
        "a", "failed", completion=Completion.COUNTED, pause=stop(what, 30_000, "402: Insufficient credits")
    )
    desk.ask("b", "c")
    record = desk.client.hgetall(keys.RECORD(f"account:{ACCOUNT}"))
    assert (record[f"{what}_reason"], record[f"{what}_status"]) == ("402: Insufficient credits", "402")
    assert desk.timer(f"account:{ACCOUNT}") == 30_000
    desk.pass_time(29_999)
    assert desk.granted() == []
    desk.pass_time(1)
    # One request goes first; the others follow when it came through.
    assert (desk.granted(), desk.waiting()) == (["b"], ["c"])
    desk.submit("b")
    assert desk.granted() == ["c"]
    assert f"{what}_reason" not in desk.client.hgetall(keys.RECORD(f"account:{ACCOUNT}"))


def test_a_pause_of_creation_does_not_hold_promotions_up(desk: Desk) -> None:
    desk.ask("a", "b")
    desk.submit("a")
    desk.draft("a")
    desk.move("b", "submitting")
    desk.move("b", "waiting", completion=Completion.COUNTED, pause=stop("create", 30_000, "off"))
    desk.plan("a")
    assert desk.granted("promote") == ["promotion:a#0"]
    assert desk.waiting() == ["b"]


def test_a_pause_of_promotions_does_not_hold_creation_up(desk: Desk) -> None:
    desk.ask("a")
    desk.submit("a")
    desk.draft("a")
    desk.plan("a")
    desk.move("promotion:a#0", "promoting")
    desk.move("promotion:a#0", "planned", completion=Completion.COUNTED, pause=stop("promote", 30_000, "402"))
    desk.ask("b")
    assert (desk.granted(), desk.granted("promote")) == (["b"], [])
    desk.pass_time(30_000)
    assert desk.granted("promote") == ["promotion:a#0"]


def test_a_pause_of_the_account_holds_promotions_up(desk: Desk) -> None:
    desk.ask("a", "b")
    desk.submit("a")
    desk.draft("a")
    desk.move("b", "submitting")
    desk.move("b", "waiting", completion=Completion.COUNTED, pause=stop("pause", 30_000, "401"))
    desk.plan("a")
    assert (desk.granted("promote"), desk.waiting("promote")) == ([], ["promotion:a#0"])


def test_higher_limits_start_whoever_waited_for_them(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a", "b", "c")
    desk.limit(jobs=2)
    assert (desk.granted(), desk.waiting()) == (["a", "b"], ["c"])


def test_lower_limits_take_nothing_away_and_grant_nothing_until_there_is_room(desk: Desk) -> None:
    desk.ask("a", "b", "c")
    desk.submit("a", "b", "c")
    desk.limit(jobs=2)
    desk.ask("d")
    desk.draft("a")
    assert desk.waiting() == ["d"]
    desk.draft("b")
    assert desk.granted() == ["d"]


def test_one_account_does_not_wait_for_another(desk: Desk) -> None:
    desk.limit(jobs=1)
    desk.ask("a", "b")
    desk.ask("c", account="other")
    assert desk.waiting() == ["b"]
    assert desk.client.zrange(keys.PERMITS("other"), 0, -1) == ["brief:c"]


def test_without_limits_on_record_the_guides_hold(client: "redis.Redis") -> None:
    desk = Desk(client, Functions(client, ledger_library(Settings(speed=1))))
    desk.ask(*"abcdefg")
    assert len(desk.granted()) == 5


def test_concurrent_callers_never_exceed_the_cap(desk: Desk, redis_url: str) -> None:
    callers, each = 6, 15
    desk.limit(jobs=5)
    most, finished = [0] * callers, threading.Semaphore(0)

    def call(number: int) -> None:
        with connect(redis_url) as client:
            mine = Desk(client, Functions(client, ledger_library(Settings(speed=1))))
            mine.ask(*(f"{number}-{count}" for count in range(each)))
            while client.zcard(keys.UNFINISHED()):
                most[number] = max(most[number], client.zcard(keys.PERMITS(ACCOUNT)))
                if (step := client.lpop(keys.QUEUE(keys.STEPS))) is None:
                    continue
                brief = json.loads(str(client.hget(keys.MESSAGES(keys.STEPS), str(step))))["args"][0]
                mine.submit(brief)
                most[number] = max(most[number], client.zcard(keys.PERMITS(ACCOUNT)))
                mine.move(brief, "failed")
                finished.release()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 5
    assert desk.client.zcard(keys.FINISHED()) == callers * each
    assert desk.client.zcard(keys.PERMITS(ACCOUNT)) == 0
    # Whoever was granted was told exactly once.
    assert all(finished.acquire(blocking=False) for _ in range(callers * each))
    assert not finished.acquire(blocking=False)
