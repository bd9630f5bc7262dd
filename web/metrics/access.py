"""Who may read figures and reasons: whoever has the token, and without one whoever is on this machine."""

import hmac
import ipaddress
from pathlib import Path

from starlette.requests import Request

from config import logs
from config.logs import Trouble

log = logs.get("web")

_unread = Trouble(log, "metrics.token_unread")


def may_read(request: Request, token_file: Path | None) -> bool:
    """Return whether a request may be told of accounts; the token's file is read anew each time."""
    if token_file is None:
        return _is_on_loopback(request)
    try:
        token = token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        _unread.met(file=str(token_file), error=str(error))
        return False
    given = request.headers.get("authorization", "").encode()
    return bool(token) and hmac.compare_digest(given, f"Bearer {token}".encode())


def _is_on_loopback(request: Request) -> bool:
    """Return whether a request came to an address of the loopback: from this machine, or its proxy."""
    server = request.scope.get("server")
    try:
        return server is not None and ipaddress.ip_address(server[0]).is_loopback
    except ValueError:
        return False
