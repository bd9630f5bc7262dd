"""Who visits the page: by a session, by the proxy that signs people in, or anybody on this machine who reads.

A refusal is the same everywhere: 401 where nobody knows the visitor, 403 where the visitor is known and may
not.
"""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from http import HTTPStatus

import redis
from starlette.requests import Request

from config.settings import Settings
from web.page.visiting.errors import PageError, forbidden
from web.v1.access import LOCAL_NAMES, NOBODY, host_of, is_local
from worker.callers import sessions, tokens
from worker.callers.tokens import Caller, Role

#: The cookie; under https it has the name that browsers take from this very host alone.
COOKIE, SECURE_COOKIE = "identity-worker", "__Host-identity-worker"


@dataclass(frozen=True)
class Visitor:
    """Who asks, and how that is known."""

    caller: Caller
    how: str
    """`session`, `proxy` or `loopback`."""

    @property
    def by(self) -> str:
        """Who it is, for the log of actions."""
        return f"{self.caller.name} by the page"


def visitor_of(request: Request, client: "redis.Redis", settings: Settings) -> Visitor:
    """Return who visits. Raises PageError 401 and 403, redis.RedisError."""
    header = settings.page_user_header
    if header and header in request.headers:
        return Visitor(_let_in(_of_proxy(request, client, settings)), "proxy")
    caller = sessions.find(client, cookie_of(request))
    if caller is not None:
        return Visitor(_let_in(caller), "session")
    if is_local(request) and not tokens.any_made(client):
        return Visitor(NOBODY, "loopback")
    raise PageError(HTTPStatus.UNAUTHORIZED, "Sign in to see this.")


def check_host(request: Request, settings: Settings) -> None:
    """Raise PageError 403 of a request under a name that is not the page's (DNS rebinding)."""
    name = host_of(request)
    known = {each.strip().lower() for each in settings.page_hosts.split(",")} - {""}
    if name not in (*LOCAL_NAMES, *known) and not _is_address(name):
        raise forbidden(
            f"This page does not go by the name {name[:80]!r}.",
            "If it should, name it in IDENTITY_WORKER_PAGE_HOSTS.",
        )


def check_origin(request: Request) -> None:
    """Raise PageError 403 of a form that another site has sent."""
    origin = request.headers.get("origin", "").partition("://")[2]
    if not origin or origin != request.headers.get("host", ""):
        raise forbidden("This form was sent by another page.", "Open this page itself and send it there.")


def is_secure(request: Request) -> bool:
    """Return whether the browser speaks https, with us or with a proxy.

    Anybody may say so: whoever lies gets a cookie that their own browser does not send.
    """
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))


def cookie_of(request: Request) -> str:
    """Return the value of a visitor's cookie, "" where there is none."""
    return request.cookies.get(SECURE_COOKIE if is_secure(request) else COOKIE, "")


def form_token(cookie: str) -> str:
    """Return what the forms of a cookie's owner carry: other people's pages can't know it."""
    return hmac.new(cookie.encode(), b"a form of the page", hashlib.sha256).hexdigest()


def _of_proxy(request: Request, client: "redis.Redis", settings: Settings) -> Caller:
    if request.client is None or request.client.host != settings.page_proxy:
        told = f"{settings.page_user_header} counts only from IDENTITY_WORKER_PAGE_PROXY."
        raise forbidden(told, "Come by that proxy, or without this header.")
    name = request.headers[settings.page_user_header]
    caller = tokens.named(client, name)
    if caller is None:
        do = "`identity-worker token NAME --role viewer` on the command line gives one."
        raise forbidden(f"{name[:80]} has no role here.", do)
    return caller


def _let_in(caller: Caller) -> Caller:
    if not caller.may(Role.VIEWER):
        do = "`identity-worker token NAME --role viewer` makes one for a person."
        raise forbidden(f"The token of {caller.name} is for programs.", do)
    return caller


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
