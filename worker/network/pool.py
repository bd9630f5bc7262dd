"""The process's pool of connections to the API, and how long a call over it can take."""

import logging
import ssl
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore
import httpx

from config import durations
from worker.network.addresses import look_up
from worker.network.timed_network import TimedBackend


def longest_wait() -> float:
    """Return the seconds after which a request has begun to leave or never will: pool and connection."""
    return 2 * durations.HTTP_CONNECT_SECONDS


def longest_call(timeout: float) -> float:
    """Return the seconds after which a call of the API has ended for certain, by its read and write timeout.

    Its connection waits no longer (`worker/network/timed_network.py`), however slowly the peer goes on.
    """
    return longest_wait() + 4 * timeout


def open_pool(
    *,
    timeout_connect: float | None = None,
    timeout_read: float | None = None,
    timeout_write: float | None = None,
    timeout_pool: float | None = None,
    max_connections: int = 32,
    keepalive_expiry: float = 1.0,
) -> httpx.Client:
    """Return the process's connection pool, for all accounts and all threads; times are in seconds.

    An idle connection is kept for one second, less than servers keep theirs (2 s at the least, commonly), so
    a paid request is hardly ever written to a connection that is being closed, which would leave its outcome
    unknown. A new connection for each paid call would be no safer when a server restarts, and puts a TLS
    handshake between the last check of a claim and the call.

    No proxy, certificate file or password file named in the environment is used (trust_env): the token goes
    to the API's host, by no detour. Cookies are refused: the pool is shared, and one account's session must
    never be sent with another's token.
    """
    # At INFO, httpx logs every URL whole, and a draft's signed link is a right of access.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    timeout = httpx.Timeout(
        connect=timeout_connect or durations.HTTP_CONNECT_SECONDS,
        read=timeout_read or durations.HTTP_READ_SECONDS,
        write=timeout_write or durations.HTTP_READ_SECONDS,
        pool=timeout_pool or durations.HTTP_CONNECT_SECONDS,
    )
    limits = httpx.Limits(
        max_connections=max_connections,
        max_keepalive_connections=max_connections,
        keepalive_expiry=keepalive_expiry,
    )
    return httpx.Client(
        timeout=timeout,
        transport=_Transport(verify=tls(), limits=limits, trust_env=False),
        # Uncompressed: a small body that unfolds into gigabytes would be past any limit before it is counted.
        headers={"User-Agent": "identity-worker", "Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


@cache
def tls() -> ssl.SSLContext:
    """Return the process's TLS context: to make one takes 39 ms of processor and 700 KB."""
    return httpx.create_ssl_context(trust_env=False)


class _Transport(httpx.HTTPTransport):
    """HTTP over connections whose waits end with the call."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # httpx has no way to name it; its exact minor version is pinned, and a test waits for a deadline.
        self._pool._network_backend = TimedBackend(_addresses)


def _addresses(host: str, port: int, seconds: float) -> list[str]:
    try:
        return look_up(host, port, seconds)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"{host}: {error}") from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host}: {error}") from error
