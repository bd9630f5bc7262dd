"""`enqueue --dry-run` as a plan, and `--max-credits`: what a batch takes, and that it takes no more."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis
from commandline import SCRIPT, Command, environment
from stepping import Flow
from support import brief, eventually

from config import keys

ONE = json.dumps(brief(brief_id="a"))


def lines(count: int, **fields: Any) -> str:
    return "\n".join(json.dumps(brief(brief_id=f"b-{number}", **fields)) for number in range(count))


def know_price(flow: Flow) -> None:
    """Let a job of the account have ended: else one brief with a budget goes first, to tell its price."""
    flow.client.hset(keys.RECORD("account:default"), "drafts_ended", 1)


def plan(command: Command, *options: str, stdin: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and the plan for programs."""
    answer = command("enqueue", "-", "--dry-run", "--json", *options, stdin=stdin)
    return answer.returncode, json.loads(answer.stdout)["plan"]


def test_the_plan_tells_slots_credits_and_duration_behind_what_waits(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.ledger.set_limits("default", {"jobs": "1"}, by="test")
    flow.accept(brief_id="second")
    code, told = plan(command, stdin=lines(6))
    (account,) = told["accounts"]
    assert (code, told["problems"]) == (0, [])
    assert (account["briefs"], account["waiting"], account["slots"], account["slots_wanted"]) == (6, 1, 6, 1)
    assert (account["slots_free"], account["promotion_credits"]) == (49, 300)
    assert account["draft_credits"] is None
    # One job at a time: eight briefs of a minute for drafts and a minute and a half for preprocessing each.
    assert account["seconds"] == pytest.approx(8 * 150, rel=0.05)
    text = command("enqueue", "-", "--dry-run", stdin=lines(6)).stdout
    assert "account default: 6 briefs, 1 waits already\n  slots     6 needed, 49 free, 1 wanted by" in text
    assert "  credits   300 for promotions; for 12 drafts: not known before the first\n" in text
    assert "  duration  about " in text
    assert flow.client.llen(keys.QUEUE(keys.INLET)) == 0


def test_what_drafts_have_cost_is_in_the_plan(command: Command, heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="first", name="First"))
    _, told = plan(command, stdin=ONE)
    charged = heard.api.ledger()["credits"]["charged_total"] - 50
    assert told["accounts"][0]["draft_credits"] == charged


def test_an_import_costs_no_promotion_and_a_photo_a_description(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    portrait = {"kind": "import", "reference_image": "ada.jpg", "metadata": {"sku": "007"}}
    photo = {"reference_image": "bob.jpg"}
    price = {"IDENTITY_WORKER_EXTRACTION_CREDITS": "2"}
    answer = command("enqueue", "-", "--dry-run", "--json", stdin=json.dumps([portrait, photo]), **price)
    told = json.loads(answer.stdout)
    (account,) = told["plan"]["accounts"]
    assert (account["slots"], account["promotion_credits"], account["description_credits"]) == (2, 50, 2)
    assert told["briefs"][0]["envelope"] == portrait
    text = command("enqueue", "-", "--dry-run", stdin=json.dumps([portrait, photo])).stdout
    assert (
        "  credits   50 for promotions; for 1 draft: not known before the first; for 1 description: " in text
    )
    assert '  metadata: {"sku": "007"}\n' in text


def test_what_keeps_an_account_from_starting_is_told_beside_the_duration(
    command: Command, flow: Flow
) -> None:
    flow.api.refuse("/identity/create", 402, {"error": "Insufficient credits"})
    flow.accept(brief_id="first")
    flow.steps.until(lambda: bool(flow.pauses()))
    flow.client.hincrby(keys.RECORD("account:default"), "create_until", 600_000)
    flow.client.zadd(keys.WORKERS(), {"a worker": 4_000_000_000_000})
    _, told = plan(command, stdin=ONE)
    listener, refusal = told["accounts"][0]["in_the_way"]
    assert listener == "no listener follows it"
    assert refusal == "the API refuses: 402: Insufficient credits"
    flow.client.delete(keys.WORKERS())
    text = command("enqueue", "-", "--dry-run", stdin=ONE).stdout
    assert "  but       no worker runs: nothing starts before that is mended\n" in text


def test_over_the_accounts_own_budget_the_plan_stops(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.ledger.set_limits("default", {"budget": "200"}, by="test")
    code, told = plan(command, stdin=lines(3))
    assert (code, told["problems"], told["accounts"][0]["budget_left"]) == (0, [], 150)
    answer = command("enqueue", "-", "--dry-run", stdin=lines(4))
    assert answer.returncode == 1
    assert "It won't do: account default has 150 credits of its budget left, " in answer.stdout
    assert "; these briefs take 200 before drafts\n" in answer.stdout


def test_without_enough_slots_the_plan_stops(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.ledger.set_limits("default", {"slots": "3"}, by="test")
    code, told = plan(command, stdin=lines(2))
    assert (code, told["problems"]) == (0, [])
    answer = command("enqueue", "-", "--dry-run", stdin=lines(3))
    assert answer.returncode == 1
    assert "It won't do: account default has 2 slots free, and briefs that wait already want" in answer.stdout


def test_a_plan_of_only_the_first_that_wait_says_so(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.ledger.set_limits("default", {"jobs": "1", "slots": "100"}, by="test")
    flow.client.zadd(keys.WAITING("default", "create"), {f"brief:w-{n}": n for n in range(2_001)})
    code, told = plan(command, stdin=ONE)
    (account,) = told["accounts"]
    assert (account["waiting"], account["counted"], account["slots_wanted"], code) == (2_001, 2_000, 2_000, 1)
    text = command("enqueue", "-", "--dry-run", stdin=ONE).stdout
    assert "2000 wanted by the first 2000 that wait\n" in text
    assert "  duration  (behind the first 2000 that wait) more than " in text
    assert "and the first 2000 of those that wait want 2000; these briefs need 1" in text
    flow.client.zrem(keys.WAITING("default", "create"), "brief:w-2000")
    assert plan(command, stdin=ONE)[1]["accounts"][0]["counted"] == 2_000
    assert "2000 wanted by those that wait\n" in command("enqueue", "-", "--dry-run", stdin=ONE).stdout
    flow.client.flushall()


def test_over_the_credits_allowed_the_plan_stops(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    options = ["--batch", "spring", "--max-credits"]
    assert plan(command, *options, "150", stdin=lines(3))[0] == 0
    code, told = plan(command, *options, "149", stdin=lines(3))
    assert code == 1
    assert told["problems"] == ["150 credits before drafts are more than the 149 of --max-credits"]
    assert not flow.client.exists(keys.BUDGET("spring")), "a dry run sets nothing"


def test_a_budget_too_small_for_what_is_sent_is_told(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="b-0", batch="spring")
    options = ("enqueue", "-", "--batch", "spring", "--max-credits")
    told = command(*options, "199", stdin=lines(4))
    assert told.returncode == 0, "what the budget pays for is made"
    assert "too little for all of them: 50 are spent or reserved, and these take 150 credits" in told.stderr
    assert "too little" not in command(*options, "350", stdin=lines(7)).stderr


def test_what_the_batch_has_spent_counts_and_no_brief_twice(command: Command, flow: Flow) -> None:
    for number in range(2):
        flow.accept(brief_id=f"b-{number}", batch="spring")
    options = ["--batch", "spring", "--max-credits"]
    code, told = plan(command, *options, "150", stdin=lines(3))
    assert (code, told["known"], told["committed"], told["accounts"][0]["slots"]) == (0, 2, 100, 1)
    answer = command("enqueue", "-", "--dry-run", *options, "149", stdin=lines(3))
    assert answer.returncode == 1
    assert "2 would not be sent, by what is on record" in answer.stdout
    assert (
        "It won't do: 150 credits before drafts, 100 of them spent or reserved already, are more than the 149"
        in answer.stdout
    )


@pytest.mark.parametrize("batches", [[None], ["a", "b"]])
def test_a_budget_without_one_batch_is_a_wrong_use(
    command: Command, client: "redis.Redis", batches: list[str | None]
) -> None:
    text = "\n".join(json.dumps(brief(batch=batch)) for batch in batches)
    answer = command("enqueue", "-", "--max-credits", "100", stdin=text)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "name it with --batch NAME" in answer.stderr
    assert client.llen(keys.QUEUE(keys.INLET)) == 0


@pytest.mark.parametrize("credits_allowed", ["0", "-5", "nan", "inf"])
def test_a_budget_that_is_none_is_a_wrong_use(
    command: Command, client: "redis.Redis", credits_allowed: str
) -> None:
    answer = command("enqueue", "-", "--batch", "b", f"--max-credits={credits_allowed}", stdin=ONE)
    assert answer.returncode == 2
    assert "must be a number above 0" in answer.stderr
    assert client.llen(keys.QUEUE(keys.INLET)) == 0


def test_a_batch_starts_no_more_than_its_budget_pays(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    know_price(flow)
    answer = command("enqueue", "-", "--batch", "spring", "--max-credits", "100", stdin=lines(3))
    assert answer.returncode == 0
    for _ in range(3):
        flow.steps.run(keys.INLET)
    assert flow.client.zcard(keys.PARKED("spring")) == 1
    assert "held back with its batch; see `why`" in " ".join(command("status").stdout.split())


@pytest.mark.story
def test_a_killed_enqueue_has_its_budget_and_can_run_again(
    flow: Flow, command: Command, redis_url: str, tmp_path: Path
) -> None:
    flow.accept(brief_id="first")
    know_price(flow)
    (tmp_path / "many.jsonl").write_text(lines(3_000, batch="spring"))
    order = [SCRIPT, "enqueue", "many.jsonl", "--max-credits", "100"]
    with subprocess.Popen(
        order, cwd=tmp_path, env=environment(REDIS_URL=redis_url), stdout=subprocess.DEVNULL
    ) as process:
        eventually(flow.client, lambda: flow.client.llen(keys.QUEUE(keys.INLET)) >= 3, deadline=60)
        process.send_signal(signal.SIGKILL)
        process.wait()
    sent = flow.client.llen(keys.QUEUE(keys.INLET))
    assert sent > 0
    assert flow.client.hget(keys.BUDGET("spring"), "allowed") == "100"
    flow.client.ltrim(keys.QUEUE(keys.INLET), 0, 2)
    for _ in range(3):
        flow.steps.run(keys.INLET)
    assert flow.client.zcard(keys.PARKED("spring")) == 1, "two are paid for, whenever the third comes"
    (tmp_path / "few.jsonl").write_text(lines(4, batch="spring"))
    again = command("enqueue", "few.jsonl", "--max-credits", "1000")
    assert "1 sent" in again.stdout
    assert "3 same" in again.stdout
    assert not flow.client.exists(keys.PARKED("spring")), "the higher budget lets the third start"
