"""Who may use the control: programs of this machine, and no page that a browser on it has opened.

A page from elsewhere can send requests here, and by a name of its own that leads to this machine (DNS
rebinding) it can read the answers as well. The first names its origin, the second the host it was opened by.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Scope


def guarded(app: ASGIApp, scope: Scope) -> ASGIApp:
    """Return the application for a request of the control, or what refuses it."""
    headers = Headers(scope=scope)
    host, origin = headers.get("host", ""), headers.get("origin")
    if not _is_this_machine(host):
        return _refusal(f"The control answers to localhost and 127.0.0.1, not to {host[:100]!r}.")
    if origin is not None and urlsplit(origin).netloc != host:
        return _refusal(f"The control takes no requests of a page from {origin[:100]!r}.")
    return app


def _refusal(why: str) -> JSONResponse:
    return JSONResponse({"error": why}, status_code=403)


def _is_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
