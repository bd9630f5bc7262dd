"""`identity-worker accounts`: what every account has in use, and what waits for it."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import SCRIPT, Command, environment
from stepping import Flow
from support import DEADLINE

from config import keys
from worker.ledger.transition import Pause, Transition
from worker.unresolved.streams import read_stream

#: The last line of an account while no listener runs.
NOT_FOLLOWED = "  stream    nobody follows it: start `identity-worker listen` with a token of it\n"


def test_it_is_said_when_there_is_no_account(command: Command) -> None:
    assert command("accounts").stdout.startswith("No account is on record")
    assert json.loads(command("accounts", "--json").stdout) == []


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [("nowhere", "No such file or directory; set ACCOUNTS_FILE", 1), (".", "bad: is", 0)],
)
def test_what_is_wrong_with_the_accounts_here_is_told_beside(
    command: Command, flow: Flow, tmp_path: Path, name: str, said: str, code: int
) -> None:
    flow.accept(brief_id="a")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "bad").write_text("")
    answer = command("accounts", ACCOUNTS_FILE=str(tmp_path / "folder" / name))
    assert answer.stdout.startswith("account default\n")
    assert said in answer.stderr
    assert answer.returncode == code


def test_the_holders_of_the_jobs_are_told_with_their_remote_jobs(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a", batch="spring")
    flow.until("a", "generating")
    job = flow.brief("a").fields["job_id"]
    (told,) = json.loads(command("accounts", "--json").stdout)
    (holder,) = told["jobs"]
    assert (holder["subject"], holder["state"], holder["job_id"]) == ("brief:a", "generating", job)
    assert holder["since"] <= told["read_at"]
    assert told["slots_reserved"] == 1
    text = command("accounts").stdout
    assert re.search(
        rf"account default\n  jobs      1 of 5\n    brief:a  generating  \d+s  job {job}\n", text
    )
    assert "  slots     0 used, 1 reserved, 49 free of 50\n" in text


def test_who_waits_is_told_by_batch_with_what_is_parked(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    command("limits", "default", "--jobs", "1", "--budget", "dear=1")
    flow.accept(brief_id="plain")
    flow.accept(brief_id="a", batch="spring")
    flow.accept(brief_id="b", batch="spring")
    flow.accept(brief_id="c", batch="dear")
    command("limits", "default", "--jobs", "2")  # one more starts, and "dear" comes to its turn
    command("limits", "default", "--jobs", "5")
    flow.client.zadd(keys.WAITING("default", "create"), {"brief:a": 1})
    (told,) = json.loads(command("accounts", "--json").stdout)
    assert {each["batch"]: (each["create"], each["parked"]) for each in told["batches"]} == {
        "spring": (1, 0),
        "dear": (0, 1),
    }
    assert "    batch dear: 1 held back\n" in command("accounts").stdout
    flow.client.flushall()


def test_the_budget_of_a_batch_is_told_though_nothing_is_held_back(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a", batch="spring")
    flow.accept(brief_id="b", batch="free")
    # One of a batch that is yet to come, and of one whose change was long ago.
    command("limits", "default", "--budget", "later=7.5")
    command("limits", "default", "--budget", "spring=900")
    flow.client.delete(keys.CHANGES("default"))
    command("limits", "default", "--budget", "later=7.5")
    (told,) = json.loads(command("accounts", "--json").stdout)
    later, spring = told["batch_budgets"]
    assert later == {"batch": "later", "allowed": 7.5, "spent": 0.0, "reserved": 0.0}
    assert (spring["batch"], spring["allowed"], spring["reserved"] > 0) == ("spring", 900.0, True)
    text = command("accounts").stdout
    assert "  budget    batch later: 0 credits spent, 0 reserved, 7.5 left of 7.5\n" in text
    assert "  budget    batch spring: 0 credits spent, " in text
    assert "batch free" not in text


def test_batches_of_the_first_that_wait_are_said_to_be_that(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="first")
    flow.client.zadd(keys.WAITING("default", "create"), {f"brief:w-{n}": n for n in range(1_001)})
    text = command("accounts").stdout
    assert "  waiting   1001 to create, " in text
    assert "    in no batch: 1000 to create\n    (batches of the first 1000 of each list only)\n" in text
    flow.client.zrem(keys.WAITING("default", "create"), "brief:w-0")
    assert "of the first" not in command("accounts").stdout
    flow.client.flushall()


def test_a_full_window_tells_when_the_next_token_comes(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.until("a", "generating")
    # Far away, though the clocks of the tests are fast: that of the brief ends in a moment.
    end = flow.ledger.now() + 30_000
    flow.client.delete(keys.WINDOW("default", "create"))
    flow.client.zadd(keys.WINDOW("default", "create"), {f"x/{number}": end for number in range(5)})
    flow.client.expire(keys.WINDOW("default", "create"), 60)
    assert re.search(r"  creates   5 of 5 in this minute; the next in \d\ds\n", command("accounts").stdout)
    (told,) = json.loads(command("accounts", "--json").stdout)
    assert told["windows"]["create"]["next_at"] == end


def test_pauses_limits_and_the_last_change_are_told_within_80_columns(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.ledger.apply(
        flow.brief("a"), Transition("failed", pause=Pause("create", 600_000, "402: no credits"))
    )
    flow.client.hset(keys.RECORD("account:default"), mapping={"working": 2, "working_until": "9" * 13})
    answer = command("accounts").stdout
    assert "  paused    creates until " in answer
    assert ", 9m more:\n            402: no credits\n" in answer
    assert "0 of 5; kept to 2 as others use them, one more in " in answer
    assert "  limits    jobs 5, slots 50, create per minute 5, promote per minute 5" in answer
    assert NOT_FOLLOWED in answer


@pytest.mark.channel
def test_a_promotion_s_job_and_who_follows_the_account_are_told(command: Command, heard: Flow) -> None:
    heard.api.set(preprocessing_median_seconds=3_000)
    heard.accept(brief_id="a")
    heard.steps.until(
        lambda: (
            heard.client.exists(keys.RECORD("promotion:a#0"))
            and heard.promotion("a").state == "preprocessing"
        )
    )
    (told,) = json.loads(command("accounts", "--json").stdout)
    job = heard.promotion("a").fields["preprocessing_job_id"]
    assert [(each["subject"], each["job_id"]) for each in told["jobs"]] == [("promotion:a#0", job)]
    assert told["listener"] == told["stream"]["listener"]
    heard.steps.until(lambda: read_stream(heard.client, "default").unbroken_since)
    assert re.search(
        r"  stream    listener \S+:\w{8}, connected for \d+s, without a gap from .{19} to \d+s ago\n",
        command("accounts").stdout,
    )
    heard.api.fault("cut")
    heard.steps.until(lambda: read_stream(heard.client, "default").ended_at)
    heard.steps.until(lambda: read_stream(heard.client, "default").connected_at)
    assert re.search(r", last trouble \d+s ago: .*closed", command("accounts").stdout)


def test_an_orphan_is_told_with_how_it_is_resolved(command: Command, flow: Flow) -> None:
    flow.api.lose_events()
    flow.api.set(drafts_median_seconds=3_000)
    flow.accept(brief_id="a")
    flow.until("a", "generating")
    job = flow.brief("a").fields["job_id"]
    flow.client.delete(keys.RECORD("brief:a"))
    text = command("accounts").stdout
    assert re.search(rf"    brief:a  orphan, its record is gone  \d+s  job {job}\n", text)
    assert "    what has no record gives its permit back once its job is over, or must be\n" in text
    (told,) = json.loads(command("accounts", "--json").stdout)
    assert [(each["state"], each["job_id"]) for each in told["jobs"]] == [(None, job)]


def test_lines_are_folded_on_a_terminal(on_terminal: Callable[..., list[str]], flow: Flow) -> None:
    flow.accept(brief_id="a" * 128)
    lines = on_terminal("accounts")
    assert lines[0] == "account default"
    assert not [line for line in lines if len(line) > 79 and "a" * 128 not in line]


def test_watching_goes_on_until_ctrl_c(flow: Flow, redis_url: str, tmp_path: Path) -> None:
    flow.accept(brief_id="a")
    ours, its = os.openpty()
    variables = environment(REDIS_URL=redis_url, COLUMNS="80", LINES="24", TERM="xterm")
    with subprocess.Popen(
        [SCRIPT, "accounts", "--watch"], cwd=tmp_path, env=variables, stdout=its
    ) as process:
        os.close(its)
        with open(ours, "rb", buffering=0) as screen:  # noqa: PTH123  # a descriptor, not a path
            shown = b""
            while b"stream" not in shown:
                shown += screen.read(65_536)
            assert "\u2026".encode() not in shown, "long lines are folded, not cut off"
            process.send_signal(signal.SIGINT)
            assert process.wait(DEADLINE) == 0


def test_watching_in_a_pipe_tells_an_account_again_when_it_has_changed(
    flow: Flow, redis_url: str, tmp_path: Path
) -> None:
    flow.accept(brief_id="a")
    variables = environment(REDIS_URL=redis_url)
    with subprocess.Popen(
        [SCRIPT, "accounts", "--watch"], cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None

        def told() -> str:
            assert process.stdout is not None
            return "".join(iter(process.stdout.readline, NOT_FOLLOWED))

        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\naccount default\n  jobs      1 of 5\n", told())
        flow.accept(brief_id="b")
        assert "  jobs      2 of 5\n" in told()
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0
        assert process.stdout.read() == "", "nothing changed, nothing told"
