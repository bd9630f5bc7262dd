"""Small plots of the last hours, as numbers that a template draws with."""

from collections.abc import Sequence
from dataclasses import dataclass

from config.text import counted
from config.times import format_time
from worker.metrics.hours import Hours

#: Size of a plot, in its own units.
WIDTH, HEIGHT = 360, 72


@dataclass(frozen=True)
class Bar:
    """One step of time, and its number."""

    x: float
    y: float
    width: float
    height: float
    told: str


@dataclass(frozen=True)
class Plot:
    """Bars from the oldest to the newest."""

    title: str
    told: str
    """What it shows, in a sentence, for whoever does not see it."""
    top: int
    begins: str
    """When the first step began."""
    bars: tuple[Bar, ...]


def plots(hours: Hours, queued: int = 0) -> tuple[Plot, Plot]:
    """Return the plots of what ended, and of what was open; `queued`: what no worker has taken yet."""
    per_hour = round(3_600_000 / hours.step_ms)
    ended, now_open = sum(hours.finished[-per_hour:]), hours.unfinished[-1]
    span = f"the last {len(hours.ends) // per_hour} hours"
    untaken = f" {counted(queued, 'more is', 'more are')} queued that no worker has taken yet."
    minutes = hours.step_ms // 60_000
    return (
        _plot(
            f"Finished in {minutes} minutes",
            f"{ended} finished in the last hour, {sum(hours.finished)} in {span}.",
            hours,
            hours.finished,
        ),
        _plot(
            "Open",
            f"{now_open} open now, {max(hours.unfinished)} at most in {span}." + (untaken if queued else ""),
            hours,
            hours.unfinished,
        ),
    )


def _plot(title: str, told: str, hours: Hours, numbers: Sequence[int]) -> Plot:
    top = max([1, *numbers])
    width = WIDTH / len(numbers)
    bars = tuple(
        Bar(
            round(width * place, 2),
            round(HEIGHT * (1 - number / top), 2),
            round(width * 0.8, 2),
            round(HEIGHT * number / top, 2),
            f"{number} until {format_time(end)[11:16]}",
        )
        for place, (number, end) in enumerate(zip(numbers, hours.ends, strict=True))
        if number
    )
    return Plot(title, told, top, format_time(hours.ends[0] - hours.step_ms)[11:16], bars)
