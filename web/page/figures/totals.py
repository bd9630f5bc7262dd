"""How many briefs a filter means, by state, each with the filter of that state."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from worker.ledger.states import BRIEF
from worker.selection.filter import Filter
from worker.selection.language import written
from worker.views.counts import Counts


@dataclass(frozen=True)
class Total:
    """One state, or all."""

    state: str
    number: int
    address: str


def totals(found: Counts, wanted: Filter) -> tuple[int, list[Total]]:
    """Return how many there are in all, and of each state that any is in."""
    states: Counter[str] = Counter()
    for where, number in found.of.items():
        states[where.state] += number
    return found.on_record, list(_each(states, wanted))


def _each(states: Counter[str], wanted: Filter) -> Iterator[Total]:
    order = {state: number for number, state in enumerate(BRIEF)}
    for state in sorted(states, key=lambda each: order.get(each, len(order))):
        yield Total(state, states[state], address(replace(wanted, state=(state,))))


def address(wanted: Filter) -> str:
    """Return where the briefs of a filter are shown."""
    line = written(replace(wanted, limit=None))
    return f"/briefs?{urlencode({'filter': line})}" if line else "/briefs"
