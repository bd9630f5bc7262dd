"""What no worker could run: held with its error, listed with the command that answers, brought back by it."""

import json
import re
import shlex
from typing import Any

import pytest
import redis
from commandline import Command
from own_account import CREATE
from processes import ProcessFactory, RunningProcess, dramatiq_command, worker_command
from stepping import Flow, enqueue, listening
from stepping import step as step_message
from support import DEADLINE, event_types, eventually

from actors.broker.broker import Broker
from actors.broker.library import MOST_DEATHS
from config import durations, keys
from config.times import format_time
from worker.ledger.ledger import Ledger
from worker.ledger.records import promotion_subject
from worker.ledger.transition import Answer, Note, Transition
from worker.lifecycle import journal_entries

ACCOUNT = "default"
SUBJECT = "brief:b"


@pytest.fixture
def broken_worker(start: ProcessFactory) -> ProcessFactory:
    """What starts a worker that some steps break; POISON and BROKEN say which."""
    return lambda **more: start("worker", dramatiq_command("poisoned_worker"), **more)


def state(ledger: Ledger, subject: str = SUBJECT) -> str | None:
    found = ledger.read(subject)
    return found.state if found else None


def listed(command: Command) -> dict[str, Any]:
    answer = command("status", "--held", "--json")
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def at(flow: Flow, subject: str) -> None:
    """Take the brief b to where the step of a subject is queued: its create, its drafts or its promotion."""
    flow.accept(brief_id="b")
    if subject == "create":
        return
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    if subject == "drafts":
        return
    flow.steps.run()


def dead_step(flow: Flow) -> str:
    """Let the next step be one that broke; return the id of its dead letter."""
    ((redis_id, _),) = flow.broker.fetch(keys.STEPS, 1)
    flow.broker.dead_letter(keys.STEPS, redis_id, "a bug of ours")
    return redis_id


def break_step(flow: Flow) -> None:
    """Let the next step be one that broke, and what takes such a step up run."""
    redis_id = dead_step(flow)
    assert flow.steps.run() == ("hold_step", redis_id)


@pytest.mark.parametrize(
    ("where", "subject", "was", "back"),
    [
        ("create", SUBJECT, "waiting", "waiting"),
        ("drafts", SUBJECT, "generating", "generating"),
        ("promotion", promotion_subject("b", 0), "planned", "planned"),
    ],
)
def test_a_step_that_raises_holds_its_brief_and_retry_brings_it_back(
    command: Command, flow: Flow, broken_worker: ProcessFactory, where: str, subject: str, was: str, back: str
) -> None:
    at(flow, where)
    worker = broken_worker(BROKEN=subject)
    assert eventually(flow.client, lambda: state(flow.ledger) == "held")
    assert eventually(flow.client, lambda: not flow.client.hlen(keys.MESSAGES(keys.STEPS)))
    worker.kill()
    (held,) = listed(command)["held"]
    assert held["question"].endswith("it raised ValueError: a bug of ours; retry it once the cause is mended")
    was_brief = was if subject == SUBJECT else "promoting"
    assert (held["was"], held["answer"]) == (was_brief, "identity-worker retry b")
    assert flow.record(subject).fields["left"] == was
    assert "identity.brief.held" in event_types(flow.client, "b")
    shown = command("status", "--held").stdout
    assert "`identity-worker retry b`" in shown
    assert "`identity-worker retry b`" in command("why", "b").stdout
    assert max(map(len, shown.splitlines())) < 200
    assert command("retry", "b").returncode == 0
    assert state(flow.ledger, subject) == back
    assert not flow.client.exists(
        keys.HELD_BRIEFS(), keys.DEATHS(), keys.DEAD_LETTERS(keys.STEPS), keys.DEAD_LETTER_REASONS()
    )
    assert flow.client.zcard(keys.PERMITS(ACCOUNT)) <= 1
    if where == "drafts":
        flow.wake_timer(SUBJECT)
    flow.steps.run()
    assert state(flow.ledger, subject) in ("generating", "promoting", "preprocessing")
    assert len([job for job in flow.api.ledger()["jobs"] if job["job_type"] == "identity_creation"]) == 1


def test_a_job_of_a_held_brief_keeps_its_permit_until_done(flow: Flow, broken_worker: ProcessFactory) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    worker = broken_worker(BROKEN=SUBJECT)
    flow.wake_timer(SUBJECT)
    assert eventually(flow.client, lambda: state(flow.ledger) == "held")
    assert eventually(flow.client, lambda: not flow.client.hlen(keys.MESSAGES(keys.STEPS)))
    worker.kill()
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    flow.steps.until(lambda: not flow.client.exists(keys.PERMITS(ACCOUNT)))
    assert flow.brief("b").state == "held"
    assert flow.client.zscore(keys.TIMERS(), SUBJECT) is None


def test_a_watch_that_no_worker_can_run_is_not_repeated_early(
    flow: Flow, broken_worker: ProcessFactory
) -> None:
    from actors.runtime import runtime

    flow.accept(brief_id="b")
    flow.steps.run()
    worker = broken_worker(BROKEN=SUBJECT)
    flow.wake_timer(SUBJECT)
    assert eventually(flow.client, lambda: state(flow.ledger) == "held")
    watched = flow.brief("b")
    over_at = int(watched.fields["moved_at"]) + runtime().unresolved_ms

    def raised(times: int) -> bool:
        dead = [
            line for line in worker.written().splitlines() if "step.dead" in line and "watch_held" in line
        ]
        return len(dead) == times and not flow.client.hlen(keys.MESSAGES(keys.STEPS))

    flow.wake_timer(SUBJECT)
    assert eventually(flow.client, lambda: raised(1))
    assert float(str(flow.client.zscore(keys.TIMERS(), SUBJECT))) > over_at - 500
    flow.client.hdel(keys.RECORD(SUBJECT), "hinted")  # which a broken step leaves
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
    flow.grow_older(SUBJECT, runtime().unresolved_ms / 1000)
    assert eventually(flow.client, lambda: raised(2))
    assert not flow.client.exists(
        keys.PERMITS(ACCOUNT), keys.DEAD_LETTERS(keys.STEPS), keys.DEAD_LETTER_REASONS()
    )
    assert flow.client.zscore(keys.TIMERS(), SUBJECT) is None
    assert flow.brief("b").fields["question"] == watched.fields["question"]


def test_a_held_job_of_no_account_keeps_its_permit_until_over(flow: Flow) -> None:
    from actors.runtime import runtime

    flow.accept(brief_id="b")
    held = flow.until("b", "generating")
    assert flow.ledger.apply(held, Transition("held", keep_permit=True, timer_ms=60_000)) is Answer.APPLIED
    api = runtime().apis.pop(ACCOUNT)
    try:
        flow.wake_timer(SUBJECT)
        assert flow.steps.run() == ("watch_held", SUBJECT)
        assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
        flow.grow_older(SUBJECT, runtime().unresolved_ms / 1000)
        assert flow.steps.run() == ("watch_held", SUBJECT)
    finally:
        runtime().apis[ACCOUNT] = api
    assert not flow.client.exists(keys.PERMITS(ACCOUNT))


def test_the_identity_of_an_earlier_promote_says_nothing_of_a_held_one(flow: Flow) -> None:
    flow.api.lose_events()
    subject = promotion_subject("b", 0)
    at(flow, "promotion")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    flow.api.rest()
    for to in ("planned", "promoting"):
        assert flow.ledger.apply(flow.promotion("b"), Transition(to)) is Answer.APPLIED
    assert (
        flow.ledger.apply(flow.promotion("b"), Transition("held", keep_permit=True, timer_ms=60_000))
        is Answer.APPLIED
    )
    flow.wake_timer(subject)
    assert [flow.steps.run() for _ in range(2)] == [("promote_draft", subject), ("watch_held", subject)]
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [subject]


def test_a_create_whose_step_broke_is_looked_for_like_any_unresolved_one(flow: Flow) -> None:
    from actors.held import hold_step
    from actors.runtime import runtime

    flow.accept(brief_id="b")
    claimed = flow.brief("b")
    intent = journal_entries.intended("create", claimed, {})
    assert flow.ledger.apply(claimed, Transition("submitting", journal=intent)) is Answer.APPLIED
    past = -runtime().paid_call_ms
    flow.client.hincrby(keys.RECORD(SUBJECT), "moved_at", past)
    hold_step(dead_step(flow))
    assert flow.brief("b").state == "uncertain"
    due = float(str(flow.client.zscore(keys.TIMERS(), SUBJECT)))
    assert due - flow.brief("b").read_at <= flow.settings.api_ms(durations.LOOK_AGAIN_SECONDS)
    assert flow.steps.run()[0] == "hold_step"


def test_a_step_that_broke_when_its_record_had_moved_on_holds_nothing(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.until("b", "generating")
    flow.broker.enqueue(step_message("submit_brief", SUBJECT))  # once more, and late
    break_step(flow)
    assert flow.brief("b").state == "generating"
    assert not flow.client.exists(keys.DEAD_LETTERS(keys.STEPS), keys.DEAD_LETTER_REASONS())


def test_a_step_that_broke_holds_its_record_once_even_when_back(flow: Flow) -> None:
    from actors.held import hold_step

    flow.accept(brief_id="b")
    redis_id = dead_step(flow)
    # As by a worker that was killed right before it dropped the dead letter.
    assert flow.ledger.apply(flow.brief("b"), Transition("held")) is Answer.APPLIED
    assert flow.ledger.apply(flow.brief("b"), Transition("waiting")) is Answer.APPLIED
    flow.client.hincrby(keys.RECORD(SUBJECT), "moved_at", 1)
    hold_step(redis_id)
    assert flow.brief("b").state == "waiting"
    assert not flow.client.exists(keys.DEAD_LETTERS(keys.STEPS), keys.DEAD_LETTER_REASONS())


def test_a_step_of_no_record_stays_dead_whatever_its_subject(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.client.delete(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))
    assert flow.client.type(keys.EVENTS()) == "stream"
    flow.broker.enqueue(step_message("submit_brief", keys.EVENTS().partition(":")[2]))
    break_step(flow)
    assert flow.client.zcard(keys.DEAD_LETTERS(keys.STEPS)) == 1


def test_a_description_under_way_is_left_to_its_timer_when_step_broke(flow: Flow) -> None:
    asset = {"prompt": "A face.", "input_assets": [{"file": "mood.png"}]}
    flow.accept(brief_id="b", instructions=[asset])
    begun = {"doing": "extract", "turn": "1"}
    assert flow.ledger.note(flow.brief("b"), Note(when={}, fields=begun, timer_ms=60_000)) is Answer.APPLIED
    break_step(flow)
    assert flow.brief("b").state == "preparing"
    assert flow.client.zscore(keys.TIMERS(), SUBJECT)


def test_a_promote_whose_step_broke_may_have_arrived_and_counts(flow: Flow) -> None:
    subject = promotion_subject("b", 0)
    at(flow, "promotion")
    claimed = flow.promotion("b")
    intent = journal_entries.intended("promote", claimed, {})
    assert flow.ledger.apply(claimed, Transition("promoting", journal=intent)) is Answer.APPLIED
    break_step(flow)
    broke = flow.promotion("b")
    assert broke.state == "held"
    assert flow.calls("b")[-1] == "promote unknown"
    assert flow.client.zcard(keys.WINDOW(ACCOUNT, "promote")) == 1
    assert flow.client.zcount(keys.WINDOW(ACCOUNT, "promote"), "+inf", "+inf") == 0
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [subject]
    due = float(str(flow.client.zscore(keys.TIMERS(), subject)))
    assert due == int(broke.fields["moved_at"]) + flow.settings.api_ms(durations.LOOK_AGAIN_SECONDS)


def test_only_the_permit_of_a_held_job_that_is_over_goes_on(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.until("b", "generating")
    flow.ledger.set_limits(ACCOUNT, {"jobs": "1"}, by="test")
    flow.accept(brief_id="c")
    assert flow.ledger.job_over(flow.brief("b")) is Answer.CONFLICT
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [SUBJECT]
    assert flow.ledger.apply(flow.brief("b"), Transition("held", keep_permit=True)) is Answer.APPLIED
    assert flow.ledger.job_over(flow.brief("b")) is Answer.APPLIED
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == ["brief:c"]


def test_the_end_of_a_held_job_is_not_the_next_ones(flow: Flow) -> None:
    subject = promotion_subject("b", 0)
    at(flow, "promotion")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    assert flow.ledger.apply(flow.promotion("b"), Transition("held", keep_permit=True)) is Answer.APPLIED
    as_read = flow.promotion("b")
    # While the API was asked about its identity, it was promoted anew, and that step broke.
    for to in ("planned", "promoting"):
        assert flow.ledger.apply(flow.promotion("b"), Transition(to)) is Answer.APPLIED
    assert flow.ledger.apply(flow.promotion("b"), Transition("held", keep_permit=True)) is Answer.APPLIED
    flow.client.hincrby(keys.RECORD(subject), "moved_at", 1)  # a millisecond is all that may tell the two
    assert flow.ledger.job_over(as_read) is Answer.CONFLICT
    assert flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1) == [subject]


def watched(flow: Flow) -> Any:
    """Let the watch over the held brief b look; return who holds permits then."""
    flow.wake_timer(SUBJECT)
    assert flow.steps.run() == ("watch_held", SUBJECT)
    return flow.client.zrange(keys.PERMITS(ACCOUNT), 0, -1)


def test_a_held_job_unknown_to_the_api_is_over_in_the_end(flow: Flow) -> None:
    flow.accept(brief_id="b")
    generating = flow.until("b", "generating")
    unknown = {"job_id": "job_of_nobody"}
    assert (
        flow.ledger.apply(generating, Transition("held", fields=unknown, keep_permit=True, timer_ms=60_000))
        is Answer.APPLIED
    )
    assert watched(flow) == [SUBJECT]
    flow.grow_older(SUBJECT, flow.settings.api_ms(durations.EARLY_404_SECONDS) / 1000)
    assert watched(flow) == []


def test_a_held_job_that_runs_keeps_its_permit(flow: Flow) -> None:
    flow.api.set(drafts_median_seconds=100_000)
    flow.accept(brief_id="b")
    generating = flow.until("b", "generating")
    assert (
        flow.ledger.apply(generating, Transition("held", keep_permit=True, timer_ms=60_000)) is Answer.APPLIED
    )
    assert watched(flow) == [SUBJECT]


def test_a_held_job_known_in_between_keeps_its_permit_despite_two_misses(
    flow: Flow,
) -> None:
    flow.api.set(drafts_median_seconds=100_000)
    flow.accept(brief_id="b")
    generating = flow.until("b", "generating")
    assert (
        flow.ledger.apply(generating, Transition("held", keep_permit=True, timer_ms=60_000)) is Answer.APPLIED
    )
    for _ in range(2):
        flow.api.refuse("/jobs/*", 404)
        assert watched(flow) == [SUBJECT]
        assert watched(flow) == [SUBJECT], "it runs"
        flow.grow_older(SUBJECT, flow.settings.api_ms(durations.EARLY_404_SECONDS) / 1000)


def test_a_held_job_that_cannot_be_read_keeps_its_permit(flow: Flow) -> None:
    flow.accept(brief_id="b")
    generating = flow.until("b", "generating")
    flow.api.rest()
    assert (
        flow.ledger.apply(generating, Transition("held", keep_permit=True, timer_ms=60_000)) is Answer.APPLIED
    )
    flow.api.refuse("/jobs/*", 503)
    assert watched(flow) == [SUBJECT]
    assert watched(flow) == []


def test_the_identity_of_a_held_promotion_tells_when_its_job_is_over(flow: Flow) -> None:
    flow.api.lose_events()
    subject = promotion_subject("b", 0)
    at(flow, "promotion")
    flow.steps.until(lambda: flow.promotion("b").state == "preprocessing")
    assert (
        flow.ledger.apply(flow.promotion("b"), Transition("held", keep_permit=True, timer_ms=60_000))
        is Answer.APPLIED
    )
    flow.api.rest()
    flow.wake_timer(subject)
    flow.steps.until(lambda: not flow.client.exists(keys.PERMITS(ACCOUNT)))
    assert flow.promotion("b").state == "held"


def restarted(start: ProcessFactory, workers: list[RunningProcess], **more: str) -> None:
    """Start another worker when the last has died, as a supervisor would."""
    if not workers or workers[-1].process.poll() is not None:
        workers.append(start(**more))


@pytest.mark.long
def test_a_brief_that_kills_its_worker_is_started_three_times_and_held(
    command: Command, flow: Flow, redis_url: str, broken_worker: ProcessFactory
) -> None:
    neighbours = [f"n{number}" for number in range(3)]
    briefs = [*neighbours[:2], "b", neighbours[2]]
    for brief_id in briefs:
        flow.accept(brief_id=brief_id)
        flow.steps.run()
    flow.api.rest()
    for brief_id in briefs:
        flow.wake_timer(f"brief:{brief_id}")
    workers: list[RunningProcess] = []

    def over() -> bool:
        restarted(broken_worker, workers, POISON=SUBJECT)
        done = [state(flow.ledger, f"brief:{each}") for each in neighbours]
        return state(flow.ledger) == "held" and done == ["done"] * len(neighbours)

    with listening(flow.settings, flow.api, redis_url):
        assert eventually(flow.client, over, deadline=5 * DEADLINE)
    assert len(workers) == MOST_DEATHS + 1
    (held,) = listed(command)["held"]
    assert held["brief_id"] == "b"
    assert [set(death) for death in held["evidence"]["deaths"]] == [{"at", "worker"}] * MOST_DEATHS
    assert len({death["worker"] for death in held["evidence"]["deaths"]}) == MOST_DEATHS
    assert f"{MOST_DEATHS} workers died while it ran" in held["question"]
    assert flow.api.requests("POST /identity/create") == len(briefs)
    # What a worker died with and what has run by then is remembered until it is acknowledged.
    assert eventually(flow.client, lambda: not flow.client.exists(keys.DEATHS()))
    assert not flow.client.exists(keys.DEAD_LETTER_REASONS(), keys.DEAD_LETTERS(keys.STEPS))


def test_what_waits_for_a_thread_is_not_suspected_of_the_killing(
    flow: Flow, redis_url: str, start: ProcessFactory
) -> None:
    client = flow.client
    at(flow, "drafts")
    flow.api.fault("delay", path="/jobs/*/results", seconds=30)
    only = {"IDENTITY_WORKER_THREADS": "1", "IDENTITY_WORKER_REQUEST_TIMEOUT": "60"}
    worker = start("worker", worker_command(threads=1), **only)
    assert eventually(client, lambda: list(client.scan_iter(keys.IN_HAND("*", keys.STEPS))))
    enqueue(redis_url, brief_id="waits")
    seen = signs_of_life(client)
    # By two of them, its consumers have looked for what there is.
    for _ in range(2):
        assert eventually(client, lambda seen=seen: signs_of_life(client) != seen)
        seen = signs_of_life(client)
    worker.kill()
    client.zadd(keys.WORKERS(), dict.fromkeys(seen, 1))
    other = Broker(redis_url, prefetch=1)
    other.tend()
    assert client.hkeys(keys.DEATHS()) == [f"collect_drafts {SUBJECT}"]
    other.client.close()


def signs_of_life(client: "redis.Redis") -> dict[str, float]:
    found: Any = client.zrange(keys.WORKERS(), 0, -1, withscores=True)
    return dict(found)


def test_of_what_a_worker_died_with_each_gets_one_at_a_time(client: "redis.Redis", redis_url: str) -> None:
    dead, alive = Broker(redis_url, prefetch=8), Broker(redis_url, prefetch=8)
    for number in range(3):
        client.hset(keys.MESSAGES(keys.STEPS), f"m{number}", step(f"brief:{number}"))
        client.rpush(keys.QUEUE(keys.STEPS), f"m{number}")
    dead.tend()
    assert len(dead.fetch(keys.STEPS, 8)) == 3
    client.zadd(keys.WORKERS(), {dead.broker_id: 1})
    alive.tend()
    client.hset(keys.MESSAGES(keys.STEPS), "new", step("brief:new"))
    client.rpush(keys.QUEUE(keys.STEPS), "new")
    taken = [redis_id for redis_id, _ in alive.fetch(keys.STEPS, 8)]
    assert len(taken) == 2
    assert "new" in taken
    assert alive.fetch(keys.STEPS, 8) == []
    assert client.llen(keys.QUEUE(keys.STEPS)) == 2
    suspect = next(each for each in taken if each != "new")
    alive.clear(suspect)
    alive.do_ack(keys.STEPS, suspect)
    assert client.hlen(keys.DEATHS()) == 2
    assert len(alive.fetch(keys.STEPS, 8)) == 1
    for broker in (dead, alive):
        broker.client.close()


def step(subject: str) -> str:
    whole = {
        "queue_name": "steps", "actor_name": "submit_brief", "args": [subject], "kwargs": {}, "options": {},
        "message_id": subject, "message_timestamp": 0,
    }  # fmt: skip
    return json.dumps(whole)


def test_the_jobs_that_may_be_a_held_briefs_are_listed_to_adopt(
    command: Command, flow: Flow, environment: dict[str, str]
) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    (made,) = flow.api.ledger()["jobs"]
    job = {"job_id": made["job_id"], "job_type": "identity_creation", "drafts": [2, 1]}
    unread = {"job_id": "job_unread", "job_type": None, "drafts": [], "created_at": None}
    candidates = [job | {"created_at": 1_000, "seen_at": 2_000}, unread | {"seen_at": 3_000}]
    fields = {"question": "did it arrive?", "candidate_jobs": json.dumps(candidates)}
    assert flow.ledger.apply(flow.brief("b"), Transition("held", fields=fields)) is Answer.APPLIED
    (held,) = listed(command)["held"]
    assert held["candidate_jobs"] == candidates
    adopt = "identity-worker resolve b --adopt JOB|--resend|--give-up"
    for shown in (command("status", "--held"), command("status", "b"), command("why", "b")):
        assert f"job {made['job_id']}: made {format_time(1_000)}, 2 + 1 drafts\n" in shown.stdout
        assert f"job job_unread: seen {format_time(3_000)}, drafts not known\n" in shown.stdout
        assert f"`{adopt}`" in shown.stdout
    first = held["candidate_jobs"][0]["job_id"]
    assert command("resolve", "b", "--adopt", first, **environment).returncode == 0
    assert flow.brief("b").state == "generating"
    assert "may be its own" not in command("status", "b").stdout


def test_a_dead_letter_of_the_inlet_is_thrown_away_by_its_id(command: Command, client: "redis.Redis") -> None:
    client.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), "m1", "{\x1b")
    client.zadd(keys.DEAD_LETTERS(keys.INLET), {"m1": 1})
    shown = command("status", "--held").stdout
    assert "  it is: {\\x1b\n" in shown
    assert "`identity-worker retry m1`, or to throw it away `identity-worker cancel m1`" in shown
    answer = command("cancel", "m1")
    assert (answer.returncode, answer.stdout) == (0, "m1: is thrown away; paid so far: nothing\n")
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET), keys.DEAD_LETTER_TEXTS(keys.INLET))
    assert command("cancel", "m1").returncode == 1


def test_a_dead_letter_of_the_inlet_is_listed_and_brought_back(
    command: Command, client: "redis.Redis", worker_process: ProcessFactory
) -> None:
    client.hset(keys.MESSAGES(keys.INLET), "m1", "{")
    client.rpush(keys.QUEUE(keys.INLET), "m1")
    worker = worker_process()
    assert eventually(client, lambda: client.zcard(keys.DEAD_LETTERS(keys.INLET)))
    worker.kill()
    (dead_letter,) = listed(command)["dead_letters"]
    assert (dead_letter["id"], dead_letter["queue"], dead_letter["text"]) == ("m1", "briefs", "{")
    assert dead_letter["error"].startswith("must be JSON")
    assert dead_letter["answer"] == "identity-worker retry m1"
    assert "1 dead letter\n" in command("status", "--held").stdout
    assert command("retry", "m1").returncode == 0
    assert client.lrange(keys.QUEUE(keys.INLET), 0, -1) == ["m1"]
    assert not client.exists(
        keys.DEAD_LETTERS(keys.INLET), keys.DEAD_LETTER_TEXTS(keys.INLET), keys.DEAD_LETTER_REASONS()
    )
    again = command("retry", "m1")
    assert again.returncode == 1
    assert "no brief m1 is on record" in again.stderr
    client.delete(keys.QUEUE(keys.INLET), keys.MESSAGES(keys.INLET))


def test_all_held_brings_back_letters_of_any_bytes(command: Command, client: "redis.Redis") -> None:
    raw = b"id-\xff\xfe"
    client.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), raw, b"\xff{")  # type: ignore[arg-type]  # bytes are fine
    client.zadd(keys.DEAD_LETTERS(keys.INLET), {raw: 1})
    assert "1 dead letter\n" in command("status", "--held").stdout
    answer = command("retry", "--all-held", "--json")
    assert answer.returncode == 0, answer.stderr
    assert client.llen(keys.QUEUE(keys.INLET)) == 1
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET))


@pytest.mark.parametrize("name", ["retry", "cancel"])
@pytest.mark.parametrize("raw", [b"id-\xff\x1b[31m", b"-nal", b"a b; $(c)", b"it's"])
def test_the_command_shown_for_a_dead_letter_can_always_be_typed(
    command: Command, client: "redis.Redis", name: str, raw: bytes
) -> None:
    client.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), raw, "{")  # type: ignore[arg-type]  # bytes are fine
    client.zadd(keys.DEAD_LETTERS(keys.INLET), {raw: 1})
    shown = next(
        line for line in command("status", "--held").stdout.splitlines() if f"-worker {name} " in line
    )
    typed = shlex.split(re.findall(rf"`(identity-worker {name} .*?)`", shown)[0])
    answer = command(*typed[1:])
    assert answer.returncode == 0, answer.stderr
    assert not client.exists(keys.DEAD_LETTERS(keys.INLET))
    assert client.llen(keys.QUEUE(keys.INLET)) == (name == "retry")
    client.delete(keys.QUEUE(keys.INLET), keys.MESSAGES(keys.INLET))


def test_nothing_held_is_said_so(command: Command, client: "redis.Redis") -> None:
    answer = command("status", "--held")
    assert (answer.returncode, answer.stdout) == (0, "0 held, 0 dead letters\n")
    assert command("status", "b", "--held").returncode == 2
