"""How many briefs stand where, as a table with the total; what is told of an archive, or how far many are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from config.text import counted, printable
from config.times import format_duration
from worker.archive.stands import Waiting
from worker.ledger.states import BRIEF
from worker.views.counts import Where

if TYPE_CHECKING:
    from worker.selection.progress import Progress
    from worker.views.blockers import Processes

#: Rows that are shown; accounts and causes may be thousands, and the total counts them all.
MOST = 100
#: Columns of a name; longer ones are cut.
_WIDTH = 32
_ORDER = {state: number for number, state in enumerate(BRIEF)}
_HEAD = ("ACCOUNT", "STATE", "BRIEFS", "CAUSE")


def count_lines(of: Mapping[Where, int], parked: Mapping[str, int]) -> Iterator[str]:
    """Yield the lines of the table; `parked`: account -> what budgets of batches hold back of it."""
    rows = list(_rows(of, parked))
    cells = [_HEAD, *((_cut(name), state, str(number), cause) for name, state, number, cause in rows[:MOST])]
    name, state, number = (max(len(row[column]) for row in cells) for column in range(3))
    for row in cells:
        line = f"{row[0]:<{name}}  {row[1]:<{state}}  {row[2]:>{number}}  {printable(row[3])}"
        yield line.rstrip()
    if len(rows) > MOST:
        yield f"and {counted(len(rows) - MOST, 'row')} more: --account, --batch and --state show fewer"
    yield counted(sum(of.values()), "brief") + " in all"


def _rows(of: Mapping[Where, int], parked: Mapping[str, int]) -> Iterable[tuple[str, str, int, str]]:
    grouped: Counter[tuple[str, str, str]] = Counter()
    for where, number in of.items():
        grouped[where.account, where.state, where.cause] += number
    # A state that this version does not know stands last.
    for (account, state, cause), number in sorted(
        grouped.items(), key=lambda item: (item[0][0], _ORDER.get(item[0][1], len(_ORDER)), -item[1], item[0])
    ):
        over = parked.get(account, 0) if state == "waiting" else 0
        yield account, state, number, cause or (f"{over} held back with their batches" if over else "")


def _cut(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= _WIDTH else shown[: _WIDTH - 3] + "..."


def not_taken_line(found: "Processes") -> str:
    """Return how many briefs of the inlet no worker has taken yet, and whether one runs; blank for none."""
    if not found.briefs:
        return ""
    queued = counted(found.briefs, "brief is", "briefs are")
    none_runs = ": none runs; start one by `identity-worker work`"
    return f"{queued} queued that no worker has taken yet" + ("" if found.workers else none_runs)


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


def progress_line(progress: "Progress", *, queued: int = 0, pace: str = "") -> str:
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
