"""`identity-worker restored`: nothing is bought before all that may have been since is looked for."""

import json
import os
import subprocess

import pytest
from commandline import SCRIPT, Command, environment
from own_account import CREATE
from stepping import Flow


def test_restored_stops_all_accounts_and_tells_where_it_is_seen(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="b")
    told = json.loads(command("restored", "--by", "ada", "--why", "disk", "--json").stdout)
    assert told == {"since": None, "accounts": ["default"]}
    flow.steps.run()
    assert flow.brief("b").state == "waiting"
    assert flow.api.arrived(CREATE) == 0
    for shown in (command("status").stdout, command("why", "b").stdout, command("accounts").stdout):
        words = " ".join(shown.split())
        assert "buying nothing since" in words
        assert "ada says that Redis came back from a copy (disk)" in words
    why = command("why", "b").stdout
    assert "unpause" not in why
    assert "  start:    not known: the pause of its account or batch has to end\n" in why
    (action,) = json.loads(command("actions", "--json").stdout)
    assert (action["what"], action["by"], action["why"]) == ("restored", "ada", "disk")


def test_restored_refuses_a_time_that_is_none(command: Command, flow: Flow) -> None:
    refused = command("restored", "--since", "yesterday")
    assert refused.returncode == 2
    assert "must be an age" in " ".join(refused.stderr.split())


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 1), (b"y\n", 0)])
def test_on_a_terminal_restored_asks_before_it_stops_all(
    answer: bytes, code: int, command: Command, flow: Flow, redis_url: str
) -> None:
    flow.accept(brief_id="b")
    ours, its = os.openpty()
    try:
        os.write(ours, answer)
        ended = subprocess.run(
            [SCRIPT, "restored"], env=environment(REDIS_URL=redis_url), stdin=its, stderr=its, check=False
        )
    finally:
        os.close(ours)
        os.close(its)
    assert ended.returncode == code
    assert len(json.loads(command("actions", "--json").stdout)) == 1 - code
