"""Makes one reading of those of several shards: numbers are added, and the longest of ages counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from worker.metrics import hooks
from worker.metrics.reading import Group, Reading


def together(readings: Sequence[Reading]) -> Reading:
    """Return the reading of an installation by those of its shards."""
    if len(readings) == 1:
        return readings[0]
    return Reading(
        at=max(each.at for each in readings),
        workers=_sum(readings, "workers"),
        listeners=_sum(readings, "listeners"),
        queued=_added(each.queued for each in readings),
        queued_ms=_longest(each.queued_ms for each in readings),
        dead_letters=_added(each.dead_letters for each in readings),
        delayed=_sum(readings, "delayed"),
        unfinished=_sum(readings, "unfinished"),
        held_ms=max((each.held_ms for each in readings if each.held_ms is not None), default=None),
        timer_late_ms=max(each.timer_late_ms for each in readings),
        events=_sum(readings, "events"),
        last_event_ms=min(
            (each.last_event_ms for each in readings if each.last_event_ms is not None), default=None
        ),
        clock_back_ms=max(each.clock_back_ms for each in readings),
        groups=_groups(each.groups for each in readings),
        tally=_tally(each.tally for each in readings),
        accounts=[account for each in readings for account in each.accounts],
        hooks=hooks.together([each.hooks for each in readings]),
    )


def _sum(readings: Sequence[Reading], name: str) -> int:
    return sum(map(attrgetter(name), readings))


def _added(each: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for numbers in each:
        found.update(numbers)
    return found


def _longest(each: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for ages in each:
        found |= {name: max(age, found.get(name, 0)) for name, age in ages.items()}
    return found


def _tally(each: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    found: defaultdict[str, float] = defaultdict(float)
    for counts in each:
        for field, number in counts.items():
            found[field] += float(number)
    return {field: f"{number:.15g}" for field, number in found.items()}


def _groups(each: Iterable[Mapping[str, Group]]) -> Mapping[str, Group]:
    found: dict[str, Group] = {}
    for groups in each:
        for name, group in groups.items():
            found[name] = _both(found[name], group) if name in found else group
    return found


def _both(one: Group, other: Group) -> Group:
    lag = None if one.lag is None or other.lag is None else one.lag + other.lag
    return Group(one.pending + other.pending, lag)
