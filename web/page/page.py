"""The page's routes: who visits, what is refused, and the headers that keep browsers from doing more."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

import redis
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config import logs
from config.logs import Trouble
from config.settings import Settings
from web.metrics.readings import Readings
from web.page import signing_in
from web.page.static_files import StaticFiles
from web.page.updates import Updates
from web.page.views import access, accounts, brief, briefs, gallery, log_of_actions, orders, overview
from web.page.visiting import forms
from web.page.visiting.errors import PageError, forbidden, forbidden_to
from web.page.visiting.view import View
from web.page.visiting.visit import Visit
from web.page.visiting.visitors import check_host, check_origin, cookie_of, form_token, visitor_of
from worker.callers import sessions
from worker.shards.merged import clients_of
from worker.store.remedies import remedy

log = logs.get("web")

VIEWS: tuple[View, ...] = (
    *overview.VIEWS,
    *briefs.VIEWS,
    *brief.VIEWS,
    *gallery.VIEWS,
    *accounts.VIEWS,
    *log_of_actions.VIEWS,
    *access.VIEWS,
    *orders.VIEWS,
    *signing_in.VIEWS,
)
_NAV = tuple((view.path, view.nav) for view in VIEWS if view.nav)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Page:
    """Shows what is on record to people, and does what they say."""

    def __init__(
        self, settings: Settings, client: "redis.Redis", readings: Readings, carry_on: Callable[[], None]
    ) -> None:
        """`carry_on` is called when an order is left to be carried out."""
        self._settings, self._client, self._readings = settings, client, readings
        self._carry_on = carry_on
        self._updates = Updates(client)
        self._static = StaticFiles()
        self._headers = {**_HEADERS, "Content-Security-Policy": _policy(settings)}
        self._trouble = Trouble(log, "page.redis_refused")

    @property
    def routes(self) -> list[Route]:
        """Return what is answered."""
        return [
            *(Route(view.path, self._answering(view), methods=[_method(view)]) for view in VIEWS),
            Route("/page/updates", self._tell, methods=["GET"]),
            Route("/page/static/{name}", self._static.answer, methods=["GET"]),
        ]

    async def close(self) -> None:
        """End what tells open pages."""
        await self._updates.close()

    def _answering(self, view: View) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            cookie = cookie_of(request) or sessions.new_cookie()
            visit = self._visit(request, form_token(cookie))
            try:
                if view.writes:
                    visit = replace(visit, form=await forms.read(request))
                answered = await run_in_threadpool(self._act, view, visit)
            except PageError as error:
                answered = visit.failed(error)
            if cookie != cookie_of(request) and "set-cookie" not in answered.headers:
                signing_in.keep(visit, answered, cookie)
            answered.headers.update(self._headers)
            return answered

        return answer

    def _visit(self, request: Request, csrf: str = "") -> Visit:
        return Visit(request, None, self._client, self._settings, self._readings, self._carry_on, _NAV, csrf)

    def _act(self, view: View, visit: Visit) -> Response:
        try:
            check_host(visit.request, self._settings)
            if view.writes:
                check_origin(visit.request)
                _check_form(visit)
            visit = self._known(visit, view)
            return view.act(visit)
        except PageError as error:
            if error.status == HTTPStatus.UNAUTHORIZED and not visit.is_part and not view.writes:
                return signing_in.ask(visit)
            return visit.failed(error)
        except redis.RedisError as error:
            self._trouble.met(error=str(error))
            told = PageError(HTTPStatus.SERVICE_UNAVAILABLE, f"Redis: {error}", f"{remedy(error)}.")
            return visit.failed(told)

    def _known(self, visit: Visit, view: View) -> Visit:
        """Return a visit with who makes it. Raises PageError of who may not."""
        try:
            visitor = visitor_of(visit.request, clients_of(visit.client)[0], self._settings)
        except PageError:
            if view.role is None:
                return visit
            raise
        if view.role is not None and not visitor.caller.may(view.role):
            raise forbidden_to(visitor.caller, view.role)
        return replace(visit, visitor=visitor)

    async def _tell(self, request: Request) -> Response:
        visit = self._visit(request)
        told = View(request.url.path, lambda _: Response())
        checked = await run_in_threadpool(self._act, told, visit)
        if checked.status_code != HTTPStatus.OK:
            checked.headers.update(self._headers)
            return checked
        return self._updates.stream()


def _method(view: View) -> str:
    return "POST" if view.writes else "GET"


def _check_form(visit: Visit) -> None:
    """Raise PageError 403 for a form that does not come from a page shown to this visitor (CSRF)."""
    given = visit.form.text("csrf") or visit.request.headers.get("x-csrf-token", "")
    if not cookie_of(visit.request) or given != visit.csrf:
        raise forbidden("This form is not of your visit, or too old.", "Load the page and send it anew.")


def _policy(settings: Settings) -> str:
    """Return the content security policy: a browser may load the page's own files, and drafts' pictures."""
    api = urlsplit(settings.api_url)
    # The API's pictures come by https; those of a sandbox from this machine.
    sandbox = f" {api.scheme}://{api.netloc}" if api.scheme == "http" else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:{sandbox}; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
