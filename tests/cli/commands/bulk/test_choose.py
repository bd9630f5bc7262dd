"""`choose --replay` holds a rule beside what was chosen; `enqueue` refuses a rule that is not here."""

import json
from pathlib import Path

import pytest
from commandline import Command
from stepping import Flow

from worker.operations.doctor import choosers


def test_what_best_says_of_an_export_is_told_without_redis_and_api(
    command: Command, alone: Command, heard: Flow, tmp_path: Path
) -> None:
    instruction = {"prompt": "A man", "num_variations": 2, "options": {"size": "1K"}}
    heard.finish(heard.accept(brief_id="b", instructions=[instruction]))
    access = {"PIKTID_API_URL": heard.api.url, "PIKTID_API_TOKEN": heard.api.token}
    assert command("export", "--drafts", "--to", str(tmp_path), **access).returncode == 0
    told = json.loads(alone("choose", "--replay", str(tmp_path), "--rule", "best", "--json").stdout)
    # The model sees no face in what the sandbox draws.
    assert [told[name] for name in ("agree", "differ", "ask", "not_compared")] == [0, 0, 1, 0]
    (choice,) = told["choices"]
    assert (choice["brief_id"], choice["rule"], choice["would_choose"]) == ("b", "first", None)
    assert choice["decision"]["asks"] == "no draft shows exactly one face"


def test_status_and_why_say_what_a_rule_has_said(command: Command, heard: Flow) -> None:
    instruction = {"prompt": "A man", "options": {"size": "1K"}}
    heard.accept(brief_id="b", instructions=[instruction], choose="best")
    heard.steps.until(lambda: heard.brief("b").get("decisions"))
    why = "no draft shows exactly one face"
    assert f"because:  instructions[0] best: {why}" in command("why", "b").stdout
    status = command("status", "b").stdout
    assert f"a person is asked, as {why}" in status
    assert "not chosen from  face 0" in status
    assert json.loads(command("status", "b", "--json").stdout)["decisions"][0]["asks"] == why


@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        ("first", 2, "--rule first: is no rule that looks at drafts: best or plugin:NAME"),
        ("plugin:absent", 2, "--rule plugin:absent: no plug-in of this name is installed here"),
        ("best", 1, "there is no choice to compare in"),
    ],
)
def test_what_can_not_be_compared_is_said(
    alone: Command, tmp_path: Path, rule: str, code: int, said: str
) -> None:
    answer = alone("choose", "--replay", str(tmp_path), "--rule", rule)
    assert (answer.returncode, said in answer.stderr) == (code, True), answer.stderr


def test_doctor_says_which_rules_can_be_followed_here() -> None:
    assert choosers().said == "best is installed; plug-ins: none"


def test_a_brief_whose_plug_in_is_not_here_is_not_sent(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(json.dumps({"instructions": [{"prompt": "A man"}], "choose": "plugin:absent"}))
    answer = command("enqueue", str(file), PIKTID_API_TOKEN="sandbox-nobody")
    assert answer.returncode == 1
    assert "choose: no plug-in of this name is installed here" in answer.stdout + answer.stderr
    assert '"plugin:absent"' in answer.stdout + answer.stderr
