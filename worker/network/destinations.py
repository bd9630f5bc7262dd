"""What a connection is made to: a host's addresses, or behind a proxy its name; raises httpcore's errors.

Behind a proxy it is the proxy that looks a name up, by its own servers and in its own network.
"""

from collections.abc import Callable

import httpcore

from worker.network.addresses import look_up, resolve
from worker.network.errors import FileRefusedError, FileUnavailableError

#: What httpcore raises of a connection and its peer, which has no class in common.
CONNECTION_ERRORS = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)
#: Seconds after which the next address of a host is tried beside one that does not answer (RFC 8305, 5).
NEXT_ADDRESS = 0.25

#: What to connect to for a host and a port, found within so many seconds.
Resolve = Callable[[str, int, float], list[str]]


def any_of(host: str, port: int, seconds: float) -> list[str]:
    """Return a host's addresses. Raises httpcore.ConnectError and ConnectTimeout."""
    try:
        return look_up(host, port, seconds)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"{host}: {error}") from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host}: {error}") from error


def public_of(host: str, port: int, seconds: float) -> list[str]:
    """Return a host's addresses. Raises httpcore.ConnectError, also where any of them is not public."""
    try:
        return resolve(host, port, seconds, private=False)
    except (FileRefusedError, FileUnavailableError) as error:
        raise httpcore.ConnectError(str(error)) from error


def by_name(host: str, *_: object) -> list[str]:
    """Return the name itself, for a proxy."""
    return [host]


def public_by_name(host: str, port: int, seconds: float) -> list[str]:
    """Return the name itself, for a proxy, unless it is known here to be inside a private network.

    For links of the API alone, which has no reason to lead us astray: a machine behind a proxy may know
    nobody's address, and proxies often take names only.
    """
    try:
        resolve(host, port, seconds, private=False)
    except FileUnavailableError:
        return [host]
    except FileRefusedError as error:
        raise httpcore.ConnectError(str(error)) from error
    return [host]
