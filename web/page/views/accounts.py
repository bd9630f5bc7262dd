"""Accounts: limits and pauses changed while everything runs, with who and why, and undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from config.limits import CAPS, DEFAULTS, NONE
from config.times import format_time
from web.page.visiting.errors import PageError, forbidden_to, not_found, wrong
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from worker.callers.tokens import Role
from worker.ledger.commands import Halted
from worker.ledger.ledger import Ledger
from worker.operations import halts, limit_changes
from worker.operations.halts import Halt
from worker.shards.merged import home_of
from worker.views import account_reading
from worker.views.account import AccountReport

#: What a form may ask for, by its field `what`. A pause is whoever's who keeps briefs going; what an account
#: may use is an admin's.
_WHATS, _OF_ADMINS = ("limits", "undo", "pause", "unpause", "resume"), ("limits", "undo")
#: The last moment that a change may be of, ms since 1970.
_LAST = 10**15


@dataclass(frozen=True)
class Limit:
    """A limit, as a field of a form."""

    name: str
    label: str
    value: str


@dataclass(frozen=True)
class Changed:
    """A change that somebody has made."""

    at: int
    date: str
    by: str
    why: str
    told: str
    can_be_undone: bool


def _list(visit: Visit) -> Response:
    names = [name for name in account_reading.names(visit.client) if visit.caller.may_use(name)]
    paused = halts.of_accounts(visit.client, names)
    rows = [(name, _address(name), account_reading.summary(visit.client, name)) for name in names]
    return visit.page("accounts.html", rows=rows, paused=paused)


def _show(visit: Visit) -> Response:
    name = _known(visit, visit.request.path_params["account"])
    report = account_reading.report(home_of(visit.client, name), name)
    halt = halts.of_accounts(visit.client, [name]).get(name)
    return visit.page("account.html", **_values(report, halt))


def _values(report: AccountReport, halt: Halt | None) -> dict[str, Any]:
    over = {each.get("undoes") for each in report.changes}
    return {
        "report": report,
        "halt": halt,
        "limits": [*_limits(report)],
        "budget": "" if report.budget is None else f"{report.budget.allowed:g}",
        "pauses": [(what, format_time(each.until), each.reason) for what, each in report.pauses.items()],
        "changes": [_changed(each, over) for each in report.changes],
    }


def _limits(report: AccountReport) -> list[Limit]:
    values = {name: report.limits[name] for name in DEFAULTS}
    return [
        Limit(name, name.replace("_", " "), NONE if name in CAPS and not value else str(value))
        for name, value in values.items()
    ]


def _changed(each: Mapping[str, Any], over: set[Any]) -> Changed:
    budgets = {f"budget {batch}": most for batch, most in (each.get("budget") or {}).items()}
    limits = {**(each.get("limits") or {}), **budgets}
    before = each.get("before") or {}
    told = [f"{name} {_was(before, name)}{value or NONE}" for name, value in sorted(limits.items())]
    told += [f"{name} no longer set" for name in each.get("removed") or ()]
    told += ["pauses lifted"] if each.get("resumed") else []
    told += [f"undoes that of {format_time(each['undoes'])}"] if each.get("undoes") else []
    return Changed(
        at=each["at"],
        date=format_time(each["at"]),
        by=str(each.get("by", "unknown")),
        why=str(each.get("why") or ""),
        told=", ".join(told),
        can_be_undone=limit_changes.can_be_undone(each) and each["at"] not in over,
    )


def _was(before: Mapping[str, Any], name: str) -> str:
    return f"{before[name] or 'not set'} → " if name in before else ""


def _act(visit: Visit) -> Response:
    form = visit.form
    name, why = _known(visit, form.text("account")), form.text("why") or None
    what = form.one_of("what", _WHATS)
    if what in _OF_ADMINS and not visit.may(Role.ADMIN):
        raise forbidden_to(visit.caller, Role.ADMIN)
    ledger = Ledger(home_of(visit.client, name), visit.settings)
    try:
        match what:
            case "limits":
                _change(visit, ledger, name, why)
            case "undo":
                changes = account_reading.report(ledger.client, name).changes
                each = limit_changes.undone(changes, form.whole("at", 0, _LAST))
                limit_changes.undo(ledger, name, each, visit.by, why)
            case "pause":
                halts.halt(ledger, Halted(name, None), visit.by, why)
            case "unpause":
                halts.go_on(ledger, Halted(name, None), visit.by, why)
            case _:
                halts.resume(ledger, name, visit.by, why)
    except limit_changes.UndoError as error:
        raise PageError(HTTPStatus.CONFLICT, f"{error}.") from None
    except limit_changes.LimitError as error:
        field = error.option.removeprefix("--").replace("-", " ").removeprefix("account ")
        raise wrong(f"{field} '{error.value}': {error.rule}.") from None
    return visit.go_to(_address(name))


def _change(visit: Visit, ledger: Ledger, name: str, why: str | None) -> None:
    """Change the limits that a form says otherwise. Raises LimitError."""
    before = account_reading.report(ledger.client, name)
    stands = {each.name: each.value for each in _limits(before)}
    given = {each: visit.form.text(each) for each in DEFAULTS if visit.form.text(each)}
    wanted = {each: text for each, text in given.items() if text != stands[each]}
    fields = limit_changes.checked(wanted, [], before.limits)
    budget = visit.form.text("budget")
    if budget and budget != ("" if before.budget is None else f"{before.budget.allowed:g}"):
        fields["budget"] = limit_changes.account_budget(budget)
    if not fields:
        raise wrong("Nothing was changed: all of it is so already.")
    if not why:
        raise wrong("Say why: it stands in the log.")
    limit_changes.change(ledger, name, fields, visit.by, why)


def _known(visit: Visit, name: str) -> str:
    if not visit.caller.may_use(name) or name not in account_reading.names(visit.client):
        raise not_found("account of this name that you may use")
    return name


def _address(name: str) -> str:
    return f"/accounts/{quote(name, safe='')}"


VIEWS = (
    View("/accounts", _list, nav="Accounts"),
    View("/account/act", _act, role=Role.OPERATOR, writes=True),
    View("/accounts/{account}", _show),
)
