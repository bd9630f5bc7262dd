"""Fetches a picture from a URL that a brief named, which may be anybody's and may be an attack.

The address is checked where the connection is made, and is the one that the connection is made to: a client
that resolved the name once more could be given another one in between (DNS rebinding). TLS asks for the name.
A proxy would resolve it once more, so it is told the address.
"""

import httpcore
import httpx

from config import durations
from config.errors import NetworkSettingsError
from worker.network.addresses import resolve
from worker.network.destinations import Resolve, by_name
from worker.network.errors import FileRefusedError, FileUnavailableError
from worker.network.proxies import Proxies
from worker.network.timed_network import TimedBackend, within
from worker.network.tls import tls, told
from worker.piktid.transport import packings

#: Redirects that are followed, each checked like the first URL.
MAX_REDIRECTS = 3
#: Statuses after which a later try may succeed, as after those from 500 on.
_PASSING = (408, 425, 429)
_REDIRECTS = (301, 302, 303, 307, 308)


def fetch(url: str, *, max_bytes: int, private: bool = False, seconds: float | None = None) -> bytes:
    """Return what a URL holds, within so many seconds; `private` allows http and private addresses.

    Raises FileRefusedError for what may not be fetched or is larger than `max_bytes`, FileUnavailableError
    for what may succeed later.
    """
    target = _parsed(url)

    def addresses(host: str, port: int, seconds: float) -> list[str]:
        return resolve(host, port, seconds, private=private)

    with within(durations.FETCH_SECONDS if seconds is None else seconds):
        for _ in range(MAX_REDIRECTS + 1):
            _check(target, private=private)
            try:
                with _pool(target, addresses, private=private) as pool:
                    found = _get(pool, target, max_bytes)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                raise FileUnavailableError(f"{target.host}: {told(error)}") from error
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
                raise FileUnavailableError(f"{target.host}: {type(error).__name__}") from error
            if isinstance(found, bytes):
                return found
            target = found
    raise FileRefusedError(f"{target.host}: more than {MAX_REDIRECTS} redirects")


def _pool(url: httpx.URL, addresses: Resolve, *, private: bool) -> httpcore.ConnectionPool:
    try:
        proxy = Proxies().of(url.scheme, url.host, url.port)
    except NetworkSettingsError as error:
        raise FileUnavailableError(f"{url.host}: {error}") from error
    target = addresses if proxy is None or not private else by_name
    return httpcore.ConnectionPool(ssl_context=tls(), network_backend=TimedBackend(target, proxy))


def _get(pool: httpcore.ConnectionPool, url: httpx.URL, max_bytes: int) -> bytes | httpx.URL:
    """Return the body, or where a redirect leads."""
    at = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    headers = [("Host", url.netloc), ("Accept", b"image/*"), ("Accept-Encoding", b"identity")]
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), durations.FETCH_WAIT_SECONDS)
    with pool.stream("GET", at, headers=headers, extensions={"timeout": timeout}) as response:
        if response.status in _REDIRECTS:
            return _parsed(httpx.Headers(response.headers).get("location", ""), base=url)
        _check_status(url, response.status)
        if packings(httpx.Headers(response.headers)):
            raise FileRefusedError(f"{url.host} answers packed, though it was asked not to")
        # As it came: unpacked, it could be a thousand times as much.
        content = bytearray()
        for part in response.iter_stream():
            content += part
            if len(content) > max_bytes:
                raise FileRefusedError(f"{url.host}: the file is larger than {max_bytes} bytes")
        return bytes(content)


def _check(url: httpx.URL, *, private: bool) -> None:
    if url.scheme != "https" and not (private and url.scheme == "http"):
        raise FileRefusedError("a picture's URL must be https")
    if url.userinfo:
        raise FileRefusedError("a picture's URL must not hold a user's name or password")
    if not url.host:
        raise FileRefusedError("a picture's URL must name a host")


def _check_status(url: httpx.URL, status: int) -> None:
    if status >= 500 or status in _PASSING:
        raise FileUnavailableError(f"{url.host} answered {status}")
    if status != httpx.codes.OK:
        raise FileRefusedError(f"{url.host} answered {status}")


def _parsed(text: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        return httpx.URL(text) if base is None else base.join(text)
    except httpx.InvalidURL as error:
        raise FileRefusedError("a picture's URL is no URL") from error
