"""`identity-worker status` and `watch` where there are more briefs than anybody reads."""

import io
import json

import pytest
from commandline import Command
from rich.console import Console
from stepping import Flow

from cli.commands.briefs.status import show_held
from cli.render.briefs import draw
from cli.shared.overview import look
from config import keys
from worker.operations.recounting import recount


def many(flow: Flow, count: int, batch: str) -> None:
    """Put finished briefs on record: what lists them reads no more of them than this."""
    flow.accept(brief_id="open", batch=batch)
    record = flow.client.hgetall(keys.RECORD("brief:open"))
    with flow.client.pipeline(transaction=False) as pipe:
        record.pop("counted")
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
    recount(flow.ledger)
    told = json.loads(command("status", *arguments, "--json").stdout)
    newest_first = [f"b{number}" for number in reversed(range(1_100))]
    assert [brief["brief_id"] for brief in told["briefs"]] == ["open", *newest_first]
    assert [account["name"] for account in told["accounts"]] == ["default"]
    assert {each["state"]: each["briefs"] for each in told["counts"]} == {"waiting": 1, "done": 1_100}
    shown = command("status", *arguments).stdout.splitlines()
    assert [line.split() for line in shown[1:4]] == [
        ["default", "waiting", "1"],
        ["default", "done", "1100"],
        ["1101", "briefs", "in", "all"],
    ]
    assert len(shown[6:]) == 50 + 4
    if arguments:
        cursor = shown[56].removeprefix("50 briefs listed; go on with --after ")
        rest = json.loads(command("status", *arguments, "--json", "--after", cursor).stdout)
        assert (
            len({row.split()[0] for row in shown[6:56]} | {brief["brief_id"] for brief in rest["briefs"]})
            == 1_101
        )
    else:
        assert [line.split()[0] for line in shown[6:9]] == ["open", "b1099", "b1098"]
        assert shown[56] == "1 open, 1100 finished (the newest 49 are listed); --all lists all"
    everything = command("status", *arguments, "--all").stdout.splitlines()
    assert sorted(line.split()[0] for line in everything[6:1_107]) == sorted(["open", *newest_first])


def test_a_snapshot_counts_the_briefs_that_it_does_not_read(flow: Flow) -> None:
    many(flow, 1_100, "autumn")
    for batch in (None, "autumn"):
        snapshot = look(flow.client, batch)
        assert (len(snapshot.briefs), snapshot.count, snapshot.unread_finished) == (1_001, 1_101, 100)
        assert look(flow.client, batch, everything=True).unread_finished == 0
    console = Console(width=100, file=io.StringIO())
    with console.capture() as drawn:
        console.print(draw(look(flow.client), "all", height=20))
    assert "1100/1101 briefs\n" in drawn.get(), "no number of identities, as not all are read"
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
