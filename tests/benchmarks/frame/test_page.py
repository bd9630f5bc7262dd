"""The page of what was measured, and the table of goals: the newest result of each benchmark counts."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import measured
from benchmarks.frame.goals import GOALS
from benchmarks.frame.page import goals_table, newest, page
from benchmarks.frame.report import Figure, read_all, report
from benchmarks.frame.suites import BENCHMARKS, Benchmark
from benchmarks.suite import run


def rows(*results: dict[str, Any]) -> list[list[str]]:
    _, _, *lines = goals_table(results)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_newest_result_of_a_benchmark_counts() -> None:
    old, new = (report("cost", {"commands": Figure(number, "a brief")}) for number in (440, 150))
    assert newest([old, new]) == {"cost": new}


def test_each_goal_has_a_row_whether_it_was_measured_or_not() -> None:
    cells = rows(report("cost", {"commands": Figure(150, "a brief")}))
    assert len(cells) == len(GOALS)
    assert ["cost: commands inside Redis", "150 a brief", "", "", "≤ 200", "yes"] in cells
    assert ["idle: Redis commands with nothing to do", "", "", "", "≤ 12", "not measured"] in cells


def test_a_goal_that_is_missed_is_said_so() -> None:
    cells = rows(report("cost", {"briefs_per_second": Figure(10, "1/s", {"dramatiq": 20})}))
    assert ["10 1/s", "20", "0.50", "≥ 1.3 of dramatiq", "**no**"] in [row[1:] for row in cells]


def test_a_section_tells_the_command_the_rivals_and_the_machine() -> None:
    figures = {"briefs_per_second": Figure(10, "1/s", {"dramatiq": 20}), "commands": Figure(9, "a brief")}
    told = page([report("cost", figures, briefs=3, names=["a b", "c"])])
    assert "`python -m benchmarks.cost --briefs 3 --names 'a b' c`" in told
    assert "| briefs per second | 10   | 1/s     | 20       | 0.5              |" in told
    assert "| commands          | 9    | a brief |          |                  |" in told
    assert "What a brief costs" in told


def test_results_are_kept_beside_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "KEPT", tmp_path / "measured.jsonl")
    monkeypatch.setattr(measured, "PAGE", tmp_path / "measured.md")
    for number, name in ((1, "idle"), (2, "cost"), (3, "idle")):
        told = report(name, {"commands": Figure(number, "a brief")})
        (tmp_path / "results").write_text(f"{json.dumps(told)}\n")
        measured.main(tmp_path / "results")
    kept = read_all(tmp_path / "measured.jsonl")
    assert [each["figures"]["commands"]["ours"] for each in kept] == [2, 3]
    assert (tmp_path / "measured.md").read_text() == page(kept)


def test_a_benchmark_that_fails_has_no_result() -> None:
    assert run(Benchmark("benchmarks.nowhere"), "") is None


def test_each_goal_is_of_a_benchmark_that_the_suite_knows() -> None:
    assert {goal.benchmark for goal in GOALS} <= BENCHMARKS.keys()
