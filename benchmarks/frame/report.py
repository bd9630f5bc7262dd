"""How a benchmark tells what it measured: a table, and as its last line one JSON object.

    report("cost", {"briefs_per_second": Figure(23.1, "1/s", {"dramatiq": 32.6})}, briefs=400)

The object has the benchmark's name, its options, the machine (machine.py), each figure with its unit, its
rivals and the ratios to them, and how far it reaches its goals (goals.py). `read` gives it back.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.frame import goals, machine

#: Digits that are told: a measurement has no more.
DIGITS = 4


class Figure(NamedTuple):
    """A measured number, and what the same was for others in the same run."""

    ours: float
    unit: str
    rivals: Mapping[str, float] = {}


def report(name: str, figures: Mapping[str, Figure], **options: Any) -> dict[str, Any]:
    """Print the figures as a table and as a JSON object; return the object."""
    result: dict[str, Any] = {
        "benchmark": name,
        "options": options,
        "machine": machine.facts(),
        "figures": {key: _told(figure) for key, figure in figures.items()},
    }
    result["goals"] = [
        {
            "figure": judged.goal.figure,
            "goal": judged.goal.bound,
            "ratio": judged.ratio,
            "reached": judged.reached,
        }
        for judged in goals.judged(name, result["figures"])
        if judged.reached is not None
    ]
    print("\n".join(table(result)))
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return result


def table(result: Mapping[str, Any]) -> Iterable[str]:
    """Return the lines of a result's figures, for people."""
    wide = max(map(len, result["figures"]), default=0)
    for name, figure in result["figures"].items():
        others = "".join(
            f"   {rival} {number:g} ({figure['ratios'].get(rival, '-')})"
            for rival, number in figure["rivals"].items()
        )
        yield f"{name:{wide}} {figure['ours']:>10g} {figure['unit']}{others}"
    for goal in result["goals"]:
        yield f"{goal['figure']:{wide}} {goal['goal']}: {'reached' if goal['reached'] else 'NOT REACHED'}"


def read(line: str) -> dict[str, Any] | None:
    """Return the result that a line of output tells, None if it tells none."""
    try:
        result = json.loads(line)
    except ValueError:
        return None
    return result if isinstance(result, dict) and "benchmark" in result else None


def read_all(path: Path) -> list[dict[str, Any]]:
    """Return the results in a file of lines, oldest first; none if there is no file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [result for line in lines if (result := read(line))]


def _told(figure: Figure) -> dict[str, Any]:
    ours = rounded(figure.ours)
    rivals = {name: rounded(number) for name, number in figure.rivals.items()}
    ratios = {name: rounded(figure.ours / number) for name, number in figure.rivals.items() if number}
    return {"ours": ours, "unit": figure.unit, "rivals": rivals, "ratios": ratios}


def rounded(number: float) -> float:
    """Return a number with as many digits as are told."""
    return float(f"{number:.{DIGITS}g}")
