"""When `identity-worker enqueue` sends nothing: a dry run, no such account or file, no Redis, no rights."""

import json
from pathlib import Path

import pytest
import redis
from commandline import Command
from enqueued import BAD, GOOD, queued
from support import brief


def test_a_dry_run_needs_no_redis_and_shows_what_would_happen(alone: Command, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(brief(choose="all", options={"model": "orbita"})))
    (tmp_path / "b.json").write_text(GOOD)
    answer = alone("enqueue", ".", "--dry-run", REDIS_URL="redis://127.0.0.1:1")
    assert answer.returncode == 0
    assert '          "size": "1K",' in answer.stdout
    assert "  note: instructions[0].options.size was not given: 1K" in answer.stdout
    assert "  2 drafts, 2 slots, 100 credits for promotions" in answer.stdout
    assert "Nothing was sent. Together 4 drafts, 3 slots, 150 credits for promotions" in answer.stdout


def test_a_dry_run_for_programs_has_the_body_and_what_it_takes(alone: Command) -> None:
    answer = alone("enqueue", "-", "--dry-run", "--json", stdin=GOOD)
    (told,) = json.loads(answer.stdout)["briefs"]
    assert (told["status"], told["drafts"], told["slots"], told["promotion_credits"]) == ("valid", 2, 1, 50)
    assert told["body"]["options"] == {"model": "auto", "add_ai_watermark": False}


def test_a_dry_run_of_a_bad_brief_ends_with_1(alone: Command) -> None:
    answer = alone("enqueue", "-", "--dry-run", "--json", stdin=BAD)
    (told,) = json.loads(answer.stdout)["briefs"]
    assert answer.returncode == 1
    assert sorted(fault["path"] for fault in told["faults"]) == ["choose", "priority"]


def test_an_account_is_checked_where_the_accounts_are_known(alone: Command) -> None:
    elsewhere = json.dumps(brief(account="elsewhere"))
    unknown = alone("enqueue", "-", "--dry-run", stdin=elsewhere)
    assert unknown.returncode == 0, "who only enqueues has no accounts; the worker checks"
    known = alone("enqueue", "-", "--dry-run", stdin=elsewhere, PIKTID_API_TOKEN="hush")
    assert known.returncode == 1
    assert "account: must be an account of this installation: default" in known.stdout
    assert "hush" not in known.stdout + known.stderr


def test_one_bad_file_in_a_folder_keeps_nothing_from_being_sent(
    command: Command, client: "redis.Redis", tmp_path: Path
) -> None:
    (tmp_path / "accounts" / "lost+found").mkdir(parents=True)
    (tmp_path / "accounts" / "good").write_text("hush")
    (tmp_path / "accounts" / "bad").write_text("")
    briefs = [brief(account="good"), brief(account="bad", choose="all")]
    lines = "\n".join(map(json.dumps, briefs))
    answer = command("enqueue", "-", stdin=lines, ACCOUNTS_FILE="accounts")
    assert (answer.returncode, len(queued(client))) == (0, 2)
    assert answer.stderr.count("accounts/bad: is empty") == 1
    assert "lost+found" not in answer.stderr
    strange = command("enqueue", "-", stdin=json.dumps(brief(account="other")), ACCOUNTS_FILE="accounts")
    assert "must be an account of this installation: bad, good" in strange.stdout


@pytest.mark.parametrize(
    ("text", "says"), [(None, "No such file"), ("[accounts.a]", "accounts.a: needs token_env or token_file")]
)
def test_an_accounts_file_that_can_t_be_used_sends_nothing(
    command: Command, client: "redis.Redis", tmp_path: Path, text: str | None, says: str
) -> None:
    if text is not None:
        (tmp_path / "accounts.toml").write_text(text)
    answer = command("enqueue", "-", stdin=GOOD, ACCOUNTS_FILE="accounts.toml")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"accounts.toml: {says}" in answer.stderr
    assert queued(client) == []


def test_a_brief_without_account_is_told_how_to_name_one(alone: Command, tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text('[accounts.studio]\ntoken_env = "T"\n')
    answer = alone("enqueue", "-", "--dry-run", stdin=GOOD, ACCOUNTS_FILE="accounts.toml", T="hush")
    assert answer.returncode == 1
    assert (
        "account: none here is called default: name one by `account` or `--account`, of studio"
        in answer.stdout
    )


def test_what_is_not_there_is_a_wrong_use(command: Command) -> None:
    answer = command("enqueue", "missing.json")
    assert (answer.returncode, answer.stderr) == (
        2,
        "identity-worker: missing.json: No such file or directory\n",
    )


def test_when_redis_is_down_it_says_that_nothing_was_sent(alone: Command) -> None:
    answer = alone("enqueue", "-", stdin=GOOD, REDIS_URL="redis://127.0.0.1:1")
    assert answer.returncode == 1
    assert "1 valid" in answer.stdout
    assert "sent\n" not in answer.stdout.replace("not sent\n", "")
    assert "the Redis at redis://127.0.0.1:1/0 can't be used" in answer.stderr


def test_on_a_redis_that_lacks_a_right_nothing_is_sent(
    command: Command, client: "redis.Redis", redis_url: str
) -> None:
    client.execute_command("ACL", "SETUSER", "tenant", "on", ">pw", "~*", "+@all", "-xadd")
    try:
        url = redis_url.replace("redis://", "redis://tenant:pw@")
        answer = command("enqueue", "-", stdin=GOOD, REDIS_URL=url)
    finally:
        client.execute_command("ACL", "DELUSER", "tenant")
    assert answer.returncode == 1
    assert "ACL SETUSER tenant +xadd" in answer.stderr
    assert "pw" not in answer.stderr
    assert "1 valid" in answer.stdout
    assert client.dbsize() == 0
