"""How far the archive at each place is, a line each: what waits, and what was given up."""

from collections.abc import Iterable, Iterator

from config.text import counted
from config.times import format_duration
from worker.archive.stands import Waiting


def archive_lines(found: Iterable[Waiting], now: int) -> Iterator[str]:
    """Yield a line for each place; `now` is ms by Redis' clock."""
    for each in found:
        said = [_to_go(each)]
        if not each.alive:
            said.append("no archiver runs")
        stand = each.stand
        if stand is None:
            yield f"archive: {', '.join([*said, 'its place was not looked through yet'])}"
            continue
        if stand.lacking:
            said.append(f"{counted(stand.lacking, 'brief lacks', 'briefs lack')} pictures")
        if stand.gone:
            said.append(f"{counted(stand.gone, 'picture is', 'pictures are')} gone")
        looked = format_duration(now - stand.at)
        yield f"archive at {stand.place}: {', '.join(said)} (all records were looked through {looked} ago)"


def _to_go(each: Waiting) -> str:
    if each.events is None:  # the server does not count them after some were trimmed
        return f"{counted(each.in_hand, 'event')} in hand"
    return f"{counted(each.events, 'event')} to go"
