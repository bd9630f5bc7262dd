"""Briefs as rows of a list, and what their accounts use, as text."""

from collections.abc import Sequence

import typer

from cli.render.columns import drawn, screen_width
from cli.shared.output import say
from config.text import printable
from config.times import format_duration
from worker.views.account import AccountSummary
from worker.views.listing import Listed
from worker.views.models import BriefView

#: Columns of a brief's id, and those beside it, in which an identity's code still fits on 80 columns.
_ID_WIDTH, _BESIDE, _LEAST = 46, 34, 12
_HEADING = ("BRIEF", "STATE", "TIME", "IDENTITIES, ERROR")
#: Columns between those of all four.
_BETWEEN = 6


def print_table(briefs: Sequence[BriefView], *, heading: bool, width: int) -> None:
    """Print the briefs; `width` is that of the longest id of all tables."""
    screen = screen_width()
    rows = [_HEADING] if heading else []
    rows += [_row(brief) for brief in briefs]
    # Folded, not cut: ids and codes are there to be copied. A fixed width, or long errors would narrow it.
    fitting = min(_ID_WIDTH, max(_LEAST, screen - _BESIDE))
    widths = [min(max(len(_HEADING[0]), width), fitting), *(max(len(row[n]) for row in rows) for n in (1, 2))]
    widths.append(max(_LEAST, screen - sum(widths) - _BETWEEN))
    typer.echo("\n".join(drawn(rows, widths, right=2)))


def _row(brief: BriefView) -> tuple[str, str, str, str]:
    end = brief.moved_at if brief.finished else brief.read_at
    took = format_duration(end - brief.accepted_at)
    return printable(brief.brief_id), brief.state, took, _outcome(brief)


def print_listed(found: Listed) -> None:
    """Print how many are open and finished, and how many of them are listed."""
    opened, finished = f"{found.all_open} open", f"{found.all_finished} finished"
    if len(found.open) < found.all_open:
        opened += f" (the oldest {len(found.open)} are listed)"
    if len(found.finished) < found.all_finished:
        finished += f" (the newest {len(found.finished)} are listed)"
    typer.echo(f"{opened}, {finished}{'; --all lists all' if found.left_out else ''}")


def _outcome(brief: BriefView) -> str:
    wanted = "wants a pick: see `status BRIEF`" if brief.waits_for_pick else None
    parked = "held back with its batch; see `why`" if brief.parked else None
    lines = [*brief.identity_codes, brief.stop_reason or wanted or brief.question or parked or brief.error]
    return "\n".join(printable(line) for line in lines if line)


def print_account(account: AccountSummary, now: int) -> None:
    """Print what an account uses, what waits for it, and what holds it up at `now`."""
    jobs = f"jobs {account.jobs_in_use}/{account.jobs_cap or 'any'}"
    cap = account.slots_cap or ("any" if account.slots_seen is None else 0)
    slots = f"slots {account.slots_used}+{account.slots_reserved} reserved/{cap}"
    if account.slots_seen == account.slots_cap:
        slots += ", as the API says"
    waiting = f"waiting: {account.waiting_create} to create, {account.waiting_promote} to promote"
    say(printable(f"account {account.name}"))
    say(f"  {jobs}, {slots}, {waiting}")
    for what, pause in account.pauses.items():
        whole = "all" if what == "pause" else what
        say(printable(f"  {whole} paused for {format_duration(pause.until - now)} more: {pause.reason}"))
        if pause.refused_token:
            say(f"  {_token(account.name)}")
    if not account.followed:
        say("  no listener follows it: start `identity-worker listen` with a token of it")


def _token(account: str) -> str:
    """Return where the token of an account is set; those who only look need not have the accounts."""
    return (
        f"the API refused the token of account {account}: set PIKTID_API_TOKEN, or what the account's "
        "token_env or token_file in ACCOUNTS_FILE names, start worker and listener "
        f"again, then `identity-worker resume {account}`"
    )
