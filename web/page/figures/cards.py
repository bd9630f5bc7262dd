"""A card an account: jobs, slots, windows, credits, pauses and why, its stream, what it will run out of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.text import counted, credits_text
from config.times import format_duration
from web.page.figures.totals import address
from worker.forecast.running_out import RunsOut
from worker.ledger.kinds import KINDS, PAUSES
from worker.metrics.measures import AccountMeasures, StreamMeasures
from worker.operations.halts import Halt
from worker.selection.filter import Filter
from worker.views.account import PauseView

#: Milliseconds without a sign of life after which a stream is said to be silent.
_SILENT_MS = 120_000
#: What is paused, in words.
WHATS = {"pause": "the account"} | {
    what: next((each.creating for each in KINDS.values() if each.endpoint == what), "files and descriptions")
    for what in PAUSES[1:]
}


@dataclass(frozen=True)
class Meter:
    """Something of which there is so much."""

    name: str
    used: float
    limit: float | None
    """None: any number."""
    text: str


@dataclass(frozen=True)
class Card:
    """An account as it is shown."""

    name: str
    meters: tuple[Meter, ...]
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    """What is wrong, or will soon be."""

    @property
    def address(self) -> str:
        """Where its briefs are shown."""
        return address(Filter(account=(self.name,)))


def card(
    account: AccountMeasures,
    pauses: Mapping[str, PauseView],
    halt: Halt | None,
    runs_out: Sequence[RunsOut],
    now: int,
) -> Card:
    """Return the card of an account; `now` is ms by the server's clock."""
    warnings = [f"{halt.words}"] if halt is not None else []
    warnings += [pause_text(what, pause, now) for what, pause in pauses.items()]
    warnings += [runs_out_text(each, now) for each in runs_out]
    return Card(account.name, tuple(_meters(account)), tuple(_facts(account)), tuple(warnings))


def pause_text(what: str, pause: PauseView, now: int) -> str:
    """Return a pause in words."""
    ends = "tried again" if pause.refusals else "goes on"
    return f"{WHATS[what]} is paused, {ends} in {format_duration(pause.until - now)}: {pause.reason}"


def runs_out_text(each: RunsOut, now: int) -> str:
    """Return in words what there is too little of."""
    waiting = counted(each.waiting, "brief")
    if not each.enough_for:
        return f"{each.what} are used up: none of the {waiting} waiting can be made"
    soon = "" if each.at is None else f", in about {format_duration(each.at - now)}"
    return f"{each.what} are enough for {each.enough_for} of the {waiting} waiting, and used up then{soon}"


def _meters(account: AccountMeasures) -> Iterator[Meter]:
    limit = account.jobs_limit or None
    kept = account.working
    told = _of(account.jobs, limit) + (
        "" if kept in (None, limit) else f", kept to {kept} as others use them"
    )
    yield Meter("jobs", account.jobs, limit, told)
    slots = account.slots_used + account.slots_reserved
    reserved = f", {account.slots_reserved} of them reserved" if account.slots_reserved else ""
    yield Meter("slots", slots, account.slots_limit, _of(slots, account.slots_limit) + reserved)
    for name, (used, number) in account.windows.items():
        yield Meter(f"{name} requests", used, number or None, _of(used, number or None))
    if account.budget is not None and account.budget_left is not None:
        gone = account.budget - account.budget_left
        told = f"{credits_text(account.budget_left)} of {credits_text(account.budget)} credits left"
        yield Meter("budget", gone, account.budget, told)


def _facts(account: AccountMeasures) -> Iterator[tuple[str, str]]:
    waiting = sum(account.waiting.values())
    held_back = f", {account.parked} held back with their batches" if account.parked else ""
    yield "waiting", f"{waiting}{held_back}"
    if account.credits is not None:
        yield "credits", credits_text(account.credits)
    yield "spent", f"{credits_text(sum(account.spent.values()))} credits"
    yield "events", stream_text(account.stream, followed=account.leased is not None)


def stream_text(stream: StreamMeasures | None, *, followed: bool) -> str:
    """Return how an event stream stands, in words."""
    if not followed:
        return "nobody follows them"
    if stream is None or stream.connected_ms is None:
        return "the stream is not open"
    if stream.stalled:
        return "open, and something holds it back"
    heard = stream.connected_ms if stream.heard_ms is None else stream.heard_ms
    if heard > _SILENT_MS:
        return f"open, silent for {format_duration(heard)}"
    gaps = f", {counted(stream.broken, 'gap')} so far" if stream.broken else ""
    return f"open for {format_duration(stream.connected_ms)}{gaps}"


def _of(used: int, limit: int | None) -> str:
    return f"{used} of {limit}" if limit is not None else f"{used}, no limit"
