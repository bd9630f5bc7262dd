"""Has a proxy connect to a host (RFC 9110, 9.3.6, CONNECT): what is said then, it can't read.

Every failure is a ConnectError or a ConnectTimeout: nothing of the request has left yet, so a paid call may
be made again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import httpcore

from worker.network.proxies import Proxy
from worker.network.tls import tls, told

_AGENT = (b"User-Agent", b"identity-worker")


def tunnel(
    plain: httpcore.NetworkStream, proxy: Proxy, host: str, port: int, seconds: float | None
) -> httpcore.NetworkStream:
    """Return a connection to a host over one to the proxy, whose waits have so many seconds each.

    Raises httpcore's errors of connecting: nothing was sent to the host.
    """
    with _errors(proxy):
        stream = plain.start_tls(tls(), proxy.host, seconds) if proxy.scheme == "https" else plain
        connection = httpcore.HTTP11Connection(_origin(proxy), stream)
        answer = connection.handle_request(_connect(proxy, host, port, seconds))
        if 200 <= answer.status < 300:
            opened: httpcore.NetworkStream = answer.extensions["network_stream"]
            return opened
        connection.close()
    raise httpcore.ConnectError(_refusal(proxy, _place(host, port), answer.status))


async def tunnel_async(
    plain: httpcore.AsyncNetworkStream, proxy: Proxy, host: str, port: int, seconds: float | None
) -> httpcore.AsyncNetworkStream:
    """Return what `tunnel` does, for asyncio."""
    with _errors(proxy):
        stream = await plain.start_tls(tls(), proxy.host, seconds) if proxy.scheme == "https" else plain
        connection = httpcore.AsyncHTTP11Connection(_origin(proxy), stream)
        answer = await connection.handle_async_request(_connect(proxy, host, port, seconds))
        if 200 <= answer.status < 300:
            opened: httpcore.AsyncNetworkStream = answer.extensions["network_stream"]
            return opened
        await connection.aclose()
    raise httpcore.ConnectError(_refusal(proxy, _place(host, port), answer.status))


@contextmanager
def reaching(proxy: Proxy) -> Iterator[None]:
    """Raise an error of connecting as one that says that the proxy is not reached."""
    try:
        yield
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        what = f"the proxy {proxy} is not reached: {told(error)}: see {proxy.variable}"
        raise type(error)(what) from error


@contextmanager
def _errors(proxy: Proxy) -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise httpcore.ConnectTimeout(f"the proxy {proxy} does not answer: see {proxy.variable}") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        what = f"the proxy {proxy} does not act as one: {told(error) or type(error).__name__}"
        raise httpcore.ConnectError(f"{what}: see {proxy.variable}") from error


def _origin(proxy: Proxy) -> httpcore.Origin:
    return httpcore.Origin(proxy.scheme.encode(), proxy.host.encode(), proxy.port)


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _connect(proxy: Proxy, host: str, port: int, seconds: float | None) -> httpcore.Request:
    place = _place(host, port).encode()
    headers = [(b"Host", place), _AGENT]
    if proxy.authorization is not None:
        headers.append((b"Proxy-Authorization", proxy.authorization))
    at = httpcore.URL(scheme=proxy.scheme.encode(), host=proxy.host.encode(), port=proxy.port, target=place)
    timeout = dict.fromkeys(("read", "write"), seconds)
    return httpcore.Request("CONNECT", at, headers=headers, extensions={"timeout": timeout})


def _refusal(proxy: Proxy, place: str, status: int) -> str:
    """Return in words, with what to do, why a proxy does not connect to a place."""
    if status == 407 or (status == 401 and proxy.authorization is not None):  # so answers tinyproxy
        wrong = "asks for a user and a password" if proxy.authorization is None else "refuses the password"
        shape = f"{proxy.scheme}://USER:PASSWORD@{str(proxy).partition('://')[2]}"
        return f"the proxy {proxy} {wrong} ({status}): set {proxy.variable} to {shape}"
    if status >= 500:
        return f"the proxy {proxy} does not reach {place} ({status})"
    return f"the proxy {proxy} refuses {place} ({status}): have it allowed there, or write it into NO_PROXY"
