"""Makes the figures of a reading: of each family (`worker/metrics/families.py`) its labels and values."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from worker.metrics import families as of
from worker.metrics.counts import counted
from worker.metrics.hooks import HookMeasures
from worker.metrics.measures import AccountMeasures, Front
from worker.metrics.reading import Reading
from worker.metrics.sample import Sample
from worker.metrics.standing import Reason

_NO_LIMIT = float("inf")


def samples(reading: Reading, reasons: Sequence[Reason]) -> Iterator[Sample]:
    """Yield every figure of an installation."""
    yield from _whole(reading)
    yield Sample(of.READY, (), not reasons)
    for what in sorted({reason.what for reason in reasons}):
        yield Sample(of.STANDS_STILL, (what,), 1)
    yield from counted(reading.tally)
    for account in reading.accounts:
        name = account.name
        yield from _briefs(name, account.counts)
        yield from _waiting(name, account)
        yield from _capacity(name, account)
        yield from _pauses(name, account)
        yield from _credits(name, account)
        yield from _stream(name, account)
    for hook in reading.hooks:
        yield from _hook(hook)


def _hook(hook: HookMeasures) -> Iterator[Sample]:
    yield Sample(of.HOOK_WAITING, (hook.name,), hook.waiting)
    yield Sample(of.HOOK_OLDEST, (hook.name,), hook.oldest_ms / 1000)
    yield Sample(of.HOOK_FAILING, (hook.name,), hook.failing_ms / 1000)
    yield Sample(of.HOOK_PAUSED, (hook.name,), hook.paused)
    for outcome, number in (("taken", hook.taken), ("given_up", hook.given_up), ("lost", hook.lost)):
        yield Sample(of.HOOK_MESSAGES, (hook.name, outcome), number)


def _whole(reading: Reading) -> Iterator[Sample]:
    yield Sample(of.WORKERS, (), reading.workers)
    yield Sample(of.LISTENERS, (), reading.listeners)
    for queue, length in reading.queued.items():
        yield Sample(of.QUEUED, (queue,), length)
        yield Sample(of.QUEUED_OLDEST, (queue,), reading.queued_ms.get(queue, 0) / 1000)
        yield Sample(of.DEAD_LETTERS, (queue,), reading.dead_letters[queue])
    yield Sample(of.DELAYED, (), reading.delayed)
    yield Sample(of.UNFINISHED, (), reading.unfinished)
    yield Sample(of.HELD_OLDEST, (), (reading.held_ms or 0) / 1000)
    yield Sample(of.TIMER_LATE, (), reading.timer_late_ms / 1000)
    yield Sample(of.EVENTS, (), reading.events)
    if reading.last_event_ms is not None:
        yield Sample(of.EVENT_AGE, (), reading.last_event_ms / 1000)
    for name, group in reading.groups.items():
        if group.lag is not None:
            yield Sample(of.GROUP_LAG, (name,), group.pending + group.lag)


def _briefs(account: str, counts: Mapping[str, int]) -> Iterator[Sample]:
    states: Counter[str] = Counter()
    causes: dict[str, Counter[str]] = {"held": Counter(), "failed": Counter()}
    for place, number in counts.items():
        state, cause = place.split(":", 1)
        states[state] += number
        if state in causes:
            causes[state][cause] += number
    for state, number in states.items():
        yield Sample(of.BRIEFS, (account, state), number)
    for state, family in (("held", of.HELD), ("failed", of.FAILED)):
        for cause, number in _most(causes[state]).items():
            yield Sample(family, (account, cause), number)


def _most(causes: Counter[str]) -> dict[str, int]:
    """Return the most frequent causes, and the sum of all others."""
    named = dict(causes.most_common(of.MOST_CAUSES))
    others = causes.total() - sum(named.values())
    return named | ({"other": named.get("other", 0) + others} if others else {})


def _waiting(name: str, account: AccountMeasures) -> Iterator[Sample]:
    for endpoint, number in account.waiting.items():
        yield Sample(of.WAITING, (name, endpoint), number)
    yield Sample(of.PARKED, (name,), account.parked)
    oldest: dict[tuple[str, str], int] = {}
    for front in account.fronts:
        for lacks in _lacks(front):
            key = (front.endpoint, lacks)
            oldest[key] = max(oldest.get(key, 0), front.ms)
    for (endpoint, lacks), ms in oldest.items():
        yield Sample(of.WAITING_OLDEST, (name, endpoint, lacks), ms / 1000)


def _lacks(front: Front) -> Sequence[str]:
    return sorted(set(front.lacks)) or ["nothing"]


def _capacity(name: str, account: AccountMeasures) -> Iterator[Sample]:
    limit = account.jobs_limit or _NO_LIMIT
    yield Sample(of.JOBS, (name,), account.jobs)
    yield Sample(of.JOBS_LIMIT, (name,), limit)
    yield Sample(of.JOBS_WORKING, (name,), limit if account.working is None else account.working)
    yield Sample(of.SLOTS_USED, (name,), account.slots_used)
    yield Sample(of.SLOTS_RESERVED, (name,), account.slots_reserved)
    yield Sample(of.SLOTS_LIMIT, (name,), _NO_LIMIT if account.slots_limit is None else account.slots_limit)
    for window, (used, number) in account.windows.items():
        yield Sample(of.WINDOW, (name, window), used)
        yield Sample(of.WINDOW_LIMIT, (name, window), number or _NO_LIMIT)


def _pauses(name: str, account: AccountMeasures) -> Iterator[Sample]:
    for what, status in account.pauses.items():
        yield Sample(of.PAUSED, (name, what, str(status or "none")), 1)
    if account.halted is not None:
        yield Sample(of.PAUSED, (name, "pause", account.halted), 1)


def _credits(name: str, account: AccountMeasures) -> Iterator[Sample]:
    for call, spent in account.spent.items():
        yield Sample(of.SPENT, (name, call), spent)
    if account.credits is not None:
        yield Sample(of.CREDITS, (name,), account.credits)
    if account.token_ends_ms is not None:
        yield Sample(of.TOKEN_ENDS, (name,), account.token_ends_ms / 1000)
    if account.budget is not None and account.budget_left is not None:
        yield Sample(of.BUDGET, (name,), account.budget)
        yield Sample(of.BUDGET_LEFT, (name,), account.budget_left)


def _stream(name: str, account: AccountMeasures) -> Iterator[Sample]:
    yield Sample(of.FOLLOWED, (name,), account.leased is not None)
    stream = account.stream
    if stream is None:
        return
    yield Sample(of.STREAM_OPEN, (name,), stream.connected_ms is not None)
    yield Sample(of.STREAM_STALLED, (name,), stream.stalled is not None)
    heard = stream.connected_ms if stream.heard_ms is None else stream.heard_ms
    if heard is not None:
        yield Sample(of.STREAM_SILENT, (name,), heard / 1000)
    if stream.unbroken_ms is not None:
        yield Sample(of.STREAM_UNBROKEN, (name,), stream.unbroken_ms / 1000)
    yield Sample(of.STREAM_OPENED, (name,), stream.opened)
    yield Sample(of.STREAM_BROKEN, (name,), stream.broken)
