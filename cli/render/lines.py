"""What `watch` and `demo` print where no terminal is: each change of a state is a line."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Self

from cli.shared.overview import Snapshot
from config.text import counted, printable
from worker.ledger.records import parse_subject
from worker.views.models import BriefView


class Lines:
    """Prints a line for each brief and promotion that is seen in a new state."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._seen: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """There is nothing to end."""

    def begin(self, still_open: int, finished: int) -> None:
        """Say how many briefs there are: to read them takes a while."""
        briefs = counted(still_open + finished, "brief")
        self._tell(f"{time.strftime('%H:%M:%S')}  {briefs} on record, {finished} of them finished")

    def show(self, snapshot: Snapshot) -> None:
        """Print what has changed."""
        for brief in sorted(snapshot.briefs, key=lambda brief: brief.accepted_at):
            lines = [
                (parse_subject(each.subject).label, each.state, each.identity_code)
                for each in brief.promotions
            ]
            own = (brief.brief_id, brief.state, detail(brief) if brief.state == "failed" else None)
            # A brief's promotions begin after it, and end before it.
            for line in [*lines, own] if brief.finished else [own, *lines]:
                self._line(*line)

    def _line(self, name: str, state: str, more: str | None) -> None:
        if self._seen.get(name) != state:
            self._seen[name] = state
            words = [time.strftime("%H:%M:%S"), name, state, *([printable(more)] if more else [])]
            self._tell("  ".join(words))


def detail(brief: BriefView) -> str:
    """Return a brief's detail for its line: what is wrong, else how far it is."""
    if brief.faults:
        return "; ".join(f"{fault['path'] or 'brief'}: {fault['rule']}" for fault in brief.faults)
    if brief.state in ("failed", "held"):
        return brief.question or brief.error or ""
    if waits_for_person(brief):
        return "waits for a person's pick"
    if brief.promotions:
        words = Counter(
            promotion.identity_code or "" if promotion.state == "ready" else promotion.state
            for promotion in brief.promotions
        )
        return " ".join(word if count == 1 else f"{count} {word}" for word, count in words.items())
    return brief.name or ""


def waits_for_person(brief: BriefView) -> bool:
    """Return whether nothing will happen to a brief before a person has decided."""
    return brief.state == "held" or brief.waits_for_pick
