"""Draws a snapshot: a bar for all briefs, a line for each account, a line for each brief."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.render.lines import detail
from cli.shared.overview import Snapshot
from config.text import counted, printable
from config.times import format_duration
from worker.views.account import AccountSummary
from worker.views.models import BriefView

#: A state's mark and style; those that are not here are under way.
_LOOKS = {
    "waiting": ("·", "dim"),
    "held": ("!", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "cancelled": ("✗", "red"),
}
_UNDER_WAY = ("▸", "cyan")
#: Columns of a brief's mark and id; longer ids are cut. On 80 columns the rest is just enough for its state.
_ID_WIDTH = 54


def draw(
    snapshot: Snapshot, title: str, *, expected: int = 0, height: int | None = None, pace: str = ""
) -> RenderableType:
    """Return a snapshot as it is shown, in at most `height` lines: open briefs before finished ones then.

    `expected` briefs are counted before they are on record. `pace` is how fast they finish, in words.
    """
    total = max(expected, snapshot.count + snapshot.queued)
    accounts = [line for account in snapshot.accounts for line in _account(account)]
    above = [Text(title, style="bold"), _bar(snapshot, total), *_pace(snapshot, pace), *accounts]
    # The cursor stands below the last line.
    room = len(snapshot.briefs) + 1 if height is None else height - len(above) - 1
    if snapshot.count <= room:
        # All fit, so each may keep its line from beginning to end.
        briefs = sorted(snapshot.briefs, key=lambda brief: brief.brief_id)
        return Group(*above, _table(briefs))
    shown = snapshot.briefs[: max(0, room - 1)]
    hidden = Text(f"  and {snapshot.count - len(shown)} more", style="dim")
    return Group(*above, _table(shown), hidden)


def _bar(snapshot: Snapshot, total: int) -> RenderableType:
    told = f"{snapshot.finished}/{total} briefs"
    if not snapshot.unread_finished:
        # What those have that were not read is not counted anywhere: no number is better than a wrong one.
        identities = sum(len(brief.identity_codes) for brief in snapshot.briefs)
        told += f" · {counted(identities, 'identity', 'identities')}"
    line = Table.grid(padding=(0, 2, 0, 0), expand=True)
    line.add_column(ratio=1)
    line.add_column(no_wrap=True)
    line.add_row(
        ProgressBar(total=max(1, total), completed=snapshot.finished),
        told,
    )
    return line


def _pace(snapshot: Snapshot, pace: str) -> list[Text]:
    """Return the line of how fast it goes and what holds it up; none where there is nothing to say."""
    parts = [pace] if pace else []
    parts += [printable(each) for each in snapshot.halted]
    parts += [f"{snapshot.queued} queued"] if snapshot.queued else []
    parts += [f"{snapshot.parked} held back with their batches"] if snapshot.parked else []
    parts += [
        f"{account.name}: {'all' if what == 'pause' else what} paused"
        for account in snapshot.accounts
        for what in account.pauses
    ]
    parts += [
        f"{account.name}: no slot is free"
        for account in snapshot.accounts
        if account.slots_cap and account.slots_used + account.slots_reserved >= account.slots_cap
    ]
    return [Text("  " + " · ".join(parts), no_wrap=True, overflow="ellipsis")] if parts else []


def _account(account: AccountSummary) -> list[Text]:
    """Return an account's line, and one for each of its pauses."""
    waiting = f"waiting: {account.waiting_create} to create, {account.waiting_promote} to promote"
    permits = _of(account.jobs_in_use, account.jobs_cap)
    slots = _of(account.slots_used + account.slots_reserved, account.slots_cap)
    lines = [Text(account.name, style="bold")]
    lines[0].append(f"  permits in use {permits} · slots {slots} · {waiting}", style="not bold")
    for what, pause in account.pauses.items():
        paused = "paused" if what == "pause" else f"{what} paused"
        lines.append(Text(f"  {paused}: {printable(pause.reason)}", style="yellow"))
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return lines


def _of(used: int, cap: int) -> str:
    return f"{used}/{cap}" if cap else str(used)


def _table(briefs: Sequence[BriefView]) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=_ID_WIDTH)
    table.add_column(no_wrap=True, width=10)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, justify="right")
    for brief in briefs:
        mark, style = _LOOKS.get(brief.state, _UNDER_WAY)
        end = brief.moved_at if brief.finished else brief.read_at
        table.add_row(
            Text.assemble((f"{mark} ", style), brief.brief_id),
            Text(brief.state, style=style),
            Text(printable(detail(brief)), style="dim"),
            format_duration(end - brief.accepted_at, exact=True),
        )
    return table
