"""Goes the way of a connection step by step, over what calls use, so that one can say where it ends.

With a proxy, name and connection are the proxy's: what is behind it, it looks up itself.
"""

import ssl
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpcore

from config import durations
from config.errors import IdentityWorkerError, NetworkSettingsError
from config.text import counted
from worker.network.destinations import any_of
from worker.network.proxies import Proxies, Proxy
from worker.network.timed_network import TimedBackend
from worker.network.tls import mend_of, tls, told, trusted
from worker.network.tunnels import tunnel

#: What httpcore raises of a connection that does not come about.
FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
_PORTS = {"http": 80, "https": 443}
_RIGHT_URL = "set PIKTID_API_URL right; where the way out is a proxy, name it in HTTPS_PROXY"


class Step(NamedTuple):
    """One step: its name, what came of it, and of the one at which the way ends what to do."""

    name: str
    said: str
    remedy: str | None = None


class EndedWayError(IdentityWorkerError):
    """Raised at the step at which the way ends; `step` says why."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.said)
        self.step = step


def to_api(url: str) -> Iterator[Step]:
    """Yield each step to the API, up to the first that can't be made; nothing is asked there."""
    try:
        yield from _to_api(urlsplit(url))
    except EndedWayError as error:
        yield error.step


def _to_api(url: SplitResult) -> Iterator[Step]:
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    try:
        proxy, context = Proxies().of(url.scheme, host, port), tls()
    except NetworkSettingsError as error:
        raise EndedWayError(
            Step("network", str(error), "correct it where the processes are started")
        ) from error
    remedy = _RIGHT_URL if proxy is None else f"correct {proxy.variable}, or start the proxy"
    addresses, named = name(*((host, port) if proxy is None else (proxy.host, proxy.port)), remedy)
    yield named
    stream, connected = connection(addresses, port if proxy is None else proxy.port, remedy)
    try:
        yield connected
        if proxy is not None:
            stream, opened = _through(stream, proxy, host, port)
            yield opened
        if url.scheme == "https":
            stream, encrypted = _encrypted(stream, context, host)
            yield encrypted
    finally:
        stream.close()


def name(host: str, port: int, remedy: str) -> tuple[list[str], Step]:
    """Look a host up; raises EndedWayError."""
    began = time.monotonic()
    try:
        addresses = any_of(host, port, durations.HTTP_CONNECT_SECONDS)
    except FAILURES as error:
        raise EndedWayError(Step("name", f"no address is found of {error}", remedy)) from error
    if addresses == [host]:
        return addresses, Step("name", f"{host} is an address")
    number = counted(len(addresses), "address", "addresses")
    return addresses, Step("name", f"{host} has {number}: {', '.join(addresses[:4])}, {_ms(began)}")


def connection(addresses: list[str], port: int, remedy: str) -> tuple[httpcore.NetworkStream, Step]:
    """Connect to the address that answers first; raises EndedWayError."""
    began, at = time.monotonic(), f"{_bracketed(addresses[0])}:{port}"
    backend = TimedBackend(lambda *_: addresses)
    try:
        stream = backend.connect_tcp(addresses[0], port, durations.HTTP_CONNECT_SECONDS)
    except FAILURES as error:
        all_of = "" if len(addresses) == 1 else f", nor any other of {len(addresses)} addresses"
        said = f"{at} does not take a connection{all_of}: {error or 'it is silent'}"
        raise EndedWayError(Step("connection", said, remedy)) from error
    return stream, Step("connection", f"{_bracketed(_peer(stream))}:{port} takes it, {_ms(began)}")


def encryption(
    stream: httpcore.NetworkStream, context: ssl.SSLContext, host: str
) -> tuple[httpcore.NetworkStream, Step]:
    """Go on encrypted; raises httpcore's errors, which `FAILURES` lists."""
    began = time.monotonic()
    encrypted = stream.start_tls(context, host, durations.HTTP_CONNECT_SECONDS)
    found = encrypted.get_extra_info("ssl_object")
    return encrypted, Step("TLS", f"{found.version()} with {host}, by {_signer(found)}, {_ms(began)}")


def no_encryption(host: str, error: Exception, remedy: str, whom: str = "") -> EndedWayError:
    """Return the error of a host that TLS is not spoken with; `whom`: as `worker.network.tls.told` has it."""
    is_late = isinstance(error, httpcore.TimeoutException)
    said = "it does not answer the handshake" if is_late else told(error, whom)
    return EndedWayError(Step("TLS", f"with {host}: {said}", remedy))


def _encrypted(
    stream: httpcore.NetworkStream, context: ssl.SSLContext, host: str
) -> tuple[httpcore.NetworkStream, Step]:
    try:
        encrypted, step = encryption(stream, context, host)
    except FAILURES as error:
        raise no_encryption(host, error, mend_of(error) or _RIGHT_URL) from error
    return encrypted, step._replace(said=f"{step.said}; trusted is {trusted()}")


def _through(
    stream: httpcore.NetworkStream, proxy: Proxy, host: str, port: int
) -> tuple[httpcore.NetworkStream, Step]:
    began = time.monotonic()
    try:
        opened = tunnel(stream, proxy, host, port, durations.HTTP_CONNECT_SECONDS)
    except FAILURES as error:
        remedy = f"set {proxy.variable} right, or have whoever runs the proxy look into its log"
        raise EndedWayError(Step("proxy", str(error), remedy)) from error
    return opened, Step("proxy", f"{proxy} connects to {host}:{port}, {_ms(began)}")


def _signer(found: Any) -> str:
    """Return who has signed a peer's certificate, by its organization or name."""
    names = {key: value for part in found.getpeercert().get("issuer", ()) for key, value in part}
    return str(names.get("organizationName") or names.get("commonName") or "nobody named")[:60]


def _peer(stream: httpcore.NetworkStream) -> str:
    return str(stream.get_extra_info("server_addr")[0])


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _ms(began: float) -> str:
    return f"{max(1, round((time.monotonic() - began) * 1000))} ms"
