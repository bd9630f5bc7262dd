"""The first view: what needs a person, how each account stands, and what the last hours were like."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from actors.broker import dead_letters
from actors.broker.dead_letters import DeadLetter
from config import keys
from web.page.figures import attention
from web.page.figures.cards import Card, card
from web.page.figures.plots import HEIGHT, WIDTH, plots
from web.page.figures.recent import Recent
from web.page.visiting.errors import not_found
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from worker.callers.tokens import Role
from worker.forecast.running_out import RunsOut, running_out
from worker.hooks.standing import standings
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.metrics.hours import hours
from worker.metrics.measures import AccountMeasures
from worker.metrics.reading import Reading
from worker.operations import actions, halts
from worker.shards.merged import clients_of, home_of
from worker.views import account_reading
from worker.views.account import PauseView

#: Accounts of which a card is shown; those with something wrong, and those with most to do, go first.
MOST_CARDS = 60
#: Accounts of which is found out what they will run out of.
_MOST_FORECAST = 20
#: Dead letters that are shown, and bytes of each: an overview is no list of thousands.
MOST_DEAD_LETTERS, _DEAD_LETTER_BYTES = 5, 500
_STEP_MS, _STEPS = 5 * 60_000, 72
#: Of how many seconds ago the figures may be: less than lie between two words of what has changed.
_FRESH = 0.4
#: Of how many seconds ago the plots, the dead letters, and the forecasts, may be.
_HOURS, _DEAD_LETTERS, _FORECASTS = Recent(5), Recent(5), Recent(20)


def _show(visit: Visit) -> Response:
    return visit.page("overview.html", **_values(visit))


def _part(visit: Visit) -> Response:
    return visit.part("overview_part.html", **_values(visit))


def _values(visit: Visit) -> dict[str, Any]:
    reading = visit.readings.now(_FRESH)
    accounts = [each for each in reading.accounts if visit.caller.may_use(each.name)]
    whole = not visit.caller.accounts
    of_people = halts.of_accounts(visit.client, [each.name for each in accounts if each.halted])
    pauses = {
        each.name: account_reading.summary(visit.client, each.name).pauses for each in accounts if each.pauses
    }
    accounts.sort(key=lambda each: (each.name not in {*of_people, *pauses}, -each.jobs, each.name))
    shown = accounts[:MOST_CARDS]
    reasons = visit.readings.reasons(reading)
    endpoints = standings(visit.client)[1] if whole else []
    stuck = (
        _DEAD_LETTERS.get(visit.client, lambda: _oldest(visit))
        if whole and any(reading.dead_letters.values())
        else []
    )
    return {
        "attention": list(
            attention.lines(reading, reasons, accounts, pauses, of_people, endpoints, stuck, whole=whole)
        ),
        "cards": _cards(visit, shown, pauses, of_people, reading.at),
        "left_out": len(accounts) - len(shown),
        "plots": plots(_hours(visit), _queued(reading)) if whole else (),
        "size": (WIDTH, HEIGHT),
    }


def _cards(
    visit: Visit,
    accounts: Sequence[AccountMeasures],
    pauses: Mapping[str, Mapping[str, PauseView]],
    of_people: Mapping[str, halts.Halt],
    now: int,
) -> list[Card]:
    busy = [each.name for each in accounts if sum(each.waiting.values())][:_MOST_FORECAST]
    runs_out = {each.name: _runs_out(visit, each) for each in accounts if each.name in busy}
    return [
        card(each, pauses.get(each.name, {}), of_people.get(each.name), runs_out.get(each.name, []), now)
        for each in accounts
    ]


def _queued(reading: Reading) -> int:
    """Return how many briefs stand in the inlets, which no worker has put on record yet."""
    return sum(length for queue, length in reading.queued.items() if queue != keys.STEPS)


def _hours(visit: Visit) -> Any:
    return _HOURS.get(visit.client, lambda: hours(visit.client, _STEP_MS, _STEPS))


def _runs_out(visit: Visit, account: AccountMeasures) -> list[RunsOut]:
    name, client = account.name, home_of(visit.client, account.name)
    return _FORECASTS.get(
        (visit.client, name), lambda: running_out(client, visit.settings, name, account.credits)
    )


def _oldest(visit: Visit) -> list[DeadLetter]:
    """Return the oldest dead letters of all shards."""
    found = [
        each
        for its in clients_of(visit.client)
        for each in dead_letters.oldest(its, MOST_DEAD_LETTERS, _DEAD_LETTER_BYTES)
    ]
    return sorted(found, key=lambda each: (each.at, each.id))[:MOST_DEAD_LETTERS]


def _act(visit: Visit) -> Response:
    """Let an account go on, or lift its pauses; run a dead letter again, or throw it away."""
    what = visit.form.one_of("what", ("unpause", "resume", "revive", "drop"))
    if what in ("revive", "drop"):
        try:
            _answer_dead_letter(visit, visit.form.text("dead_letter"), what)
        finally:
            _DEAD_LETTERS.forget(visit.client)
    else:
        _answer_account(visit, visit.form.text("account"), what)
    return visit.part("overview_part.html", **_values(visit)) if visit.is_part else visit.go_to("/")


def _answer_dead_letter(visit: Visit, name: str, what: str) -> None:
    """Raises PageError where there is none of this name, which somebody else may have answered."""
    found = None if visit.caller.accounts else dead_letters.shown_as(clients_of(visit.client), name)
    if found is not None:
        client, dead_letter = found
        # The words of the command line, which does the same.
        word, act = ("retry", dead_letters.revive) if what == "revive" else ("cancel", dead_letters.drop)
        recorded = actions.record(client, word, visit.by, visit.form.text("why"), dead_letter=name)
        if act(client, dead_letter):
            return
        recorded.not_done()
    raise not_found("message of this name that could not be run")


def _answer_account(visit: Visit, name: str, what: str) -> None:
    if not visit.caller.may_use(name) or name not in account_reading.names(visit.client):
        raise not_found("account of this name that you may use")
    client = home_of(visit.client, name)
    ledger = Ledger(client, visit.settings)
    if what == "unpause":
        halts.go_on(ledger, commands.Halted(name, None), visit.by, visit.form.text("why"))
    else:
        halts.resume(ledger, name, visit.by, visit.form.text("why"))


VIEWS = (
    View("/", _show, nav="Overview"),
    View("/overview/part", _part),
    View("/overview/act", _act, role=Role.OPERATOR, writes=True),
)
