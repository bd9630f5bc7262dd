"""`identity-worker status`: the list of all briefs, and everything about one."""

import json

import redis
from commandline import Command
from support import Flow

from worker.ledger import Pause


def test_the_list_has_a_line_for_each_brief_and_its_account(command: Command, heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="done-one", choose="all"))
    heard.accept(brief_id="open-one")
    codes = [heard.promotion("done-one", number).fields["identity_code"] for number in (0, 1)]
    answer = command("status")
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert answer.returncode == 0
    assert lines[0] == ["BRIEF", "STATE", "AGE", "IDENTITIES,", "ERROR"]
    assert (lines[1][0], lines[1][1]) == ("open-one", "waiting")
    assert (lines[2][0], lines[2][1], lines[2][3]) == ("done-one", "done", codes[0])
    assert lines[3] == [codes[1]]
    assert "1 open, 1 finished" in answer.stdout
    assert "account default: jobs 1/5, slots 2+1 reserved/50, waiting: 0 to create" in answer.stdout
    assert "no listener follows it" not in answer.stdout


def test_the_list_fits_80_columns_and_loses_no_character_of_an_id(command: Command, flow: Flow) -> None:
    brief_id = "a" * 60 + "b" * 68
    flow.accept(brief_id=brief_id)
    flow.accept(brief_id="bad", priority=1000)
    answer = command("status")
    table = answer.stdout.split("\n1 open")[0].splitlines()
    assert max(map(len, table)) <= 80
    assert "".join(line[:40].strip() for line in table[1:5]) == brief_id
    assert "the brief breaks rules" in answer.stdout


def test_a_paused_account_that_nobody_follows_shows_both(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.ledger.advance(flow.brief("a"), "failed", pause=Pause("create", 600_000, "no credits"))
    answer = command("status")
    assert "  create paused for 9m more: no credits\n" in answer.stdout
    assert "  no listener follows it" in answer.stdout


def test_a_batch_is_listed_by_itself(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a", batch="autumn")
    flow.accept(brief_id="b", batch="spring")
    listed = json.loads(command("status", "--batch", "autumn", "--json").stdout)
    assert [brief["brief_id"] for brief in listed["briefs"]] == ["a"]
    assert [account["name"] for account in listed["accounts"]] == ["default"]
    assert command("status", "--batch", "none").stdout == "No briefs in batch none.\n"


def test_one_brief_is_shown_whole(command: Command, heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="a", instructions=[{"prompt": "someone"}], batch="autumn"))
    brief, promotion = heard.brief("a"), heard.promotion("a")
    answer = command("status", "a")
    assert answer.returncode == 0
    for text in (
        "brief:     a\n",
        "batch:     autumn\n",
        "state:     done for ",
        f"job:       {brief.fields['job_id']}\n",
        f"instructions[0]  ready  identity {promotion.fields['identity_code']}",
        brief.json("drafts")[0]["url"],
        "notes:\n  instructions[0].num_variations was not given",
        "create intended  attempt=1",
        f"promote accepted  attempt=1  identity_code={promotion.fields['identity_code']}",
    ):
        assert text in answer.stdout


def test_one_brief_for_programs_has_the_journal_too(command: Command, heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="a"))
    told = json.loads(command("status", "a", "--json").stdout)
    assert (told["state"], told["finished"]) == ("done", True)
    assert told["identity_codes"] == [heard.promotion("a").fields["identity_code"]]
    assert [entry["call"] for entry in told["journal"]] == ["create", "create", "promote", "promote"]


def test_a_bad_brief_shows_its_faults(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="bad", priority=1000)
    answer = command("status", "bad")
    assert "error:     the brief breaks rules" in answer.stdout
    assert "faults:\n  priority: a whole number from -100 to 100" in answer.stdout
    assert "(got 1000)" in answer.stdout


def test_an_unknown_brief_ends_with_1_and_a_hint(command: Command, client: "redis.Redis") -> None:
    answer = command("status", "nobody")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "no brief nobody is on record" in answer.stderr
    assert "does a worker run?" in answer.stderr


def test_text_from_outside_is_neither_markup_nor_a_terminal_s_command(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a", name="[red]Summer[/red]")
    flow.ledger.advance(flow.brief("a"), "failed", fields={"error": "[bold]no\x1b[2J \u202eway[/bold]"})
    for arguments in (["status"], ["status", "a"]):
        answer = command(*arguments)
        assert "[bold]no\\x1b[2J" in answer.stdout
        assert not [each for each in answer.stdout if not each.isprintable() and each != "\n"]
    assert "name:      [red]Summer[/red]\n" in answer.stdout
