"""`identity-worker why`: where a brief stands, what it waits for, and what would help."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import redis
from commandline import Command
from own_account import CREATE, PROMOTE
from stepping import Flow, inlet_message
from support import brief

from cli.commands.briefs.why import lines_of
from config import keys
from config.times import format_time
from worker.forecast.why import Standing, Waiting, why
from worker.ledger import commands
from worker.ledger.transition import Pause, Transition
from worker.views import account_reading

ACCOUNT = keys.RECORD("account:default")
LEASE = keys.LEASE("default")
#: A last sign of life that is never long ago.
LATE = 4_000_000_000_000
NO_CREDITS = {"error": "Insufficient credits", "required_credits": 10.0, "user_credits": 1.5}


@pytest.fixture(autouse=True)
def followed(request: pytest.FixtureRequest, client: "redis.Redis") -> None:
    """Let a worker live, and a listener follow the account where the test runs none."""
    client.zadd(keys.WORKERS(), {"a worker": LATE})
    if "heard" not in request.fixturenames:
        client.set(LEASE, "a listener", px=600_000)


def limit(flow: Flow, **limits: int) -> None:
    """Change limits, as a person would once the worker has put the configured ones on record."""
    from actors.runtime import runtime

    runtime()
    flow.ledger.set_limits("default", {name: str(number) for name, number in limits.items()}, by="test")


def fill(flow: Flow, jobs: int = 5) -> None:
    """Let briefs hold all jobs, `job-0` and so on, and no request count any more."""
    flow.api.lose_events()
    for number in range(jobs):
        flow.accept(brief_id=f"job-{number}")
        flow.until(f"job-{number}", "generating")
    flow.client.delete(keys.WINDOW("default", "create"))


def told(command: Command, brief_id: str) -> dict[str, Any]:
    """What the command says of a waiting brief, for programs."""
    (standing,) = json.loads(command("why", brief_id, "--json").stdout)["standing"]
    waiting: dict[str, Any] = standing["waiting"]
    return waiting


def test_an_unknown_brief_ends_with_1_and_a_hint(command: Command, client: "redis.Redis") -> None:
    answer = command("why", "nobody")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "no brief nobody is on record" in answer.stderr


def test_a_brief_without_a_job_learns_who_holds_them_until_when(command: Command, flow: Flow) -> None:
    fill(flow)
    flow.accept(brief_id="a")
    flow.accept(brief_id="b")
    flow.accept(brief_id="urgent", priority=1)
    waiting = told(command, "b")
    assert (waiting["position"], waiting["waiting"], waiting["endpoint"]) == (3, 3, "create")
    assert [(each["what"], each["used"], each["cap"]) for each in waiting["missing"]] == [("job", 5, 5)]
    assert waiting["starts_at"] > told(command, "urgent")["starts_at"]
    assert told(command, "urgent")["position"] == 1
    text = command("why", "b").stdout
    assert re.match(r"brief:b is waiting in account default, for \d+s\n", text)
    assert "  place:    3 of 3 briefs that wait\n  missing:  a job: 5 of 5 in use\n" in text
    job = flow.brief("job-0").fields["job_id"]
    assert re.search(rf"\n              brief:job-0  generating  \d+s  job {job}\n", text)
    assert re.search(
        r"\n  start:    about \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, in \d+[sm]\n            assumed: ", text
    )
    assert "(a guess: none has ended yet)" in text


def test_a_full_window_is_told_with_the_time_of_the_next_token(command: Command, flow: Flow) -> None:
    limit(flow, jobs=0)
    end = flow.ledger.now() + 40_000
    flow.client.zadd(keys.WINDOW("default", "create"), {f"x/{number}": end for number in range(5)})
    flow.client.expire(keys.WINDOW("default", "create"), 60)
    flow.accept(brief_id="a")
    waiting = told(command, "a")
    assert waiting["missing"] == [{"what": "request", "used": 5, "limit": 5, "seconds": 60, "next_at": end}]
    assert abs(waiting["starts_at"] - end) <= 1
    assert re.search(
        r"missing:  a request of the minute: 5 of 5 used, the next at .*, in \d\ds\n",
        command("why", "a").stdout,
    )


def test_a_refused_token_is_told_with_what_to_do_about_it(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.ledger.apply(
        flow.brief("first"), Transition("failed", pause=Pause("pause", 600_000, "401: bad token", 401))
    )
    flow.accept(brief_id="a")
    shown = command("why", "a").stdout
    assert "401: bad token" in shown
    assert "set the account's token" in shown
    assert "`identity-worker resume default`" in shown


def test_a_pause_is_told_with_its_reason_and_next_try(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.ledger.apply(
        flow.brief("first"), Transition("failed", pause=Pause("create", 600_000, "402: no credits"))
    )
    flow.accept(brief_id="a")
    waiting = told(command, "a")
    assert [(each["what"], each["of"], each["reason"]) for each in waiting["missing"]] == [
        ("pause", "create", "402: no credits")
    ]
    assert (waiting["starts_at"], waiting["not_before"]) == (None, waiting["missing"][0]["till"])
    assert "creating is paused, tried again at " in command("why", "a").stdout
    assert command("resume", "default").returncode == 0
    assert told(command, "a")["granted"]
    assert "  granted:  it has its permits" in command("why", "a").stdout


def test_without_slots_no_time_is_told(command: Command, flow: Flow) -> None:
    limit(flow, slots=1)
    flow.accept(brief_id="first")
    flow.accept(brief_id="a")
    waiting = told(command, "a")
    (missing,) = waiting["missing"]
    assert [missing[field] for field in ("what", "need", "free", "cap", "identities")] == [
        "slots",
        1,
        0,
        1,
        0,
    ]
    assert waiting["starts_at"] is None
    text = command("why", "a").stdout
    assert "  missing:  slots: it needs 1, 0 of 1 are free; delete identities, or raise the limit\n" in text
    assert "  start:    not known: nobody knows when an identity will be deleted" in text


def test_who_holds_the_missing_slots_is_told_since_when(command: Command, heard: Flow) -> None:
    limit(heard, slots=9, jobs=0, create_per_minute=0)
    heard.accept(brief_id="picked", choose="manual")
    brief = heard.until("picked", "choosing")
    granted_at, draft = int(brief.fields["granted_at"]), brief.json("drafts")[0]["image_result_id"]
    heard.client.hset(ACCOUNT, mapping={"promote_until": "9" * 13, "promote_reason": "why not"})
    assert command("pick", "picked", str(draft)).returncode == 0
    for number in range(6):
        heard.accept(brief_id=f"later-{number}")
    heard.ledger.count_identities("default", ["own-1", "own-2"], heard.ledger.now())
    heard.accept(brief_id="a")
    (missing,) = told(command, "a")["missing"]
    assert (missing["what"], missing["identities"], missing["held"]["amount"]) == ("slots", 2, 7)
    first, *others = missing["held"]["named"]
    assert first == {"subject": "promotion:picked#0", "state": "planned", "since": granted_at, "amount": 1}
    assert [each["subject"] for each in others] == [f"brief:later-{number}" for number in range(4)]
    assert missing["held"]["more"] == 2
    text = command("why", "a").stdout
    assert "\n              2 are identities, 7 reserved, the oldest first\n" in text
    assert re.search(r"\n              promotion:picked#0  planned  \d+s  1 slot\n", text)
    assert "\n              and 2 more\n" in text


def test_slots_that_those_before_it_will_take_are_not_counted_on(command: Command, flow: Flow) -> None:
    limit(flow, jobs=1, slots=2)
    flow.accept(brief_id="first")
    flow.accept(brief_id="a")
    flow.accept(brief_id="b")
    assert told(command, "a")["starts_at"] is not None
    assert told(command, "b")["not_known"] == "those before it take the free slots"


def test_a_parked_brief_learns_its_cost_and_what_raises_the_budget(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.ledger.set_budget("spring", "default", 10, by="test")
    flow.accept(brief_id="a", batch="spring")
    waiting = told(command, "a")
    assert (waiting["parked"], waiting["position"]) == (True, None)
    assert [(each["what"], each["cost"], each["left"], each["allowed"]) for each in waiting["missing"]] == [
        ("budget", 50, 10, 10)
    ]
    text = command("why", "a").stdout
    assert "it may cost 50 credits, 10 of 10 are left for batch spring; to raise it: " in text
    assert "`identity-worker limits default --budget spring=N`" in text
    assert "parked:    over the budget of batch spring; see `why`" in command("status", "a").stdout


def test_who_holds_the_budget_is_told_with_credits_and_spending(command: Command, heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="first", batch="spring"))
    limit(heard, jobs=0, create_per_minute=0)
    heard.api.set(drafts_median_seconds=3_000)
    spent = float(str(heard.client.hget(keys.BUDGET("spring"), "spent")))
    for number in range(7):
        heard.accept(brief_id=f"b-{number}", batch="spring")
    promised = [float(each) for each in heard.client.hvals(keys.BATCH_RESERVATIONS("spring"))]
    heard.ledger.set_budget("spring", "default", spent + sum(promised) + 1, by="test")
    heard.accept(brief_id="a", batch="spring")
    (missing,) = told(command, "a")["missing"]
    assert (missing["what"], missing["left"], missing["spent"]) == ("budget", 1, spent)
    held = missing["held"]
    assert (held["amount"], held["more"], len(held["named"])) == (sum(promised), 2, 5)
    assert held["named"][0]["subject"] == "brief:b-0"
    assert held["named"][0]["amount"] == promised[0] > 50
    assert held["named"][0]["since"] == int(heard.brief("b-0").fields["granted_at"])
    text = command("why", "a").stdout
    assert f"\n              {spent:g} are spent, {sum(promised):g} reserved, the largest first\n" in text
    assert re.search(rf"\n              brief:b-0  \w+  \d+s  {promised[0]:g} credits\n", text)


def test_urgent_briefs_may_take_jobs_that_others_may_not(command: Command, flow: Flow) -> None:
    limit(flow, jobs=2, express=1)
    fill(flow, 1)
    flow.accept(brief_id="a")
    assert told(command, "a")["missing"] == [{"what": "job", "used": 1, "cap": 2, "express": 1}]
    assert "1 of 2 in use, 1 kept for urgent briefs" in command("why", "a").stdout


def test_one_job_more_counts_when_due_while_others_use_the_account(command: Command, flow: Flow) -> None:
    limit(flow, express=0)
    fill(flow, 1)
    until = flow.ledger.now() + 40_000
    flow.client.hset(ACCOUNT, mapping={"working": 1, "working_until": until, "drafts_ms": 600_000})
    flow.accept(brief_id="a")
    waiting = told(command, "a")
    assert [(each["what"], each["working"], each["next_at"]) for each in waiting["missing"]] == [
        ("job", 1, until)
    ]
    assert abs(waiting["starts_at"] - until) <= 1
    assert re.search(
        r"1 of 5 in use, kept to 1 as others use the account; one more is tried in \d\ds\n",
        command("why", "a").stdout,
    )


def test_a_waiting_promotion_has_its_own_place_and_goes_before_briefs(command: Command, heard: Flow) -> None:
    heard.accept(brief_id="a", choose="all")
    heard.until("a", "generating")
    heard.client.hset(ACCOUNT, mapping={"promote_until": "9" * 13, "promote_reason": "why not"})
    heard.until("a", "promoting")
    facts = json.loads(command("why", "a", "--json").stdout)
    by_subject = {each["subject"]: each["waiting"] for each in facts["standing"]}
    assert by_subject["brief:a"] is None
    assert by_subject["promotion:a#1"]["position"] == 2
    assert by_subject["promotion:a#1"]["missing"][0]["reason"] == "why not"
    text = command("why", "a").stdout
    assert text.startswith("promotion:a#0 is planned in account default, for ")
    assert "promoting is paused, goes on at " in text


def standing(flow: Flow, brief_id: str) -> Standing:
    """The one thing of a brief that is under way, without a process of its own for the command."""
    found = why(flow.client, flow.settings, brief_id)
    assert found is not None
    return next(each for each in found.standing if each.waiting or each.blockers)


def blockers(flow: Flow, brief_id: str) -> list[dict[str, Any]]:
    """What stands in the way of a brief."""
    return list(standing(flow, brief_id).blockers)


def start(flow: Flow, brief_id: str) -> Waiting:
    """What is told of its start."""
    waiting = standing(flow, brief_id).waiting
    assert waiting is not None
    return waiting


def text_of(flow: Flow, brief_id: str) -> str:
    """What people are told."""
    found = why(flow.client, flow.settings, brief_id)
    assert found is not None
    return "\n".join([*lines_of(found), ""])


def test_without_a_worker_no_start_is_promised(flow: Flow) -> None:
    flow.accept(brief_id="granted")
    limit(flow, jobs=1)
    flow.accept(brief_id="waits")
    flow.client.delete(keys.WORKERS())
    for brief_id in ("granted", "waits"):
        assert blockers(flow, brief_id)[0] == {"what": "worker"}
        waiting = start(flow, brief_id)
        assert (waiting.starts_at, waiting.not_known) == (None, "no worker runs that would start it")
        text = text_of(flow, brief_id)
        assert "  missing:  a worker: none runs; start `identity-worker work`\n" in text
        assert "as soon as" not in text


def test_without_a_listener_no_start_is_promised(flow: Flow) -> None:
    limit(flow, jobs=1)
    fill(flow, 1)
    flow.accept(brief_id="a")
    flow.client.delete(LEASE)
    assert [each["what"] for each in blockers(flow, "a")] == ["listener", "job"]
    assert start(flow, "a").starts_at is None
    text = text_of(flow, "a")
    assert "a listener: none follows account default; start `identity-worker listen`\n" in text
    assert "  start:    not known: no listener follows the account" in text
    assert "  but:      a listener: none follows account default" in text_of(flow, "job-0")


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (402, NO_CREDITS, "402: Insufficient credits (credits: required 10, balance 1.5)"),
        (503, {"error": "Identity creation is off"}, "503: Identity creation is off"),
        (401, {"error": "no"}, "401: no"),
    ],
)
def test_after_a_refusal_it_is_told_when_what_may_start(
    flow: Flow, status: int, body: dict[str, Any], says: str
) -> None:
    flow.api.refuse(CREATE, status, body, count=10)
    flow.accept(brief_id="a")
    flow.steps.until(lambda: bool(flow.pauses()))
    flow.client.hincrby(ACCOUNT, "pause_until" if status == 401 else "create_until", 600_000)
    (pause,) = blockers(flow, "a")
    assert (pause["what"], pause["refusals"]) == ("pause", 1)
    assert says in pause["reason"]
    waiting = start(flow, "a")
    assert (waiting.starts_at, waiting.not_before) == (None, pause["till"])
    text = text_of(flow, "a")
    assert re.search(
        r"\n  start:    not before \d{4}-[-0-9: ]+, in \d+m: the API has to accept it then, ", text
    )
    assert says in text


def test_while_one_goes_first_nobody_else_is_promised_a_start(flow: Flow) -> None:
    flow.api.refuse(CREATE, 503, {"error": "off"})
    flow.accept(brief_id="a")
    flow.steps.until(lambda: bool(flow.pauses()))
    flow.end_pauses()
    flow.accept(brief_id="b")
    assert [each["what"] for each in blockers(flow, "b")] == ["probe"]
    assert "goes first after a refusal has to come through" in str(start(flow, "b").not_known)


def test_drafts_that_are_drawn_are_told_what_their_promotion_will_meet(flow: Flow) -> None:
    fill(flow, 1)
    until = flow.ledger.now() + 600_000
    seen = {"slots_seen": 0, "slots_seen_at": 1, "slots_seen_reason": "429: Maximum identities reached."}
    paused = {"promote_until": until, "promote_count": 2, "promote_reason": "402: no credits"}
    flow.client.hset(ACCOUNT, mapping=seen | paused)
    pause, slots = blockers(flow, "job-0")
    assert (pause["of"], pause["till"], pause["reason"]) == ("promote", until, "402: no credits")
    assert [slots[each] for each in ("what", "cap", "seen", "limit")] == ["slots", 0, 0, 50]
    text = text_of(flow, "job-0")
    assert "  but:      promoting is paused, tried again at " in text
    assert "the API says that the account is full at 0 identities, the limit says 50" in text


def test_a_planned_promotion_of_a_full_account_is_told_so(heard: Flow) -> None:
    heard.api.set(slots_cap=1)
    heard.finish(heard.accept(brief_id="first"))
    heard.accept(brief_id="a")
    heard.steps.until(lambda: heard.client.hexists(ACCOUNT, "slots_seen"))
    heard.client.hincrby(ACCOUNT, "promote_until", 86_400_000)
    heard.accept(brief_id="b")
    text = text_of(heard, "a")
    assert "promoting is paused, tried again at " in text
    assert "the API said that the account is full at 1 identity; the limit says 50: 429: Maximum" in text
    assert "  start:    not before " in text
    text = text_of(heard, "b")
    assert "the API says that the account is full at 1 identity, the limit says 50: delete identities" in text
    assert "`identity-worker resume default`" in text
    assert "  start:    not known: nobody knows when an identity will be deleted" in text


def test_a_first_price_that_is_waited_for_is_told(flow: Flow) -> None:
    limit(flow, jobs=5)
    flow.ledger.set_limits("default", {"budget": "1000"}, by="test")
    flow.accept(brief_id="first")
    flow.accept(brief_id="a")
    assert blockers(flow, "a") == [{"what": "price", "account": "default"}]
    assert "with a budget, the first job of account default goes alone" in text_of(flow, "a")


def test_what_those_before_it_take_of_the_budget_is_not_counted(flow: Flow) -> None:
    limit(flow, jobs=1)
    flow.client.hset(ACCOUNT, mapping={"drafts_credits": 10, "drafts_made": 1})
    flow.accept(brief_id="first")
    flow.ledger.set_limits("default", {"budget": str(70 + 71)}, by="test")
    flow.accept(brief_id="a")
    flow.accept(brief_id="b")
    assert start(flow, "a").not_known is None
    assert start(flow, "b").not_known == "those before it take what is left of the account's budget"


def test_a_step_no_worker_has_come_to_is_told_since_when(flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.client.hincrby(keys.RECORD("brief:a"), "hinted", -60_000)
    (step,) = blockers(flow, "a")
    assert (step["what"], step["queued"]) == ("step", 1)
    assert "  missing:  a free worker: its step is queued for 1m, of 1 step in all\n" in text_of(flow, "a")


def test_a_brief_no_worker_has_taken_may_be_among_the_queued(command: Command, flow: Flow) -> None:
    flow.broker.enqueue(inlet_message(brief(brief_id="a")))
    flow.client.delete(keys.WORKERS())
    answer = command("why", "a")
    assert answer.returncode == 1
    assert "1 brief is queued that no worker has taken yet: none runs\n" in answer.stderr


def test_a_running_job_is_told_with_its_id_and_the_next_look(command: Command, flow: Flow) -> None:
    fill(flow, 1)
    job = flow.brief("job-0").fields["job_id"]
    text = command("why", "job-0").stdout
    assert f"  now:      the API draws its drafts, job {job}\n" in text
    assert re.search(r"  next:     looked at in \d+s, or when the API speaks of it\n", text)


def test_what_an_uncertain_create_waits_for_is_told_by_the_stream(command: Command, flow: Flow) -> None:
    fill(flow, 1)
    flow.ledger.apply(flow.brief("job-0"), Transition("failed"))
    flow.client.delete(LEASE)
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="a")
    flow.until("a", "uncertain")
    assert "  stream:   nobody follows it: start `identity-worker listen`\n" in command("why", "a").stdout
    flow.functions.run(commands.lease(account="default", listener="me", ms=60_000))
    stream = {"connected_at": "1", "heard_at": "2", "unbroken_since": "1000", "replayed_since": "3000"}
    flow.client.hset(keys.STREAM("default"), mapping=stream)
    text = command("why", "a").stdout
    assert f"without a gap from {format_time(1_000)} to " in text
    assert "the account's stream has never told of a job of ours: nothing is sent again on its word\n" in text
    flow.client.hset(keys.STREAM("default"), "told_at", "1")
    replays = f"its replays have brought all since {format_time(3_000)}; a create since then"
    assert replays in command("why", "a").stdout


def test_a_held_brief_is_told_its_question_and_what_answers_it(command: Command, flow: Flow) -> None:
    fill(flow, 1)
    flow.ledger.apply(flow.brief("job-0"), Transition("held", fields={"question": "was it charged?"}))
    text = command("why", "job-0").stdout
    assert blockers(flow, "job-0") == [{"what": "question"}]
    assert "  asks:     was it charged?\n" in text
    assert "  answer:   `identity-worker resolve job-0 --adopt JOB|--resend|--give-up`\n" in text


def test_a_brief_that_wants_a_pick_says_so(command: Command, heard: Flow) -> None:
    heard.accept(brief_id="a", choose="manual")
    heard.until("a", "choosing")
    assert "  waits:    for a person: `identity-worker pick a DRAFT...`\n" in command("why", "a").stdout


def test_a_failed_brief_is_told_its_faults(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="bad", priority=1000)
    text = command("why", "bad").stdout
    assert text.startswith("bad is failed since ")
    assert "  the brief breaks rules\n  priority: a whole number from -100 to 100" in text


def test_a_brief_whose_promotions_failed_is_told_why_each_did(command: Command, heard: Flow) -> None:
    heard.api.refuse(PROMOTE, 400, {"error": "no face"}, count=2)
    heard.finish(heard.accept(brief_id="a"))
    text = command("why", "a").stdout
    assert "  none of its promotions made an identity\n  promotion:a#0: 400: no face\n" in text


def test_a_finished_brief_waits_for_nothing_and_its_durations_serve_the_next(
    command: Command, heard: Flow
) -> None:
    heard.finish(heard.accept(brief_id="a"))
    assert command("why", "a").stdout.startswith("a is done since ")
    report = account_reading.report(heard.client, "default")
    assert report.drafts_ms is not None
    assert report.preprocessing_ms is not None
    limit(heard, jobs=1)
    heard.api.set(drafts_median_seconds=3_000)
    heard.accept(brief_id="b")
    heard.accept(brief_id="c")
    assert "(as the last ones)" in command("why", "c").stdout


def test_lines_are_folded_on_a_terminal(on_terminal: Callable[..., list[str]], flow: Flow) -> None:
    fill(flow, 5)
    flow.accept(brief_id="a")
    lines = on_terminal("why", "a")
    assert not [line for line in lines if len(line) > 79]
