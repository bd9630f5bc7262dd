"""`identity-worker status`: the list of all briefs, and everything about one."""

import io
import json
from collections.abc import Callable

import pytest
import redis
from commandline import Command
from rich.console import Console
from stepping import Flow

from cli.commands.briefs.status import show_held
from cli.render.briefs import draw
from cli.shared.overview import look
from config import keys
from worker.ledger.transition import Pause, Transition


def test_the_list_has_a_line_for_each_brief_and_its_account(command: Command, heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="done-one", choose="all"))
    heard.accept(brief_id="open-one")
    codes = [heard.promotion("done-one", number).fields["identity_code"] for number in (0, 1)]
    answer = command("status")
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert answer.returncode == 0
    assert lines[0] == ["BRIEF", "STATE", "TIME", "IDENTITIES,", "ERROR"]
    assert (lines[1][0], lines[1][1]) == ("open-one", "waiting")
    assert (lines[2][0], lines[2][1], lines[2][3]) == ("done-one", "done", codes[0])
    assert lines[3] == [codes[1]]
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
    assert "".join(line[:46].strip() for line in lines[1:4]) == brief_id
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
    assert command("status", "--batch", "none").stdout == "No brief of batch none is on record.\n"


def many(flow: Flow, count: int, batch: str) -> None:
    """Put finished briefs on record: what lists them reads no more of them than this."""
    flow.accept(brief_id="open", batch=batch)
    record = flow.client.hgetall(keys.RECORD("brief:open"))
    with flow.client.pipeline(transaction=False) as pipe:
        for number in range(count):
            pipe.hset(keys.RECORD(f"brief:b{number}"), mapping={**record, "state": "done"})
            pipe.pexpire(keys.RECORD(f"brief:b{number}"), 60_000)
        pipe.zadd(keys.FINISHED(), {f"b{number}": number for number in range(count)})
        pipe.zadd(keys.BATCH(batch), {f"b{number}": number for number in range(count)})
        pipe.execute()


@pytest.mark.parametrize("arguments", [[], ["--batch", "autumn"]])
def test_no_brief_is_left_out_silently_for_people_or_for_programs(
    arguments: list[str], command: Command, flow: Flow
) -> None:
    many(flow, 1_100, "autumn")
    told = json.loads(command("status", *arguments, "--json").stdout)
    newest_first = [f"b{number}" for number in reversed(range(1_100))]
    assert [brief["brief_id"] for brief in told["briefs"]] == ["open", *newest_first]
    assert [account["name"] for account in told["accounts"]] == ["default"]
    shown = command("status", *arguments).stdout.splitlines()
    assert [line.split()[0] for line in shown[1:4]] == ["open", "b1099", "b1098"]
    assert shown[52] == "1 open, 1100 finished (the newest 50 are listed); --all lists all"
    everything = command("status", *arguments, "--all").stdout.splitlines()
    assert [line.split()[0] for line in everything[1:1_102]] == ["open", *newest_first]
    assert everything[1_102] == "1 open, 1100 finished"


def test_a_snapshot_counts_the_briefs_that_it_does_not_read(flow: Flow) -> None:
    many(flow, 1_100, "autumn")
    for batch in (None, "autumn"):
        snapshot = look(flow.client, batch)
        assert (len(snapshot.briefs), snapshot.count, snapshot.unread_finished) == (1_001, 1_101, 100)
        assert look(flow.client, batch, everything=True).unread_finished == 0
    console = Console(width=100, file=io.StringIO())
    with console.capture() as drawn:
        console.print(draw(look(flow.client), "all", height=20))
    assert "1100/1101 briefs · at least 0 identities" in drawn.get()
    assert "and 1086 more" in drawn.get()


def test_all_that_is_held_is_listed_for_programs_and_counted_for_people(
    command: Command, flow: Flow, capsys: pytest.CaptureFixture[str]
) -> None:
    flow.accept(brief_id="held")
    record = {**flow.client.hgetall(keys.RECORD("brief:held")), "state": "held", "question": "what now?"}
    with flow.client.pipeline(transaction=False) as pipe:
        for number in range(502):
            pipe.hset(keys.RECORD(f"brief:h{number}"), mapping=record)
            pipe.hset(keys.DEAD_LETTER_TEXTS(keys.INLET), f"m{number}", "{}")
        pipe.zadd(keys.HELD_BRIEFS(), {f"h{number}": number for number in range(502)})
        pipe.zadd(keys.DEAD_LETTERS(keys.INLET), {f"m{number}": number for number in range(502)})
        pipe.execute()
    show_held(flow.client, everything=False, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (len(told["held"]), len(told["dead_letters"])) == (502, 502)
    show_held(flow.client, everything=False, as_json=False)
    shown = capsys.readouterr().out
    assert (shown.count("\nbrief h") + shown.startswith("brief h"), shown.count("dead letter m")) == (
        500,
        500,
    )
    assert "502 held, 502 dead letters\nOf each at most 500 are listed" in shown
    flow.client.rpush(keys.DEAD_LETTERS_BEYOND(), "{}", "{}")
    show_held(flow.client, everything=True, as_json=False)
    told = capsys.readouterr()
    assert "at most" not in told.out
    assert "2 more entries of the queue are put aside" in told.err


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
