"""Prints what keeps a brief from starting, a line for each, and who holds what it lacks."""

from collections.abc import Callable, Mapping
from typing import Any

from cli.render.account import holder_line
from config.limits import NONE, period
from config.text import counted, credits_text
from config.times import format_duration, format_time
from worker.ledger.kinds import KINDS
from worker.operations.halts import read_halt
from worker.views.account import AccountReport
from worker.views.held_back import raise_budget, unpause

_PAUSED: dict[str, str] = {
    "pause": "the account",
    **{product.endpoint: product.creating for product in KINDS.values()},
    "prepare": "uploading and describing",
}
Missing = Mapping[str, Any]
#: Holders of jobs that are named.
MOST = 10


def blocker_line(missing: Missing, now: int) -> str:
    """Return one of `worker.forecast.why.Waiting.missing` as text; `now` in ms."""
    return _LINES[missing["what"]](missing, now)


def reservation_lines(missing: Missing, report: AccountReport) -> list[str]:
    """Return who holds what is missing, a line for each, and how many more do."""
    if missing["what"] == "job":
        lines = [holder_line(holder, report.read_at) for holder in report.jobs[:MOST]]
        return lines + _more(len(report.jobs) - MOST)
    if "held" not in missing:
        return []
    held = missing["held"]
    lines = [_share(share, missing["what"], report.read_at) for share in held["named"]]
    return [_total(missing), *lines, *_more(held["more"])]


def _total(missing: Missing) -> str:
    amount, more = missing["held"]["amount"], missing["held"]["more"]
    if missing["what"] == "slots":
        first = ", the oldest first" if more else ""
        return f"{missing['identities']} are identities, {amount:g} reserved{first}"
    first = ", the largest first" if more else ""
    return f"{credits_text(missing['spent'])} are spent, {credits_text(amount)} reserved{first}"


def _share(share: Mapping[str, Any], what: str, now: int) -> str:
    state = share["state"] or "orphan, its record is gone"
    since = "" if share["since"] is None else f"  {format_duration(now - share['since'])}"
    unit = "credits" if what == "budget" else "slot" if share["amount"] == 1 else "slots"
    return f"{share['subject']}  {state}{since}  {credits_text(share['amount'])} {unit}"


def _more(count: int) -> list[str]:
    return [f"and {count} more"] if count > 0 else []


def _soon(at: int, now: int) -> str:
    return f"{format_time(at)}, in {format_duration(at - now + 999)}"


def _pause(missing: Missing, now: int) -> str:
    what = _PAUSED[missing["of"]]
    ends = "tried again" if missing["refusals"] else "goes on"
    return f"{what} is paused, {ends} at {_soon(missing['till'], now)}: {missing['reason']}"


def _probe(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    return "after a refusal one request goes first, and that one is under way"


def _request(missing: Missing, now: int) -> str:
    length = period(missing["seconds"])
    text = f"a request of the {length}: {missing['used']} of {missing['limit']} used, the next"
    if "next_at" not in missing:
        return f"{text} a {length} after an answer that is under way"
    return f"{text} at {_soon(missing['next_at'], now)}"


def _job(missing: Missing, now: int) -> str:
    text = f"a job: {missing['used']} of {missing['cap'] or 'any number'} in use"
    if missing.get("working") is not None:
        text += f", kept to {missing['working']} as others use the account"
    if missing["express"]:
        text += f", {missing['express']} kept for urgent briefs"
    return (
        f"{text}; one more is tried in {format_duration(missing['next_at'] - now + 999)}"
        if "next_at" in missing
        else text
    )


def _slots(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    text = f"slots: it needs {missing['need']}, {max(0, missing['free'])} of {missing['cap']} are free; "
    if missing.get("seen") != missing["cap"]:
        return f"{text}delete identities, or raise the limit"
    full = counted(missing["seen"], "identity", "identities")
    return (
        f"{text}the API says that the account is full at {full}, "
        f"the limit says {missing['limit'] or NONE}: delete identities, or once it has more slots "
        f"`identity-worker resume {missing['account']}`"
    )


def _account_budget(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    return (
        f"the account's budget: it may cost {credits_text(missing['cost'])} credits, "
        f"{credits_text(missing['left'])} of {credits_text(missing['allowed'])} are left, "
        f"{credits_text(missing['spent'])} are spent; "
        f"to raise it: `identity-worker limits {missing['account']} --account-budget N`"
    )


def _price(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    return (
        "the price of drafts: until the first job of account "
        f"{missing['account']} shows it, briefs with a budget go one at a time"
    )


def _budget(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    batch = missing["batch"]
    return (
        f"budget: it may cost {credits_text(missing['cost'])} credits, {credits_text(missing['left'])} of "
        f"{credits_text(missing['allowed'])} are left for batch {batch}; "
        f"to raise it: `{raise_budget(missing['account'], batch)}`"
    )


def _person(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    halt = read_halt(missing["text"])
    batch, account = missing.get("batch"), missing.get("account")
    what, option = (f"batch {batch}", "batch") if batch else (f"account {account}", "account")
    words = "paused" if halt is None else halt.words
    if halt is not None and halt.goes_on:
        return f"{what} is {words}; it goes on by itself then"
    return f"{what} is {words}; `{unpause(option, batch or account or '')}` lets it go on"


def _worker(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    return "a worker: none runs; start `identity-worker work`"


def _listener(missing: Missing, now: int) -> str:  # noqa: ARG001  # as all of them
    return (
        f"a listener: none follows account {missing['account']}; "
        "start `identity-worker listen` with a token of it"
    )


def _step(missing: Missing, now: int) -> str:
    queued = counted(missing["queued"], "step")
    since = format_duration(now - missing["queued_at"])
    return f"a free worker: its step is queued for {since}, of {queued} in all"


_LINES: dict[str, Callable[[Missing, int], str]] = {
    "pause": _pause,
    "person": _person,
    "probe": _probe,
    "request": _request,
    "job": _job,
    "slots": _slots,
    "budget": _budget,
    "account budget": _account_budget,
    "price": _price,
    "worker": _worker,
    "listener": _listener,
    "step": _step,
}
