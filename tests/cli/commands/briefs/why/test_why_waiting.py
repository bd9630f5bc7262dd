"""What `identity-worker why` tells of a brief that waits: for jobs, tokens, slots, credits, or its turn."""

import json
import re
from typing import Any

import redis
from commandline import Command
from standings import fill, limit
from stepping import Flow

from config import keys
from worker.ledger.transition import Pause, Transition

ACCOUNT = keys.RECORD("account:default")


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
    assert "parked:    held back with batch spring; see `why`" in command("status", "a").stdout


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
