"""Decides which URLs may be called: https, or http to this machine."""

import ipaddress


def is_safe(url: str) -> bool:
    """Whether a URL is https, or http to this machine, and names no user."""
    # Not at the top: every command reads the settings, and few call anybody.
    import httpx

    try:
        parsed = httpx.URL(url)
        host = parsed.host
    except (httpx.InvalidURL, ValueError):  # the latter of a host that is no international name
        return False
    if parsed.userinfo or not host:
        return False
    return parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(host))


def is_loopback(url: str) -> bool:
    """Whether a safe URL leads to this machine."""
    import httpx

    return _is_loopback(httpx.URL(url).host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
