"""An account as lines of text: permits, windows, slots, pauses, what waits, limits, its listener."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from config.limits import NONE, period
from config.text import counted, credits_text
from config.times import format_duration, format_time
from worker.ledger.kinds import ENDPOINTS
from worker.operations.halts import Halt
from worker.views.account import (
    MOST_WAITING,
    AccountBudget,
    AccountReport,
    BatchWaiting,
    PermitHolder,
    WindowView,
)
from worker.views.held_back import BatchBudget, unpause

#: Holders and batches that are listed.
MOST = 20
_PAUSED: dict[str, str] = {
    "pause": "all",
    **{endpoint: f"{endpoint}s" for endpoint in ENDPOINTS},
    "prepare": "uploads, descriptions",
}


def account_json(report: AccountReport) -> dict[str, Any]:
    """Return an account for programs."""
    pauses = {what: pause._asdict() for what, pause in report.pauses.items()}
    return asdict(report) | {"pauses": pauses}


def account_lines(
    report: AccountReport, budgets: Sequence[BatchBudget] = (), halt: Halt | None = None
) -> Iterator[str]:
    """Yield the lines of one account; each is short unless a name or a reason in it is long.

    `budgets` are those of its batches, and `halt` is its pause by a person.
    """
    yield f"account {report.name}"
    yield f"  jobs      {_jobs(report)}"
    for holder in report.jobs[:MOST]:
        yield f"    {holder_line(holder, report.read_at)}"
    if len(report.jobs) > MOST:
        yield f"    and {len(report.jobs) - MOST} more"
    if any(holder.state is None for holder in report.jobs):
        yield "    what has no record gives its permit back once its job is over, or must be"
    for window in report.windows.values():
        yield f"  {window.endpoint + 's':<9} {window_text(window, report.read_at)}"
    yield f"  slots     {_slots(report)}"
    if report.slots_seen is not None:
        yield f"            {slots_seen_text(report)}"
    if report.budget is not None:
        yield f"  budget    {_budget(report.budget)}"
    for each in budgets[:MOST]:
        yield f"  budget    batch {each.batch}: {_budget(each)}"
    if len(budgets) > MOST:
        yield f"            and {len(budgets) - MOST} batches more"
    if halt is not None:
        ends = (
            "it goes on by itself" if halt.goes_on else f"`{unpause('account', report.name)}` lets it go on"
        )
        yield f"  halted    {halt.words}; {ends}"
    for what, pause in report.pauses.items():
        more = format_duration(pause.until - report.read_at)
        yield f"  paused    {_PAUSED[what]} until {format_time(pause.until)}, {more} more:"
        yield f"            {pause.reason}"
    yield from _waiting(report)
    yield f"  limits    {limits_line(report)}"
    if report.token_ends is not None:
        left = format_duration(max(0, report.token_ends - report.read_at))
        yield f"  token     ends at {format_time(report.token_ends)}, in {left}"
    yield from (f"  changed   {change_line(change)}" for change in report.changes[:1])
    yield f"  stream    {stream_text(report)}"


def _jobs(report: AccountReport) -> str:
    text = f"{len(report.jobs)} of {report.limits['jobs'] or 'any number'}"
    if report.working is None or report.working_until is None:
        return text
    soon = format_duration(report.working_until - report.read_at)
    return f"{text}; kept to {report.working} as others use them, one more in {soon}"


def holder_line(holder: PermitHolder, now: int) -> str:
    """Return who holds a job permit, in which state, since when, for which remote job."""
    none = "lost create that was sent again" if "/" in holder.subject else "orphan, its record is gone"
    state = holder.state or none
    since = format_duration(now - holder.since)
    return f"{holder.subject}  {state}  {since}  job {holder.job_id or 'not known'}"


def window_text(window: WindowView, now: int) -> str:
    """Return what of a request window is used, and when the next token comes."""
    length = period(window.seconds)
    if not window.limit:
        return f"{window.used} in this {length}, no limit"
    text = f"{window.used} of {window.limit} in this {length}"
    if window.used < window.limit:
        return text
    if window.next_at is None:
        return f"{text}; the next a {length} after an answer that is under way"
    return f"{text}; the next in {format_duration(window.next_at - now + 999)}"


def _slots(report: AccountReport) -> str:
    text = f"{report.slots_used} used, {report.slots_reserved} reserved"
    return text if report.slots_free is None else f"{text}, {report.slots_free} free of {report.slots_cap}"


def slots_seen_text(report: AccountReport) -> str:
    """Return what the API has said of the slots beside what the limit says; blank when that is nothing."""
    seen = report.slots_seen
    if seen is None:
        return ""
    limit = report.limits["slots"] or NONE
    return (
        f"{format_duration(report.read_at - seen.at)} ago the API said that the account is full at "
        f"{counted(seen.number, 'identity', 'identities')}; the limit says {limit}: {seen.said}"
    )


def _budget(budget: AccountBudget | BatchBudget) -> str:
    spent, reserved, left, allowed = map(
        credits_text, (budget.spent, budget.reserved, budget.left, budget.allowed)
    )
    return f"{spent} credits spent, {reserved} reserved, {left} left of {allowed}"


def _waiting(report: AccountReport) -> Iterator[str]:
    create, promote, asleep = (report.waiting[what] for what in (*ENDPOINTS, "prepare"))
    yield f"  waiting   {create} to create, {promote} to promote" + (
        f", {asleep} to prepare once a pause ends" if asleep else ""
    )
    because = {each.batch: each for each in report.held_back}
    for batch in report.batches[:MOST]:
        yield f"    {_batch(batch)}"
        if batch.parked and (held := because.get(batch.batch or "")):
            yield f"      {held.because}"
            yield f"      `{held.remedy}`"
    if len(report.batches) > MOST:
        yield f"    and {len(report.batches) - MOST} batches more"
    if not report.waiting_counted:
        yield f"    (batches of the first {MOST_WAITING} of each list only)"


def _batch(batch: BatchWaiting) -> str:
    name = "in no batch" if batch.batch is None else f"batch {batch.batch}"
    counts = {"to create": batch.create, "to promote": batch.promote, "held back": batch.parked}
    return f"{name}: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def limits_line(report: AccountReport) -> str:
    """Return the limits in force."""
    told: dict[str, int | str] = {
        name: "no limit" if not number and name != "express" else number
        for name, number in report.limits.items()
    }
    told |= {"budget": credits_text(report.budget.allowed)} if report.budget is not None else {}
    weights = [f"weight {batch}={share:g}" for batch, share in report.weights.items()]
    return ", ".join([*(f"{name.replace('_', ' ')} {value}" for name, value in told.items()), *weights])


def change_line(change: Mapping[str, Any]) -> str:
    """Return who changed what when."""
    budget = {f"budget {batch}": allowed for batch, allowed in change.get("budget", {}).items()}
    limits = {**change.get("limits", {}), **budget}
    told = [f"{name}={value or NONE}" for name, value in sorted(limits.items())]
    told += [f"{name} no longer set" for name in change.get("removed", [])]
    told += ["resumed"] if change.get("resumed") else []
    by = change.get("by", "unknown")
    told += ["undone"] if change.get("undoes") else []
    why = f" ({change['why']})" if change.get("why") else ""
    return f"{format_time(change['at'])} by {by}{why}: {', '.join(told)}"


def stream_text(report: AccountReport) -> str:
    """Return who follows an account's events, and since when none was missed."""
    if report.listener is None:
        return "nobody follows it: start `identity-worker listen` with a token of it"
    stream, now = report.stream, report.read_at
    listener = f"listener {_short(report.listener)}"
    told = [listener]
    if stream.connected_at is not None:
        told.append(f"connected for {format_duration(now - stream.connected_at)}")
    else:
        told.append("not connected" if stream.listener else "not connected yet; by webhook it never is")
    if stream.is_stalled and stream.stalled_at is not None:
        told.append(f"held back, nothing has come for {format_duration(now - stream.stalled_at)}")
    if stream.unbroken_since is not None and stream.heard_at is not None:
        heard = format_duration(now - stream.heard_at)
        told.append(f"without a gap from {format_time(stream.unbroken_since)} to {heard} ago")
    if stream.why is not None and stream.troubled_at is not None:
        told.append(f"last trouble {format_duration(now - stream.troubled_at)} ago: {stream.why}")
    return ", ".join(told)


def _short(process: str) -> str:
    """Return a process's name with as much of its number as tells it from others of its machine."""
    machine, colon, number = process.rpartition(":")
    return f"{machine}{colon}{number[:8]}"
