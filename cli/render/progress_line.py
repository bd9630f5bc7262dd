"""One line that says how far many briefs are, cut to the terminal."""

from collections.abc import Iterable, Mapping

from config.text import printable
from config.times import format_duration
from worker.selection.progress import Progress
from worker.views.account import PauseView


def progress_line(progress: Progress, *, queued: int = 0, pace: str = "", holds: Iterable[str] = ()) -> str:
    """Return how many are finished of all, what needs a person, the pace, and what holds up the rest."""
    parts = [f"{progress.finished}/{progress.total} finished"]
    parts += [f"{progress.lost} failed or cancelled"] if progress.lost else []
    parts += [f"{progress.for_person} for a person"] if progress.for_person else []
    parts += [f"{queued} queued"] if queued else []
    parts += [pace] if pace else []
    return printable(" · ".join([*parts, *holds]))


def holds(pauses: Mapping[str, Mapping[str, PauseView]], parked: Mapping[str, int], now: int) -> list[str]:
    """Return in a few words each what holds briefs up: pauses by account, budgets of batches."""
    found = [
        f"{account} {'' if what == 'pause' else what + ' '}paused"
        f" {format_duration(pause.until - now)}: {pause.reason}"
        for account, its in sorted(pauses.items())
        for what, pause in its.items()
    ]
    over = sum(parked.values())
    return [*([f"{over} over budget"] if over else []), *found]


def cut(line: str, width: int) -> str:
    """Return a line that fits into so many columns."""
    return line if len(line) <= width else line[: max(0, width - 1)] + "…"
