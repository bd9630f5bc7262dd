"""Makes `states.md`, the picture of the states, from their table (`python -m docs.make`)."""

from collections.abc import Iterator
from pathlib import Path

from worker.ledger.kinds import KINDS, Kind
from worker.ledger.states import State

PAGE = Path(__file__).parent / "states.md"

_TITLES = {Kind.BRIEF: "A brief", Kind.PROMOTION: "A promotion (one for each identity that a brief yields)"}


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            "# The states",
            "",
            "Made from `worker/ledger/states.py` by `python -m docs.make`;",
            "a test keeps the two the same.",
            "A move that is not in these pictures is refused.",
            *(line for kind in KINDS for line in _section(kind)),
            "",
        ]
    )


def _section(kind: Kind) -> Iterator[str]:
    yield from (
        "",
        f"## {_TITLES.get(kind, KINDS[kind].plural.capitalize())}",
        "",
        "```mermaid",
        "stateDiagram-v2",
    )
    yield from (f"    [*] --> {name}" for name in KINDS[kind].begins)
    for name, state in KINDS[kind].states.items():
        yield from (f"    {name} --> {to}" for to in state.moves or ("[*]",))
    yield from ("```", "", "| state | woken step | job permit | slots |", "|---|---|---|---|")
    yield from (_row(name, state) for name, state in KINDS[kind].states.items())


def _row(name: str, state: State) -> str:
    actor = f"`{state.actor}`" if state.actor else "-"
    return f"| {name} | {actor} | {_held(state.permit)} | {_held(state.slots)} |"


def _held(held: bool) -> str:
    return "held" if held else "-"
