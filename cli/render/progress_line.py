"""One line that says how far many briefs are, cut to the terminal."""

from config.text import printable
from worker.selection.progress import Progress


def progress_line(progress: Progress, *, queued: int = 0, pace: str = "") -> str:
    """Return how many are finished of all, what needs a person, and the pace."""
    parts = [f"{progress.finished}/{progress.total} finished"]
    parts += [f"{progress.lost} failed or cancelled"] if progress.lost else []
    parts += [f"{progress.for_person} for a person"] if progress.for_person else []
    parts += [f"{queued} queued"] if queued else []
    parts += [pace] if pace else []
    return printable(" · ".join(parts))


def cut(line: str, width: int) -> str:
    """Return a line that fits into so many columns."""
    return line if len(line) <= width else line[: max(0, width - 1)] + "…"
