"""What benchmarks tell: one JSON object, with ratios to rivals and the goals that were reached."""

import json

import pytest

from benchmarks.frame.report import Figure, read, report


def test_the_last_line_is_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    told = report("cost", {"commands": Figure(199.98, "commands")}, briefs=3)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == told
    assert told["options"] == {"briefs": 3}
    assert told["machine"]["cores"] >= 1


def test_a_goal_may_be_a_ratio_to_a_rival() -> None:
    told = report("cost", {"briefs_per_second": Figure(26, "1/s", {"dramatiq": 20.0, "script": 40.0})})
    assert told["figures"]["briefs_per_second"]["ratios"] == {"dramatiq": 1.3, "script": 0.65}
    assert [(goal["goal"], goal["reached"]) for goal in told["goals"]] == [
        ("≥ 1.3 of dramatiq", True),
        ("≥ 0.9 of script", False),
    ]


def test_a_goal_whose_rival_did_not_run_is_not_judged() -> None:
    assert report("cost", {"briefs_per_second": Figure(26, "1/s")})["goals"] == []


@pytest.mark.parametrize(("ours", "reached"), [(16, True), (16.1, False)])
def test_a_goal_may_bound_a_figure_itself(ours: float, reached: bool) -> None:
    (goal,) = report("cost", {"round_trips": Figure(ours, "round trips")})["goals"]
    assert (goal["goal"], goal["reached"]) == ("≤ 16", reached)


@pytest.mark.parametrize("line", ["", "briefs 3", "[1]", '{"briefs": 3}', "null"])
def test_other_lines_are_no_results(line: str) -> None:
    assert read(line) is None
