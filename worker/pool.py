"""The connections to the API: one pool for the process, and how long a call over it can take."""

import logging
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

#: Seconds to wait for a connection, and for a free one of the pool.
CONNECT_SECONDS = 5.0


def longest_wait() -> float:
    """Return the seconds after which a request has begun to leave or never will: pool and connection."""
    return 2 * CONNECT_SECONDS


def longest_call(timeout: float) -> float:
    """Return the seconds after which a call of the API has ended for certain, by its read and write timeout.

    The wait, request, status, and the body, whose last part may come one timeout after its deadline.
    """
    return longest_wait() + 4 * timeout


def open_pool(
    *,
    timeout_connect: float | None = None,
    timeout_read: float = 30.0,
    timeout_write: float = 30.0,
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
    connect, pool = timeout_connect or CONNECT_SECONDS, timeout_pool or CONNECT_SECONDS
    return httpx.Client(
        timeout=httpx.Timeout(connect=connect, read=timeout_read, write=timeout_write, pool=pool),
        limits=httpx.Limits(
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_expiry,
        ),
        # Uncompressed: a small body that unfolds into gigabytes would be past any limit before it is counted.
        headers={"User-Agent": "identity-worker", "Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )
