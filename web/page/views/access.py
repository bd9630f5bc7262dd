"""Who may what: tokens, and the endpoints of webhooks; for admins alone."""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from config.times import format_time
from web.page.visiting.errors import PageError, not_found, wrong
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from worker.callers import tokens
from worker.callers.tokens import HIGHEST, Caller, Role, TokenError
from worker.hooks import describing
from worker.hooks.describing import HookFieldError, Said
from worker.hooks.endpoints import endpoints
from worker.hooks.keeping import KeptSecretError
from worker.hooks.operating import EndpointError, Endpoints
from worker.hooks.signing import HookSecretError
from worker.hooks.standing import standings
from worker.operations import actions
from worker.shards.merged import clients_of
from worker.store.folders import FolderError


def _show(visit: Visit) -> Response:
    return visit.page("access.html", **_values(visit))


def _values(visit: Visit, made: str | None = None, whose: str = "") -> dict[str, Any]:
    """Return what is shown; `made` is a token or a secret that is told this once, None: none was made."""
    _check_all(visit)
    callers = [(each, format_time(each.made_at)) for each in tokens.listed(clients_of(visit.client)[0])]
    _, found = standings(visit.client)
    return {
        "callers": callers,
        "hooks": found,
        "roles": list(Role),
        "highest": HIGHEST,
        "made": made,
        "whose": whose,
    }


def _check_all(visit: Visit) -> None:
    """Raise PageError of an admin of some accounts: tokens and endpoints are of all."""
    if visit.caller.accounts:
        raise not_found("page of tokens for who may use some accounts alone")


def _token(visit: Visit) -> Response:
    """Make a token, which is shown this once, or revoke one."""
    _check_all(visit)
    form, first = visit.form, clients_of(visit.client)[0]
    name, why = form.text("name"), form.text("why") or None
    if form.one_of("what", ("make", "revoke")) == "revoke":
        actions.record(first, "token.revoke", visit.by, why, token=name)
        if not tokens.revoke(first, name):
            raise not_found("token of this name")
        return visit.go_to("/access")
    try:
        role, accounts = Role(form.one_of("role", Role)), form.words("accounts")
        priority = form.whole("priority", -HIGHEST, HIGHEST) if form.text("priority") else HIGHEST
        caller = Caller(name, role, accounts, priority, form.number("credits_a_day"), by=visit.by)
        made = tokens.make(first, caller)
    except TokenError as error:
        raise wrong(f"{error}.") from None
    actions.record(first, "token.make", visit.by, why, token=name, role=caller.role)
    return visit.page("access.html", **_values(visit, made, f"The token of {name}"))


def _hook(visit: Visit) -> Response:
    """Add an endpoint, whose secret is shown this once; or pause one, let it go on, remove it."""
    _check_all(visit)
    form = visit.form
    change = Endpoints(visit.client, visit.settings, visit.by, form.text("why") or None)
    acts = {"pause": change.pause, "unpause": change.unpause, "remove": change.remove}
    what = form.one_of("what", ("add", *acts))
    if what == "add":
        return _add_hook(visit, change)
    endpoint = endpoints(visit.client).get(form.text("name"))
    if endpoint is None:
        raise not_found("endpoint of this name")
    acts[what](endpoint)
    return visit.go_to("/access")


def _add_hook(visit: Visit, change: Endpoints) -> Response:
    form = visit.form
    types, accounts, batches = form.words("types"), form.words("accounts"), form.lines("batches")
    said = Said(form.text("url"), form.text("name") or None, types, batches, accounts)
    try:
        endpoint = describing.described(said, visit.settings)
        made = change.add(endpoint)
    except HookFieldError as error:
        # The value of a URL may hold a password, and is not told again.
        value = "" if error.value is None else f" '{error.value}'"
        raise wrong(f"{error.field}{value}: {error.rule}.") from None
    except (EndpointError, HookSecretError, KeptSecretError, FolderError, OSError) as error:
        raise PageError(HTTPStatus.CONFLICT, f"{error}.") from error
    return visit.page("access.html", **_values(visit, made, f"The secret of the endpoint {endpoint.name}"))


VIEWS = (
    View("/access", _show, role=Role.ADMIN),
    # What is shown once is shown at these addresses, and whoever asks for them again sees it no more.
    View("/access/token", lambda visit: visit.go_to("/access"), role=Role.ADMIN),
    View("/access/hook", lambda visit: visit.go_to("/access"), role=Role.ADMIN),
    View("/access/token", _token, role=Role.ADMIN, writes=True),
    View("/access/hook", _hook, role=Role.ADMIN, writes=True),
)
