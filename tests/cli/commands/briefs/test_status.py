"""`identity-worker status`: the list of all briefs, and everything about one."""

import json
from collections.abc import Callable

import redis
from commandline import Command
from stepping import Flow

from config import keys
from worker.ledger.transition import Pause, Transition


def test_the_list_has_a_line_for_each_brief_and_its_account(command: Command, heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="done-one", choose="all"))
    heard.accept(brief_id="open-one")
    codes = [heard.promotion("done-one", number).fields["identity_code"] for number in (0, 1)]
    answer = command("status")
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert answer.returncode == 0
    assert lines[:5] == [
        ["ACCOUNT", "STATE", "BRIEFS", "CAUSE"],
        ["default", "waiting", "1"],
        ["default", "done", "1"],
        ["2", "briefs", "in", "all"],
        [],
    ]
    assert lines[5] == ["BRIEF", "STATE", "TIME", "IDENTITIES,", "ERROR"]
    assert (lines[6][0], lines[6][1]) == ("open-one", "waiting")
    assert (lines[7][0], lines[7][1], lines[7][3]) == ("done-one", "done", codes[0])
    assert lines[8] == [codes[1]]
    assert "1 open, 1 finished" in answer.stdout
    assert "account default\n  jobs 1/5, slots 2+1 reserved/50, waiting: 0 to create" in answer.stdout
    assert "no listener follows it" not in answer.stdout


def test_the_list_fits_80_columns_and_loses_no_character_of_an_id(command: Command, flow: Flow) -> None:
    brief_id = "a" * 60 + "b" * 68
    flow.accept(brief_id=brief_id)
    flow.accept(brief_id="bad", priority=1000)
    answer = command("status")
    lines = answer.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]
    rows = lines[lines.index("") + 2 :]
    assert "".join(line[:46].strip() for line in rows[:3]) == brief_id
    assert "the brief breaks" in answer.stdout


def test_a_paused_account_that_nobody_follows_shows_both(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.ledger.apply(flow.brief("a"), Transition("failed", pause=Pause("create", 600_000, "no credits")))
    answer = command("status")
    assert "  create paused for 9m more: no credits\n" in answer.stdout
    assert "  no listener follows it" in answer.stdout


def test_an_id_is_not_folded_to_make_room_for_a_long_error(command: Command, flow: Flow) -> None:
    brief_id = "0f8fad5b-d9cb-469f-a165-70867728950e"
    flow.accept(brief_id=brief_id)
    flow.ledger.apply(
        flow.brief(brief_id), Transition("failed", fields={"error": "the API's own words " * 10})
    )
    assert f"{brief_id}  failed" in command("status").stdout


def test_the_account_s_line_fits_80_columns_when_a_lot_waits(
    command: Command, flow: Flow, client: "redis.Redis"
) -> None:
    flow.accept()
    for endpoint in ("create", "promote"):
        client.zadd(
            keys.WAITING("default", endpoint), {f"brief:{number}": number for number in range(10_000)}
        )
    client.hset(keys.SLOTS("default"), "brief:more", "40")
    lines = command("status").stdout.splitlines()
    assert "waiting: 10000 to create, 10000 to promote" in lines[-2]
    assert max(map(len, lines)) <= 79
    client.flushall()


def test_on_a_terminal_lines_are_folded_between_words_and_urls_stay_whole(
    on_terminal: Callable[..., list[str]], heard: Flow
) -> None:
    heard.finish(heard.accept(brief_id="a"))
    url = heard.brief("a").json("drafts")[0]["url"]
    lines = on_terminal("status", "a")
    assert [line for line in lines if url in line]
    assert not [line for line in lines if len(line) > 79 and url.partition("/")[0] not in line]
    assert not [line for line in lines if line != line.rstrip()]


def test_a_bad_brief_of_a_missing_account_shows_no_such_account(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="bad", account="nobody")
    answer = command("status")
    assert "bad" in answer.stdout
    assert "account nobody" not in answer.stdout
    assert "listener" not in answer.stdout
    assert json.loads(command("watch", "--once", "--json").stdout)["accounts"] == []


def test_a_refused_token_names_the_account_and_where_it_is_set(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.ledger.apply(
        flow.brief("a"), Transition("failed", pause=Pause("pause", 600_000, "401: Invalid token", 401))
    )
    told = command("status").stdout
    assert "  all paused for 9m more: 401: Invalid token\n" in told
    assert "the token of account default: set PIKTID_API_TOKEN, or what the account's token_env" in told


def test_a_batch_is_listed_by_itself(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a", batch="autumn")
    flow.accept(brief_id="b", batch="spring")
    listed = json.loads(command("status", "--batch", "autumn", "--json").stdout)
    assert [brief["brief_id"] for brief in listed["briefs"]] == ["a"]
    assert [account["name"] for account in listed["accounts"]] == ["default"]
    none = command("status", "--batch", "none")
    assert (none.returncode, none.stdout) == (0, "No brief on record matches batch:none.\n")


def test_one_brief_is_shown_whole(command: Command, heard: Flow) -> None:
    heard.finish(
        heard.accept(
            brief_id="a", instructions=[{"prompt": "someone"}], batch="autumn", metadata={"sku": "ä7"}
        )
    )
    brief, promotion = heard.brief("a"), heard.promotion("a")
    answer = command("status", "a")
    assert answer.returncode == 0
    for text in (
        "brief:     a\n",
        "batch:     autumn\n",
        'metadata:  {"sku": "ä7"}\n',
        "state:     done for ",
        f"job:       {brief.fields['job_id']}\n",
        f"instructions[0]  ready  identity {promotion.fields['identity_code']}",
        brief.json("drafts")[0]["url"],
        "notes:\n  instructions[0].num_variations was not given",
        "create intended  attempt=1",
        f"promote accepted  attempt=1  credits=50  identity_code={promotion.fields['identity_code']}",
    ):
        assert text in answer.stdout
    journal = answer.stdout.partition("journal:\n")[2]
    assert "None" not in journal
    assert ".0\n" not in journal + answer.stdout


def test_one_brief_for_programs_has_the_journal_too(command: Command, heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="a"))
    told = json.loads(command("status", "a", "--json").stdout)
    assert (told["state"], told["finished"]) == ("done", True)
    assert told["identity_codes"] == [heard.promotion("a").fields["identity_code"]]
    assert [entry["call"] for entry in told["journal"]] == [*["create"] * 3, "promote", "promote"]


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
    assert "filter" not in answer.stderr
    meant = command("status", "meta.sku:00082")
    assert meant.returncode == 1
    assert "If a filter is meant: `identity-worker status --filter meta.sku:00082`" in meant.stderr
    assert "`identity-worker status` lists those that are" in answer.stderr


def test_text_from_outside_is_neither_markup_nor_a_terminal_s_command(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="a", name="[red]Summer[/red]")
    flow.ledger.apply(
        flow.brief("a"), Transition("failed", fields={"error": "[bold]no\x1b[2J \u202eway[/bold]"})
    )
    for arguments in (["status"], ["status", "a"]):
        answer = command(*arguments)
        assert "[bold]no\\x1b[2J" in answer.stdout
        assert not [each for each in answer.stdout if not each.isprintable() and each != "\n"]
    assert "name:      [red]Summer[/red]\n" in answer.stdout
