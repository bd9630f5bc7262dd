"""`retry`, `cancel` and `update` by a filter: what is at stake is told, and the command is on record."""

import json

import redis
from commandline import Command
from stepping import Flow

from config import keys
from worker.ledger.transition import Transition
from worker.views.snapshots import brief as view
from worker.views.snapshots import journal


def three(flow: Flow) -> None:
    """Put two briefs that failed and one that waits on record."""
    for brief_id in ("a", "b", "c"):
        flow.accept(brief_id=brief_id, batch="autumn", metadata={"sku": brief_id})
    for brief_id in ("a", "b"):
        flow.ledger.apply(flow.brief(brief_id), Transition("failed", fields={"error": "503: try later"}))


def states(flow: Flow) -> dict[str, str]:
    return {brief_id: flow.brief(brief_id).state for brief_id in ("a", "b", "c")}


def test_a_dry_run_tells_what_is_at_stake_and_changes_nothing(
    command: Command, flow: Flow, client: "redis.Redis"
) -> None:
    three(flow)
    before = client.dump(keys.RECORD("brief:a"))
    told = command("retry", "--error", "503", "--dry-run")
    assert (told.returncode, told.stdout) == (
        0,
        "retry: 2 briefs (2 failed); 0 credits paid so far, at least 100 more and the price of 4 drafts"
        " to pay; nothing was changed\n",
    )
    whole = json.loads(command("cancel", "--batch", "autumn", "--dry-run", "--json").stdout)
    assert (whole["filter"], whole["briefs"], whole["states"]) == ("batch:autumn", 1, {"waiting": 1})
    assert client.dump(keys.RECORD("brief:a")) == before
    assert not client.exists(keys.ACTIONS())


def test_who_has_done_what_to_many_briefs_and_why_is_on_record(
    command: Command, flow: Flow, client: "redis.Redis"
) -> None:
    three(flow)
    answer = command(
        "retry", "--meta", "sku=a", "--state", "failed", "--why", "they mended it", "--by", "ada"
    )
    assert (answer.returncode, answer.stdout) == (0, "a: goes on at waiting; paid so far: nothing\n")
    assert answer.stderr.startswith("retry: 1 brief (1 failed); 0 credits paid so far")
    assert states(flow) == {"a": "waiting", "b": "failed", "c": "waiting"}
    (word,) = [entry for entry in journal(client, "a") if entry["call"] == "operator"]
    assert (word["what"], word["by"], word["why"]) == ("retry", "ada", "they mended it")
    (action,) = json.loads(command("actions", "--json").stdout)
    assert {name: action[name] for name in ("what", "by", "why", "filter", "briefs")} == {
        "what": "retry",
        "by": "ada",
        "why": "they mended it",
        "filter": "state:failed meta.sku:a",
        "briefs": 1,
    }
    assert "ada: retry (they mended it); filter state:failed meta.sku:a" in command("actions").stdout


def test_the_same_command_again_does_what_is_left_and_nothing_twice(
    command: Command, flow: Flow, client: "redis.Redis"
) -> None:
    three(flow)
    arguments = ("retry", "--state", "failed", "--batch", "autumn")
    # Killed half-way: one was done.
    assert command(*arguments, "--limit", "1").stdout.count("goes on at waiting") == 1
    assert command(*arguments).stdout.count("goes on at waiting") == 1
    assert command(*arguments).returncode == 1
    assert states(flow) == dict.fromkeys("abc", "waiting")
    for brief_id in ("a", "b"):
        assert [each["what"] for each in journal(client, brief_id) if each["call"] == "operator"] == ["retry"]


def test_a_batch_is_moved_forward_by_its_priority(
    command: Command, flow: Flow, client: "redis.Redis"
) -> None:
    three(flow)
    flow.accept(brief_id="other")
    answer = command("update", "--batch", "autumn", "--priority", "50", "--to-batch", "now")
    assert (answer.returncode, answer.stdout) == (0, "1 brief changed, 0 were so already\n")
    places = [float(flow.brief(brief_id).fields["place"]) for brief_id in ("c", "other")]
    assert places == sorted(places)
    found = {brief_id: view(client, brief_id) for brief_id in ("a", "c")}
    assert [(each.batch, each.priority) for each in found.values() if each] == [("autumn", 0), ("now", 50)]


def test_a_command_for_one_brief_is_logged_unless_it_is_wrong(command: Command, flow: Flow) -> None:
    three(flow)
    assert command("update", "--batch", "autumn", "--priority", "101").returncode == 1
    assert command("retry", "nobody").returncode == 1
    assert command("retry", "a", "--why", "they mended it", "--by", "ada").returncode == 0
    assert command("update", "--state", "waiting", "--priority", "7", "--metadata", "year=27").returncode == 0
    update, retry = json.loads(command("actions", "--json").stdout)
    assert {name: retry[name] for name in ("what", "by", "why", "brief")} == {
        "what": "retry",
        "by": "ada",
        "why": "they mended it",
        "brief": "a",
    }
    assert (update["filter"], update["priority"], update["metadata"]) == ("state:waiting", 7, "year")


def test_what_says_nothing_of_which_briefs_is_refused(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    for arguments, told in (
        (("cancel", "--limit", "3"), "say which briefs are meant, as --state open"),
        (("cancel", "--state", "opne"), "--state 'opne': must be one of"),
        (("retry", "a", "--state", "open"), "say which briefs are meant, in one way of: BRIEF, a filter"),
        (("cancel", "a", "--dry-run"), "--dry-run is for a filter"),
        (("retry", "--meta", "sku"), "--meta 'sku': must be KEY=VALUE"),
    ):
        answer = command(*arguments)
        assert (answer.returncode, answer.stdout) == (2, "")
        assert told in answer.stderr
    assert flow.brief("a").state == "waiting"
