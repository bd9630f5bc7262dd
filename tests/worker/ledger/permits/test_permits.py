"""The permits of an account: who may start is decided in one call, and each grant is begun."""

import json
import threading

import redis
from desk import Desk

from config import durations, keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.ledger.transition import Transition
from worker.store.connection import connect
from worker.store.functions import Functions

ACCOUNT = "default"


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
