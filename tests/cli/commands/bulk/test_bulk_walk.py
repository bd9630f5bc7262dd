"""From a spreadsheet to a folder of pictures, with a worker, a listener and an export killed on the way.

Some rows of examples/bulk, by the commands of its page; `examples/bulk/run.sh` does it with all of them.
"""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from bulk_example import BULK, HOW, program, write
from commandline import Command
from own_account import LONG, Api
from processes import ProcessFactory, script
from support import event_types, eventually

WORKER, LISTENER = (
    [sys.executable, "-m", "tests.chaos.programs.quick", role] for role in ("worker", "listener")
)
#: Rows of the table, by their numbers: four good ones, and one that is bad in each of four columns.
GOOD, BAD = (1, 2, 3, 4), (8, 128, 203, 248)


@pytest.fixture
def people(tmp_path: Path) -> list[list[str]]:
    """The rows in a table of their own, with the example's files; returned as they are when mended."""
    for name in ("columns.toml", "template.json"):
        shutil.copy(BULK / name, tmp_path)
    make = program("make")
    whole, mended = list(make.rows()), list(make.rows(mended=True))
    write(tmp_path / "people.csv", [make.HEADER, *(whole[number] for number in (*GOOD, *BAD))])
    return [mended[number] for number in (*GOOD, *BAD)]


@pytest.fixture
def typed(command: Command, environment: dict[str, str]) -> Callable[..., Any]:
    """Return what runs a command as its user does; it must end with `code`."""

    def run(*arguments: str, code: int = 0) -> Any:
        answer = command(*arguments, **environment)
        assert answer.returncode == code, answer.stderr
        return json.loads(answer.stdout) if "--json" in arguments else answer.stdout

    return run


@pytest.mark.channel
@pytest.mark.story
def test_every_row_becomes_one_picture_whatever_is_killed(
    typed: Callable[..., Any],
    start: ProcessFactory,
    client: "redis.Redis",
    api: Api,
    people: list[list[str]],
    tmp_path: Path,
) -> None:
    price = sum(int(row[7]) * 3 + 50 for row in people)
    # Both are killed while the second brief's drafts are asked for. By its only thread: a paid call that was
    # on its way as well would be waited out for a minute.
    api.fault("delay", path="/jobs/*/results", seconds=LONG, skip=1)
    worker = start("worker", WORKER, IDENTITY_WORKER_THREADS="1")
    listener = start("listener", LISTENER)

    budget = ("--max-credits", str(price))
    told = typed("enqueue", "people.csv", *HOW, *budget, "--keep-going", "--rejects", "bad.csv", code=1)
    assert told.splitlines()[-1] == "4 sent, 4 bad"
    eventually(client, lambda: api.has_struck("delay"))
    for killed, command in ((worker, WORKER), (listener, LISTENER)):
        killed.kill()
        start(killed.name, command)

    program("make").mend(tmp_path / "bad.csv")
    assert typed("enqueue", "bad.csv", *HOW).splitlines()[-1] == "4 sent"

    pictures = tmp_path / "pictures"
    order = ("export", "--batch", "spring", "--to", str(pictures), "--names", "{metadata.sku}")
    # Two pictures come, however often they are asked for; the others are kept back until the export is dead.
    promoted = eventually(client, lambda: len(api.ledger()["promotions"]) >= 2 and api.ledger()["promotions"])
    for each in promoted[:2]:
        api.sandbox.faults(kind="delay", path=f"/cdn/*/{each['image_result_id']}.*", count=None, seconds=0)
    api.sandbox.faults(kind="delay", path="/cdn/*", count=None, seconds=LONG)
    export = start("export", [script("identity-worker"), *order, "--follow"])
    # One that metadata.json does not tell of yet would rightly be fetched again.
    eventually(client, lambda: len(list(pictures.rglob("metadata.json"))) == 2)
    export.kill()
    api.sandbox.clear_faults()
    assert typed(*order, "--follow", "--json")["fetched"] == 6
    assert typed("wait", "--batch", "spring", "--json")["states"] == {"done": 8}
    assert typed(*order, "--json")["fetched"] == 0

    check = program("check")
    assert list(check.wrong_files(people, pictures / "spring")) == []
    assert list(check.wrong_charges(people, api.ledger())) == []
    assert event_types(client).count("identity.brief.accepted") == len(people)
