"""Many briefs with some bad ones: what is told of them, and the file of what was refused."""

import io
import json
from pathlib import Path

import pytest
import typer
from commandline import Command
from enqueued import BAD, GOOD, ids
from stepping import Flow
from support import brief

from cli.render import outgoing
from cli.sending.files import Reading
from cli.sending.outgoing import Status
from cli.sending.photos import PhotoCheck
from cli.sending.preparing import Rules, prepare
from cli.sending.rejects import rejects_to
from cli.sending.spool import Spool
from config.settings import Settings
from worker.ledger.arrivals import Arrived, Bought, Outcome


def prepared(content: bytes) -> Spool:
    return prepare(Reading(["-"], io.BytesIO(content)).items(), Rules(Settings()), PhotoCheck(Settings()))


def told(items: Spool, capsys: pytest.CaptureFixture[str]) -> list[str]:
    outgoing.show_all(items, whole=True)
    return capsys.readouterr().out.splitlines()


def test_of_two_thousand_briefs_a_page_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [BAD if number % 100 == 0 else GOOD for number in range(2_000)] + ["{", "[]"]
    shown = told(prepared("\n".join(lines).encode()), capsys)
    assert len(shown) < 20
    assert "  20 times: priority: a whole number from -100 to 100" in shown[1]
    assert shown[2] == "    stdin:1, stdin:101, stdin:201 and 17 more"
    assert shown[-1] == "22 bad, 1980 valid"


def test_faults_of_many_kinds_are_counted_beyond_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps(brief(**{f"unknown{number}": 1})) for number in range(30)]
    assert told(prepared("\n".join(lines).encode()), capsys)[-2:] == [
        "  and 15 faults of 15 other kinds; --json lists all",
        "30 bad",
    ]


def test_of_a_few_briefs_each_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    many = json.dumps(brief(**{f"unknown{number}": 1 for number in range(12)}))
    good = [json.dumps(brief(name=name)) for name in ("a", "b", "c")]
    first, second, *faults, more, _, _, counts = told(
        prepared("\n".join([good[0], many, *good[1:]]).encode()), capsys
    )
    assert first.startswith("stdin:1: ")
    assert first.endswith(": valid, not sent")
    assert second == "stdin:2: bad"
    assert len([line for line in faults if line.startswith("  unknown")]) == 10
    assert (more, counts) == ("  and 2 more; --json lists all", "3 valid, 1 bad")


def test_under_which_id_briefs_were_bought_before_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    spool = prepared("\n".join(json.dumps(brief(name=f"n{number}")) for number in range(30)).encode())
    for each in list(spool)[:7]:
        each.status = Status.BOUGHT
        each.arrived = Arrived(Outcome.ACCEPTED, bought=Bought(f"old-{each.number}", "default", 1))
        spool.save(each)
    first = told(spool, capsys)[0]
    assert first.startswith(
        "7 not sent: the same was bought before; --again buys it once more: stdin:1 (as old-1)"
    )
    assert first.endswith("stdin:5 (as old-5) and 2 more; --json lists all")


def test_rejects_stand_as_they_stood_each_on_a_line(tmp_path: Path) -> None:
    bad = json.dumps(brief(priority=1000), indent=2)
    content = b'[\n%b,\n%b,\n{"name": "\xc4"}]' % (bad.encode(), GOOD.encode())
    with rejects_to(tmp_path / "r.jsonl") as file:
        assert file is not None
        assert "2 briefs to mend" in file.write(prepared(content))
    first, second = (tmp_path / "r.jsonl").read_bytes().splitlines()
    assert json.loads(first) == brief(priority=1000)
    assert second == b'{"name": "\xc4"}'
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def test_what_cannot_be_taken_out_of_its_file_is_named_instead(tmp_path: Path) -> None:
    with rejects_to(tmp_path / "r.jsonl") as file:
        assert file is not None
        assert file.write(prepared(b"[{},")).endswith("Mend where they are: stdin.")
    assert list(tmp_path.iterdir()) == []


def test_in_the_folder_that_is_read_rejects_are_one_file_only(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.json").write_text(BAD)
    reading = Reading([str(tmp_path)], io.BytesIO())
    with rejects_to(tmp_path / "r.jsonl") as file:
        briefs = prepare(reading.items(), Rules(Settings()), PhotoCheck(Settings()))
        assert file is not None
        file.write(briefs)
    assert reading.skipped == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "r.jsonl"]


def test_without_a_refusal_no_file_is_left(tmp_path: Path) -> None:
    with rejects_to(tmp_path / "r.jsonl") as file:
        assert file is not None
        assert file.write(prepared(GOOD.encode())) == "No brief was refused; no file of rejects is written."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["there.jsonl", "no/such/folder/r.jsonl"])
def test_where_rejects_cannot_be_written_is_known_before_anything_is_read(place: str, tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").write_text("mine")
    with pytest.raises(typer.Exit) as ended, rejects_to(tmp_path / place):
        pytest.fail("it went on")
    assert ended.value.exit_code == 2
    assert (tmp_path / "there.jsonl").read_text() == "mine"


def test_the_good_are_sent_the_rejects_are_mended_and_sent(
    command: Command, flow: Flow, tmp_path: Path
) -> None:
    bad = json.dumps(brief(brief_id="b", priority=1000))
    good = json.dumps(brief(brief_id="a"))
    (tmp_path / "all.jsonl").write_text(f"{bad}\n{good}\n")
    answer = command("enqueue", "all.jsonl", "--keep-going", "--rejects", "r.jsonl")
    assert (answer.returncode, ids(flow.client)) == (1, ["a"])
    assert "keep-going" not in answer.stdout, "it was given"
    mended = (tmp_path / "r.jsonl").read_text().replace("1000", "10")
    (tmp_path / "r.jsonl").write_text(mended)
    assert command("enqueue", "r.jsonl").returncode == 0
    assert ids(flow.client) == ["a", "b"]


def test_a_file_in_which_all_is_bad_is_not_to_be_sent(command: Command) -> None:
    answer = command("enqueue", "-", stdin=BAD)
    assert answer.stdout.endswith("Nothing was enqueued.\n")
