"""Who may what: tokens, and the endpoints of webhooks; for admins alone."""

from typing import Any

from starlette.responses import Response

from config.times import format_time
from web.page.visiting.errors import not_found, wrong
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from worker.callers import tokens
from worker.callers.tokens import Caller, Role, TokenError
from worker.hooks.endpoints import endpoints
from worker.hooks.operating import Endpoints
from worker.hooks.standing import standings
from worker.operations import actions
from worker.shards.merged import clients_of


def _show(visit: Visit) -> Response:
    return visit.page("access.html", **_values(visit))


def _values(visit: Visit, made: str = "", name: str = "") -> dict[str, Any]:
    _check_all(visit)
    callers = [(each, format_time(each.made_at)) for each in tokens.listed(clients_of(visit.client)[0])]
    _, found = standings(visit.client)
    return {"callers": callers, "hooks": found, "roles": list(Role), "made": made, "name": name}


def _check_all(visit: Visit) -> None:
    """Raise PageError of an admin of some accounts: tokens and endpoints are of all."""
    if visit.caller.accounts:
        raise not_found("page of tokens for who may use some accounts alone")


def _token(visit: Visit) -> Response:
    """Make a token, which is shown this once, or revoke one."""
    _check_all(visit)
    form, first = visit.form, clients_of(visit.client)[0]
    name, why = form.text("name"), form.text("why") or None
    if form.text("what") == "revoke":
        actions.record(first, "token.revoke", visit.by, why, token=name)
        if not tokens.revoke(first, name):
            raise not_found("token of this name")
        return visit.go_to("/access")
    try:
        caller = Caller(name, Role(form.text("role")), tuple(form.text("accounts").split()), by=visit.by)
        made = tokens.make(first, caller)
    except (TokenError, ValueError) as error:
        raise wrong(str(error)) from None
    actions.record(first, "token.make", visit.by, why, token=name, role=caller.role)
    return visit.page("access.html", **_values(visit, made, name))


def _hook(visit: Visit) -> Response:
    """Pause an endpoint, let it go on, or remove it."""
    _check_all(visit)
    form = visit.form
    endpoint = endpoints(visit.client).get(form.text("name"))
    if endpoint is None:
        raise not_found("endpoint of this name")
    change = Endpoints(visit.client, visit.settings, visit.by, form.text("why") or None)
    act = {"pause": change.pause, "unpause": change.unpause, "remove": change.remove}.get(form.text("what"))
    if act is None:
        raise wrong("There is no such thing to do to an endpoint.")
    act(endpoint)
    return visit.go_to("/access")


VIEWS = (
    View("/access", _show, role=Role.ADMIN),
    View("/access/token", _token, role=Role.ADMIN, writes=True),
    View("/access/hook", _hook, role=Role.ADMIN, writes=True),
)
