"""Who may call: the owner of a token; or, as long as no token exists, readers on this machine."""

import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

import redis
from starlette.requests import Request

from web.description.operation import Need
from web.v1.problems import ProblemError
from worker.callers import tokens
from worker.callers.tokens import Caller, Role

#: The caller that stands for readers on this machine who have no token.
NOBODY = Caller("nobody", Role.VIEWER)
#: The names under which a server is called on its own machine. A page of somebody else's whose name leads
#: here has another one (DNS rebinding), and its browser says so.
LOCAL_NAMES = ("localhost", "localhost.localdomain")
_BEARER = "bearer "


def caller_of(request: Request, client: "redis.Redis") -> Caller:
    """Return who calls. Raises ProblemError 401 where nobody known does, and redis.RedisError."""
    given = request.headers.get("authorization", "")
    if given[: len(_BEARER)].lower() == _BEARER:
        caller = tokens.find(client, given[len(_BEARER) :].strip())
        if caller is None:
            raise _unauthorized("this token was never made, or is revoked")
        return caller
    if is_local(request) and not tokens.any_made(client):
        return NOBODY
    raise _unauthorized("send a token as `Authorization: Bearer`; `identity-worker token NAME` makes one")


def check_may(caller: Caller, need: Need) -> None:
    """Raise ProblemError 403 of whoever may not do what needs so much, 401 where no token was sent."""
    if need is Need.WRITE and not caller.writes:
        role = Role.OPERATOR
    elif need is Need.ADMIN and not caller.may(Role.ADMIN):
        role = Role.ADMIN
    else:
        return
    if caller is NOBODY:
        which = " --role admin" if role is Role.ADMIN else ""
        raise _unauthorized(
            f"no token was sent: `identity-worker token NAME{which}` makes one, to be sent as "
            "`Authorization: Bearer`"
        )
    how = f"`identity-worker token NAME --role {role}` makes a token that may"
    raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", f"{caller.name} has the role {caller.role}; {how}")


def _unauthorized(detail: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"}
    )


def is_local(request: Request) -> bool:
    """Return whether a request came by the loopback address, for a local host name, and not by a proxy."""
    server, name = request.scope.get("server"), host_of(request)
    if any(header in request.headers for header in ("forwarded", "x-forwarded-for")):
        return False
    return server is not None and _is_loopback(server[0]) and (name in LOCAL_NAMES or _is_loopback(name))


def host_of(request: Request) -> str:
    """Return the name or address under which a request came, "" where it says none that can be read."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
