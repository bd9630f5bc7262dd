"""Signing in by pasting a token, and out."""

from http import HTTPStatus

from starlette.responses import Response

from web.page.visiting.view import View
from web.page.visiting.visit import Visit, own_path
from web.page.visiting.visitors import COOKIE, SECURE_COOKIE, cookie_of, is_secure
from worker.callers import sessions, tokens
from worker.callers.tokens import Role
from worker.shards.merged import clients_of

PATH = "/page/sign-in"
_WRONG = "This token was never made, or is revoked."
_FOR_PROGRAMS = (
    "This token is for programs: `identity-worker token NAME --role viewer` makes one for a person."
)


def show(visit: Visit) -> Response:
    """Show the form."""
    return visit.page("sign_in.html", then=own_path(visit.request.query_params.get("then", "/")), wrong="")


def ask(visit: Visit) -> Response:
    """Show the form to an unknown visitor, who is then led on to the address that was asked for."""
    path = visit.request.url.path
    then = own_path(f"{path}?{visit.request.url.query}" if visit.request.url.query else path)
    return visit.page("sign_in.html", HTTPStatus.UNAUTHORIZED, then=then, wrong="")


def _sign_in(visit: Visit) -> Response:
    first = clients_of(visit.client)[0]
    then, token = own_path(visit.form.text("then")), visit.form.text("token")
    caller = tokens.find(first, token)
    if caller is None or not caller.may(Role.VIEWER):
        told = _WRONG if caller is None else _FOR_PROGRAMS
        return visit.page("sign_in.html", HTTPStatus.FORBIDDEN, then=then, wrong=told)
    # An earlier cookie may have been made by somebody else: signing in gives one that nobody has seen.
    cookie = sessions.begin(first, token)
    sessions.end(first, cookie_of(visit.request))
    answer = visit.go_to(then)
    if cookie is not None:
        keep(visit, answer, cookie)
    return answer


def _sign_out(visit: Visit) -> Response:
    sessions.end(clients_of(visit.client)[0], cookie_of(visit.request))
    answer = visit.go_to("/")
    keep(visit, answer, sessions.new_cookie())
    return answer


def keep(visit: Visit, answer: Response, cookie: str) -> None:
    """Give the visitor a cookie."""
    secure = is_secure(visit.request)
    name = SECURE_COOKIE if secure else COOKIE
    lasts = sessions.LASTS_MS // 1000
    answer.set_cookie(name, cookie, max_age=lasts, httponly=True, samesite="strict", secure=secure)


VIEWS = (
    View(PATH, show, role=None),
    View(PATH, _sign_in, role=None, writes=True),
    View("/page/sign-out", _sign_out, role=None, writes=True),
)
