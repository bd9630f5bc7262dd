"""The table of goals, and the page docs/measured.md, from the results of benchmarks."""

import ast
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.frame.goals import GOALS, Judged
from benchmarks.frame.machine import ROOT
from benchmarks.frame.suites import BENCHMARKS

Result = Mapping[str, Any]
HEAD = ("what", "ours", "rival", "ratio", "goal", "reached")
#: Facts of the machine that a section tells itself, since they may differ from one to the next.
EACH_TIME = ("measured", "commit", "load", "fsync")


def newest(results: Iterable[Result]) -> dict[str, Result]:
    """Return the last result of each benchmark, in the order of the suite."""
    last = {result["benchmark"]: result for result in results}
    return {name: last[name] for name in BENCHMARKS if name in last}


def goals_table(results: Iterable[Result]) -> list[str]:
    """Return the lines of the table of all goals, as Markdown that is aligned."""
    last = newest(results)
    judged = [goal.judge(last.get(goal.benchmark, {}).get("figures", {})) for goal in GOALS]
    return markdown([HEAD, *map(_row, judged)])


def page(results: Iterable[Result]) -> str:
    """Return the whole page."""
    last = newest(results)
    return "\n".join(
        [
            "# Measured",
            "",
            "Made by `python -m benchmarks.measured FILE` from what `make bench` has written to that file.",
            "What takes longer, and what was broken on purpose, is told in [long runs](figures.md).",
            "",
            "The ratios are to others in the same run, in turns: `dramatiq` is a plain program of four",
            "Dramatiq actors with an event listener, `script` is asyncio and httpx and nothing that outlives",
            "it. Both stand in [benchmarks/rivals](../benchmarks/rivals).",
            "",
            "## Goals",
            "",
            *goals_table(last.values()),
            *(line for result in last.values() for line in _section(result)),
            "",
        ]
    )


def markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table, its columns as wide as what stands in them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def _row(judged: Judged) -> tuple[str, ...]:
    goal = judged.goal
    reached = {None: "not measured", True: "yes", False: "**no**"}[judged.reached]
    return (
        f"{goal.benchmark}: {goal.what}",
        "" if judged.ours is None else f"{judged.ours:g} {judged.unit}",
        "" if judged.rival is None else f"{judged.rival:g}",
        "" if judged.ratio is None else f"{judged.ratio:.2f}",
        goal.bound,
        reached,
    )


def _section(result: Result) -> list[str]:
    name, machine = result["benchmark"], result["machine"]
    module = BENCHMARKS[name].module
    options = [_option(key, value) for key, value in result["options"].items()]
    facts = ", ".join(f"{key} {value}" for key, value in machine.items() if key not in EACH_TIME)
    rivals = sorted({rival for figure in result["figures"].values() for rival in figure["rivals"]})
    return [
        "",
        f"## {name}",
        "",
        _purpose(module),
        "",
        f"`{' '.join(['python -m', module, *options])}`",
        "",
        *markdown([_head(rivals), *(_figure(key, each, rivals) for key, each in result["figures"].items())]),
        "",
        f"{machine['measured'][:10]}, commit {machine['commit']}, load {machine['load']:g} at its end,"
        f" fsync {machine['fsync']}; {facts}.",
    ]


def _option(name: str, value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return " ".join([f"--{name.replace('_', '-')}", *(shlex.quote(str(each)) for each in values)])


def _purpose(module: str) -> str:
    """Return the first line of a benchmark's docstring, without its import."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _head(rivals: Sequence[str]) -> tuple[str, ...]:
    return ("figure", "ours", "unit", *(word for rival in rivals for word in (rival, f"ours to {rival}")))


def _figure(name: str, figure: Mapping[str, Any], rivals: Sequence[str]) -> tuple[str, ...]:
    others = [
        f"{found[rival]:g}" if rival in found else ""
        for rival in rivals
        for found in (figure["rivals"], figure["ratios"])
    ]
    return (name.replace("_", " "), f"{figure['ours']:g}", figure["unit"], *others)
