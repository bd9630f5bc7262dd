"""`identity-worker limits`: an account's limits, shown or changed while everything runs."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.render.account import change_line, limits_line, slots_seen_text
from cli.shared.opening import load_settings, open_redis
from cli.shared.options import Account, By, Why, must_be_known, person
from cli.shared.output import USED_WRONGLY, Json, fail, print_json, say
from config.text import counted, printable
from worker.ledger.ledger import Ledger
from worker.operations import actions, limit_changes
from worker.views import account_reading
from worker.views.account import AccountReport

#: Changes that are shown to people.
CHANGES = 5


def command(
    account: Account,
    jobs: Annotated[str | None, typer.Option(metavar="N|none", help="Jobs in flight.")] = None,
    slots: Annotated[str | None, typer.Option(metavar="N|none", help="Identities in the library.")] = None,
    create_per_minute: Annotated[str | None, typer.Option(metavar="N|none", help="Creates.")] = None,
    promote_per_minute: Annotated[str | None, typer.Option(metavar="N|none", help="Promotes.")] = None,
    express: Annotated[
        str | None, typer.Option(metavar="N", help="Jobs reserved for briefs of a priority above 0.")
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(metavar="BATCH=W", help="A batch's share, for its briefs to come; 1 if not set."),
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option(metavar="BATCH=N", help="Credits that a batch may cost in all.")
    ] = None,
    account_budget: Annotated[
        str | None,
        typer.Option(metavar="N|none", help="Credits that the account may cost in all, from now on."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Revert the last change made by a person.")] = False,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Change an account's limits at once, for all workers; without options, show them.

    0 and none mean no limit. A change lasts, also over restarts, until that limit is changed in the accounts
    file. The earlier value is on record, and `--undo` restores it. An account's budget counts what is spent
    from the time when one was first set, in whatever batch.
    """
    given = {
        "jobs": jobs,
        "slots": slots,
        "create_per_minute": create_per_minute,
        "promote_per_minute": promote_per_minute,
        "express": express,
    }
    wanted = {name: text for name, text in given.items() if text is not None}
    values = load_settings()
    with open_redis(values, writes=bool(wanted or weight or budget or undo), account=account) as client:
        must_be_known(client, account)
        who = person(by)
        try:
            before = account_reading.report(client, account).limits
            fields = limit_changes.checked(wanted, weight or [], before)
            if account_budget is not None:
                fields["budget"] = limit_changes.account_budget(account_budget)
            budgets = [limit_changes.pair("--budget", text) for text in budget or []]
        except limit_changes.LimitError as error:
            fail(printable(error), USED_WRONGLY)
        if undo and (fields or budgets):
            fail("--undo goes with no other change", USED_WRONGLY)
        ledger = Ledger(client, values)
        if undo:
            _undo(ledger, account, who, why)
        if fields:
            limit_changes.change(ledger, account, fields, who, why)
        for batch, credits_allowed in budgets:
            actions.record(client, "budget", who, why, account=account, batch=batch, credits=credits_allowed)
            ledger.set_budget(batch, account, credits_allowed, who)
        _show(account_reading.report(client, account), as_json=as_json)


def _undo(ledger: Ledger, account: str, who: str, why: str | None) -> None:
    try:
        change = limit_changes.undone(account_reading.report(ledger.client, account).changes)
        limit_changes.undo(ledger, account, change, who, why)
    except limit_changes.UndoError as error:
        fail(printable(error))


def _show(report: AccountReport, *, as_json: bool) -> None:
    if as_json:
        print_json(_facts(report))
        return
    say(printable(f"account {report.name}: {limits_line(report)}"))
    if report.slots_seen is not None:
        say(printable(f"  {slots_seen_text(report)}"))
    for change in report.changes[:CHANGES]:
        say(printable(f"  {change_line(change)}"))
    if len(report.changes) > CHANGES:
        before = counted(len(report.changes) - CHANGES, "change")
        say(f"  and {before} before; --json lists those that are kept")


def _facts(report: AccountReport) -> dict[str, Any]:
    return {
        "account": report.name,
        "limits": report.limits,
        "slots_seen": report.slots_seen and asdict(report.slots_seen),
        "budget": report.budget and asdict(report.budget),
        "weights": report.weights,
        "changes": report.changes,
    }
