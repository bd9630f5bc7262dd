"""What rules that look at drafts have said, in lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Decisions = Sequence[Mapping[str, Any]]


def decision_lines(decisions: Decisions) -> Iterator[str]:
    """Yield the choice of each rule, and below it what it said of each draft."""
    for decision in decisions:
        yield f"{_what(decision)}: {_came_of(decision)}"
        yield from (f"  {_draft(draft)}" for draft in decision["drafts"])


def asking_lines(decisions: Decisions) -> Iterator[str]:
    """Yield why a person is asked, for each rule that leaves the choice."""
    for decision in decisions:
        if decision.get("asks") is not None:
            yield f"instructions[{decision['instruction']}] {decision['rule']}: {decision['asks']}"


def _what(decision: Mapping[str, Any]) -> str:
    version = f" ({decision['version']})" if decision["version"] else ""
    return f"instructions[{decision['instruction']}]  {decision['rule']}{version}"


def _came_of(decision: Mapping[str, Any]) -> str:
    asks = decision.get("asks")
    return f"chose {decision['chosen']}" if asks is None else f"a person is asked, as {asks}"


def _draft(draft: Mapping[str, Any]) -> str:
    place = "not chosen from" if draft["rank"] is None else f"rank {draft['rank']}"
    parts = [str(draft["image_result_id"]), place]
    if draft.get("score") is not None:
        parts.append(f"score {draft['score']:g}")
    parts += [f"{name} {said['measured']:g}" for name, said in draft.get("rules", {}).items()]
    parts += [str(draft[name]) for name in ("said", "fault") if draft.get(name)]
    return "  ".join(parts)
