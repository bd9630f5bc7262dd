"""`identity-worker limits` and `resume`: an account changed while everything runs, and who did it."""

import json

import pytest
import redis
from commandline import Command
from stepping import Flow

from config import keys
from config.accounts.account import Account
from config.limits import Limits
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Pause, Transition
from worker.operations import limit_changes
from worker.views import account_reading


@pytest.fixture
def studio(ledger: Ledger) -> str:
    """The name of an account that a worker has put on record."""
    ledger.configure([Account(name="studio", token="hush", limits=Limits(jobs=5))])  # type: ignore[arg-type]  # pydantic's own
    return "studio"


def test_a_lower_and_a_higher_cap_count_at_once(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    assert command("limits", "default", "--jobs", "1").returncode == 0
    flow.accept(brief_id="second")
    waiting = keys.WAITING("default", "create")
    assert flow.client.zrange(waiting, 0, -1) == ["brief:second"]
    assert command("limits", "default", "--jobs", "2").returncode == 0
    assert flow.client.zrange(waiting, 0, -1) == [], "who fits the higher cap starts in the same call"


def test_all_limits_can_be_set_and_who_did_it_is_told(command: Command, studio: str) -> None:
    answer = command(
        "limits", studio, "--jobs", "4", "--slots", "none", "--create-per-minute", "3",
        "--promote-per-minute", "2", "--express", "1", "--weight", "spring=2.5", "--by", "night shift",
    )  # fmt: skip
    lines = answer.stdout.splitlines()
    assert answer.returncode == 0
    assert lines[0].startswith("account studio: jobs 4, slots no limit, create per minute 3, ")
    assert lines[0].endswith("express 1, weight spring=2.5")
    assert "by night shift: create_per_minute=3, express=1, jobs=4, " in lines[1]
    assert "by configuration: " in lines[2]
    assert command("limits", studio).stdout == answer.stdout, "without options nothing is changed"


def test_changes_that_are_not_shown_are_counted_and_programs_get_all(
    command: Command, studio: str, ledger: Ledger
) -> None:
    for jobs in range(1, 8):
        ledger.set_limits(studio, {"jobs": str(jobs)}, by="test")
    assert command("limits", studio).stdout.endswith(
        "and 3 changes before; --json lists those that are kept\n"
    )
    assert len(json.loads(command("limits", studio, "--json").stdout)["changes"]) == 8


def test_by_default_the_user_and_the_host_are_on_record(command: Command, studio: str) -> None:
    told = json.loads(command("limits", studio, "--jobs", "2", "--json").stdout)
    assert told["limits"]["jobs"] == 2
    assert told["changes"][0]["limits"] == {"jobs": "2"}
    assert "@" in told["changes"][0]["by"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--jobs", "-1"),
        ("--jobs", "five"),
        ("--jobs", "1.5"),
        ("--slots", ""),
        ("--create-per-minute", "1000001"),
        ("--promote-per-minute", "1e3"),
        ("--express", "-1"),
        ("--express", "5"),
        ("--express", "none"),
        ("--weight", "spring"),
        ("--weight", "spring=0"),
        ("--weight", "spring=nan"),
        ("--weight", "=2"),
        ("--budget", "spring=-5"),
        ("--account-budget", "0"),
        ("--account-budget", "-5"),
        ("--account-budget", "inf"),
        ("--account-budget", "lots"),
        ("--by", " "),
    ],
)
def test_nonsense_is_refused_with_the_option_the_value_and_the_rule(
    command: Command, studio: str, client: "redis.Redis", option: str, value: str
) -> None:
    before = client.hgetall(keys.RECORD("account:studio"))
    answer = command("limits", studio, f"{option}={value}")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"identity-worker: {option} " in answer.stderr
    assert "must be" in answer.stderr
    assert value.strip() in answer.stderr
    assert client.hgetall(keys.RECORD("account:studio")) == before


@pytest.mark.parametrize("word", ["0", "none"])
def test_a_cap_is_lifted_by_either_word(command: Command, studio: str, word: str) -> None:
    told = json.loads(command("limits", studio, "--jobs", word, "--create-per-minute", word, "--json").stdout)
    assert (told["limits"]["jobs"], told["limits"]["create_per_minute"]) == (0, 0)


def test_jobs_below_the_express_share_are_refused(command: Command, studio: str) -> None:
    assert command("limits", studio, "--express", "3").returncode == 0
    answer = command("limits", studio, "--jobs", "3")
    assert answer.returncode == 2
    assert "--jobs '3': the express share (3) must be less than the jobs (3)" in answer.stderr


@pytest.mark.parametrize("order", ["limits", "resume"])
def test_an_account_that_there_is_not_is_a_wrong_use(command: Command, studio: str, order: str) -> None:
    answer = command(order, "studoi")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "no account 'studoi' is on record; known: studio\n" in answer.stderr


def test_a_raised_budget_lets_a_parked_brief_start(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="before")
    flow.client.hset(keys.RECORD("account:default"), "drafts_ended", 1)
    assert command("limits", "default", "--budget", "spring=10").returncode == 0
    flow.accept(brief_id="a", batch="spring")
    assert flow.client.zrange(keys.PARKED("spring"), 0, -1) == ["brief:a"]
    assert flow.client.hgetall(keys.PARKED_OF("default")) == {"spring": "1"}
    answer = command("limits", "default", "--budget", "spring=1000")
    assert "budget spring=1000" in answer.stdout
    assert not flow.client.exists(keys.PARKED("spring"), keys.PARKED_OF("default"))
    assert flow.client.zscore(keys.PERMITS("default"), "brief:a"), "in the same call"
    assert flow.until("a", "generating")


def test_an_accounts_budget_keeps_back_briefs_of_no_batch_and_is_told(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="before")
    answer = command("limits", "default", "--account-budget", "90")
    assert answer.returncode == 0
    assert ", budget 90\n" in answer.stdout
    assert ": budget=90\n" in answer.stdout
    flow.accept(brief_id="a")
    assert flow.brief("a").state == "waiting"
    assert "  budget    0 credits spent, 50 reserved, 40 left of 90\n" in command("accounts").stdout
    shown = command("why", "a").stdout
    assert "the account's budget: it may cost 50 credits, 40 of 90 are left, 0 are spent" in shown
    assert "`identity-worker limits default --account-budget N`" in shown
    told = json.loads(command("limits", "default", "--account-budget", "none", "--json").stdout)
    assert told["budget"] is None
    assert told["changes"][0]["limits"] == {"budget": ""}
    assert flow.client.zscore(keys.PERMITS("default"), "brief:a"), "in the same call"


def test_a_budget_of_a_batch_that_never_comes_ends(
    command: Command, studio: str, client: "redis.Redis"
) -> None:
    command("limits", studio, "--budget", "never=10")
    assert client.ttl(keys.BUDGET("never")) > 0


def test_resume_lifts_the_pauses_and_says_what_it_lifted(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.ledger.apply(
        flow.brief("a"), Transition("failed", pause=Pause("create", 600_000, "402: no credits"))
    )
    flow.accept(brief_id="b")
    assert flow.client.zcard(keys.WAITING("default", "create")) == 1
    answer = command("resume", "default")
    assert (answer.returncode, answer.stdout) == (0, "lifted the pause of creates: 402: no credits\n")
    assert flow.client.zcard(keys.WAITING("default", "create")) == 0
    assert command("resume", "default").stdout == "account default was not paused\n"
    assert json.loads(command("resume", "default", "--json").stdout) == {"account": "default", "lifted": {}}
    changes = account_reading.report(flow.client, "default").changes
    assert sum(bool(change.get("resumed")) for change in changes) == 1, "what lifted nothing is no act"


def test_resume_believes_in_the_limit_of_slots_again(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    seen = {"slots_seen": 3, "slots_seen_at": 1, "slots_seen_reason": "429: Maximum identities reached."}
    flow.client.hset(keys.RECORD("account:default"), mapping=seen)
    assert "said that the account is full at 3 identities; the limit says 50" in command("accounts").stdout
    assert "full at 3 identities" in command("limits", "default").stdout
    answer = command("resume", "default")
    assert answer.stdout == "lifted what the API has said of the slots, identities: 3\n"
    assert "full at" not in command("accounts").stdout


def test_resume_gives_back_the_jobs_that_others_had(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.client.hset(keys.RECORD("account:default"), mapping={"working": 2, "working_until": "9" * 13})
    assert command("resume", "default").stdout == "lifted the limit while others use the account, jobs: 2\n"


def test_a_change_is_undone_once_and_that_is_on_record(
    command: Command, studio: str, client: "redis.Redis"
) -> None:
    command("limits", studio, "--jobs", "3", "--weight", "spring=2", "--why", "a fair", "--by", "ada")
    told = command("limits", studio, "--undo", "--why", "over", "--by", "bea")
    assert told.returncode == 0
    report = account_reading.report(client, studio)
    assert (report.limits["jobs"], report.weights) == (5, {})
    assert "by bea (over): jobs=5, weight:spring no longer set, undone" in told.stdout
    log = json.loads(command("actions", "--json").stdout)
    assert [(each["what"], each["by"], each["why"]) for each in log] == [
        ("limits.undo", "bea", "over"),
        ("limits", "ada", "a fair"),
    ]
    again = command("limits", studio, "--undo")
    assert again.returncode == 1
    assert "no change of a person is on record that could be undone" in again.stderr


def test_an_undo_takes_back_no_other_change_than_the_last(command: Command, studio: str) -> None:
    command("limits", studio, "--jobs", "3")
    command("limits", studio, "--budget", "spring=2000")
    told = command("limits", studio, "--undo")
    assert (told.returncode, "budget of batch spring: --budget sets it anew" in told.stderr) == (1, True)
    assert "jobs 3" in command("limits", studio).stdout


def test_what_was_changed_again_since_is_not_undone_by_an_older_change(
    command: Command, studio: str, ledger: Ledger
) -> None:
    for jobs in ("3", "4"):
        command("limits", studio, "--jobs", jobs)
    _, older, _ = account_reading.report(ledger.client, studio).changes
    with pytest.raises(limit_changes.UndoError, match="changed again since"):
        limit_changes.undo(ledger, studio, older, "ada", None)
    assert account_reading.report(ledger.client, studio).limits["jobs"] == 4
    assert command("limits", studio, "--undo", "--jobs", "1").returncode == 2
