"""Decides which URLs may be called: https, or http to this machine; at the real API, by real clocks only."""

import ipaddress
from collections.abc import Mapping
from typing import Any

#: The domain of the real API (guide, *Submitting a creation job*).
_VENDOR = "piktid.com"
_PORTS = range(1, 65_536)


def is_safe(url: str) -> bool:
    """Whether a URL is https, or http to this machine, and names no user."""
    # Not at the top: every command reads the settings, and few call anybody.
    import httpx

    try:
        parsed = httpx.URL(url)
        host = parsed.host
    except (httpx.InvalidURL, ValueError):  # the latter of a host that is no international name
        return False
    if parsed.userinfo or not host or (parsed.port is not None and parsed.port not in _PORTS):
        return False
    return parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(host))


def is_base(url: str) -> bool:
    """Whether a URL is safe and paths can be put behind it."""
    return is_safe(url) and "?" not in url and "#" not in url


def is_loopback(url: str) -> bool:
    """Whether a safe URL leads to this machine."""
    import httpx

    return _is_loopback(httpx.URL(url).host)


def is_real_api(url: str) -> bool:
    """Whether a safe URL leads to the real API: to a host of its vendor."""
    import httpx

    host = httpx.URL(url).host.removesuffix(".")
    return host == _VENDOR or host.endswith(f".{_VENDOR}")


def check_speed(speed: float, values: Mapping[str, Any]) -> float:
    """Return `speed`; raises ValueError where it would shorten the real API's windows and break its caps.

    `values` are the settings before it. That the API's URL is wrong is told of the URL.
    """
    url = values.get("api_url")
    if speed > 1 and url is not None and is_real_api(url):
        raise ValueError("above 1 only with a sandbox: unset it, or name a sandbox in PIKTID_API_URL")
    return speed


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
