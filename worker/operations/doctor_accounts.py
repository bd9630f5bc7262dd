"""The checks of `doctor` for each account: token, credits, event stream, and what does not go on."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import redis

from config import durations
from config.accounts.account import Account
from config.accounts.expiry import last_end
from config.limits import NONE, Endpoint
from config.text import counted, credits_text
from config.times import format_time
from worker.ledger.kinds import PROMOTION_CREDITS
from worker.operations import halts
from worker.operations.doctor import Check, Health
from worker.piktid.errors import ApiError, NoApiError, NotSentError, RedirectedError, UnauthorizedError
from worker.views import account_reading
from worker.views.account import AccountBudget, AccountReport
from worker.views.held_back import unpause

if TYPE_CHECKING:
    # It brings the HTTP client along, which the other checks do without.
    from worker.piktid.client import PiktID


#: The share of an account's budget below which it is told that it comes to its end.
NEAR = 0.1
_ON_THE_WAY = "see what is said above of the way to it, step by step"


def account(client: "redis.Redis", account: Account, api: "PiktID", *, by_stream: bool) -> Iterator[Check]:
    """Check an account; a request is made with its token."""
    report = account_reading.report(client, account.name)
    waiting = sum(report.waiting.values()) + sum(batch.parked for batch in report.batches)
    yield _token(account, api, waiting)
    yield from _token_end(account, api, report.read_at / 1000)
    yield _listener(report, waiting, by_stream=by_stream)
    yield from _halted(client, account.name)
    yield from _standing(report)


def _halted(client: "redis.Redis", name: str) -> Iterator[Check]:
    """Tell of an account that buys nothing: a person has paused it, or it is unknown what it has bought."""
    halt = halts.of_accounts(client, [name]).get(name)
    if halt is None:
        return
    if not halt.goes_on:
        yield Check(f"halted {name}", Health.WARN, halt.words, f"`{unpause('account', name)}` lets it go on")
    else:
        told = "its held briefs, if there are any then, are in `identity-worker status --held`"
        yield Check(f"past {name}", Health.WARN, halt.words, f"it goes on by itself; {told}")


def not_configured(client: "redis.Redis", configured: set[str]) -> Iterator[Check]:
    """Check the accounts on record that are not configured here: their briefs wait for another worker."""
    for name in account_reading.names(client):
        if name in configured:
            continue
        report = account_reading.report(client, name)
        if waiting := sum(report.waiting.values()):
            told = f"{counted(waiting, 'record waits', 'records wait')}, and this machine has no token of it"
            remedy = "see that the workers have it in their ACCOUNTS_FILE, or cancel its briefs"
            yield Check(f"account {name}", Health.WARN, told, remedy)


def _token(account: Account, api: "PiktID", waiting: int) -> Check:
    name = f"account {account.name}"
    try:
        balance = api.me().credits
    except UnauthorizedError as error:
        remedy = "set PIKTID_API_TOKEN and restart; one that stands in a file is read again by itself"
        return Check(name, Health.FAIL, f"the API refuses its token: {error}", remedy)
    except NotSentError as error:
        return Check(name, Health.FAIL, f"the API can't be reached: {error}", _ON_THE_WAY)
    except (RedirectedError, NoApiError) as error:
        # Each other call is refused as well, and nothing goes on.
        return Check(name, Health.FAIL, f"the API is elsewhere: {error}", "see PIKTID_API_URL")
    except ApiError as error:
        return Check(name, Health.WARN, f"the API did not say: {error}", "try again later")
    if balance is None:
        return Check(name, Health.OK, "token accepted; the API does not say how many credits it has")
    told = f"token accepted, {credits_text(balance)} credits"
    if balance <= 0:
        buy = f"buy credits, then `identity-worker resume {account.name}`"
        return Check(name, Health.FAIL if waiting else Health.WARN, told, buy)
    return Check(name, Health.OK, told)


def _token_end(account: Account, api: "PiktID", now: float) -> Iterator[Check]:
    """Warn of a token that ends soon: it says so itself, or all that the API lists of the account do."""
    try:
        end = last_end(account.token, api.token_ends)
    except ApiError:
        return  # whether the API tells is not certain (piktid-v2.md, section 1)
    if end is None:
        return
    name, at = f"token {account.name}", format_time(round(end * 1000))
    days = (end - now) / 86_400
    if days * 86_400_000 > durations.TOKEN_WARNED_MS:
        yield Check(name, Health.OK, f"ends at {at}, in {counted(int(days), 'day')}")
        return
    told = (
        f"ends at {at}, in less than {counted(max(1, math.ceil(days)), 'day')}"
        if days > 0
        else f"ended at {at}"
    )
    yield Check(name, Health.WARN, told, "make a new one and write it to its file, which is read again")


def _listener(report: AccountReport, waiting: int, *, by_stream: bool) -> Check:
    name = f"events {report.name}"
    if report.listener is None:
        health = Health.FAIL if waiting or report.jobs else Health.WARN
        told = "no listener follows it, and nobody runs its timers"
        return Check(name, health, told, "start one: identity-worker listen")
    if not by_stream:
        return Check(name, Health.OK, "by webhook; a listener runs the timers")
    stream = report.stream
    if stream.is_stalled:
        told = f"its stream is held back: {stream.why}"
        return Check(name, Health.WARN, told, "meanwhile timers ask about its jobs, which is slower")
    if stream.connected_at is None:
        told = f"its stream is not open: {stream.why or 'not opened yet'}"
        return Check(name, Health.WARN, told, "the listener tries again; its log says more")
    silent = report.read_at - (stream.heard_at or stream.connected_at)
    if silent > durations.SILENCE_TOLD_MS:
        told = f"its stream has been silent for {silent // 1000} s"
        return Check(name, Health.WARN, told, "the listener opens it again; its log says more")
    return Check(name, Health.OK, "its stream is open")


def _standing(report: AccountReport) -> Iterator[Check]:
    """Yield what holds up the briefs of an account, or that nothing does."""
    yield from _pauses(report)
    yield _slots(report)
    yield _budgets(report)
    if report.budget is not None:
        yield _budget(report, report.budget)


def _pauses(report: AccountReport) -> Iterator[Check]:
    if not report.pauses:
        yield Check(f"pauses {report.name}", Health.OK, "none by the API")
    for what, pause in report.pauses.items():
        waits = sum(report.waiting.values()) if what == "pause" else report.waiting.get(what, 0)
        seconds = max(1, (pause.until - report.read_at) // 1000)
        told = f"{'every call' if what == 'pause' else what} is paused for {seconds} s more: {pause.reason}"
        mend = f"mend that, then `identity-worker resume {report.name}`; it is also tried again by itself"
        yield Check(
            f"pauses {report.name}" if what == "pause" else f"pauses {report.name} {what}",
            Health.FAIL if waits and not pause.passes else Health.WARN,
            f"{told}; {counted(waits, 'record waits', 'records wait')}",
            "it is tried again then" if pause.passes else mend,
        )


def _slots(report: AccountReport) -> Check:
    name, waits = f"slots {report.name}", report.waiting[Endpoint.CREATE]
    promotions = report.waiting[Endpoint.PROMOTE]
    if report.slots_cap is None:
        return Check(name, Health.OK, "no cap")
    taken = f"{report.slots_used} of {report.slots_cap} are identities, {report.slots_reserved} reserved"
    if report.slots_free is None or report.slots_free > 0:
        return Check(name, Health.OK, taken)
    told = f"none is free: {taken}; {counted(waits, 'brief waits', 'briefs wait')} for one"
    if report.slots_used >= report.slots_cap and promotions:
        # Otherwise those that wait have slots of their own, and lack something else.
        told += f", and {counted(promotions, 'promotion')}"
        waits += promotions
    if report.slots_seen is not None:
        full = counted(report.slots_seen.number, "identity", "identities")
        limit = report.limits["slots"] or NONE
        told += f"; the API says that the account is full at {full}, the limit says {limit}"
    more = f"delete identities, or have more slots and set `identity-worker limits {report.name} --slots N`"
    return Check(name, Health.FAIL if waits else Health.WARN, told, more)


def _budget(report: AccountReport, budget: AccountBudget) -> Check:
    name, waits = f"budget {report.name}", report.waiting[Endpoint.CREATE] + report.waiting[Endpoint.PROMOTE]
    left, allowed = credits_text(budget.left), credits_text(budget.allowed)
    told = f"{left} credits of {allowed} are left, {credits_text(budget.spent)} are spent"
    if budget.left >= max(budget.allowed * NEAR, PROMOTION_CREDITS):
        return Check(name, Health.OK, told)
    told += f"; {counted(waits, 'record waits', 'records wait')}"
    return Check(
        name, Health.WARN, told, f"raise it: identity-worker limits {report.name} --account-budget N"
    )


def _budgets(report: AccountReport) -> Check:
    name = f"budgets {report.name}"
    if not (parked := sum(batch.parked for batch in report.batches)):
        return Check(name, Health.OK, "none holds anything back")
    first, *others = sorted(report.held_back, key=lambda each: -each.number)
    told = f"{counted(parked, 'record is', 'records are')} held back with their batches"
    more = f", and {counted(len(others), 'batch', 'batches')} more" if others else ""
    told = f"{told}: batch {first.batch} {first.because}{more}"
    return Check(name, Health.WARN, told, f"`{first.remedy}`; `identity-worker accounts` lists all")
